insert into conversations (id, external_id, source, environment, app, release, import_id,
    created_at, last_message_at)
select distinct on (id) id, external_id, source, environment, '', '', import_id, created_at,
    created_at
from json_to_recordset(cast(:rows as json)) as sent (
    id uuid, external_id text, source text, environment text, import_id uuid, created_at timestamptz
)
-- In one order for all: senders that report the same ones at once would else deadlock.
order by id, created_at
on conflict (id) do nothing
returning id, told, (select external_id from users
    where users.id = user_id), session_type, title, status, context,
    environment, app, release
