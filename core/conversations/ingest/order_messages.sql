update messages set position = ordered.place
from (
    select id, row_number() over (partition by conversation_id
        order by created_at, sequence, id) - 1 as place
    from messages where conversation_id = any(:ids)
) as ordered
-- Only those that move, as Postgres writes a new version of each row that is updated.
where ordered.id = messages.id and messages.position <> ordered.place
