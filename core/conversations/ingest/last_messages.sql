select conversation_id, role, sha256(convert_to(btrim(content, e' \t\n\r\f\v'), 'UTF8'))
from (
    select conversation_id, role, content, position,
        row_number() over (partition by conversation_id order by position desc) as from_end
    from messages where conversation_id = any(:ids) and role <> 'system'
) as said
where from_end <= :most
order by conversation_id, position
