update messages set position = ordered.place
from (
    select id, row_number() over (partition by conversation_id
        order by created_at, sequence, id) - 1 as place
    from messages where conversation_id = any(:ids)
) as ordered
where ordered.id = messages.id and messages.position <> ordered.place
