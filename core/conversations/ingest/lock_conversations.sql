select id, told, (select external_id from users
    where users.id = user_id), session_type, title, status, context,
    environment, app, release
from conversations
where id = any(:ids)
order by id
for update
