-- Of several states of a rating, the newest holds; it has one time, that of its last change.
insert into ai_feedback as present (id, external_id, message_id, conversation_id, user_id, rating,
    scale, edited_text, comment,
    environment, app, attributes, import_id, created_at)
select distinct on (id) id, external_id, message_id, conversation_id, user_id, rating, scale,
    edited_text, comment,
    environment, app, attributes::jsonb, import_id, created_at
from staged_feedback
order by id, created_at desc
on conflict (id) do update set external_id = excluded.external_id, message_id = excluded.message_id,
    conversation_id = excluded.conversation_id, user_id = excluded.user_id,
        rating = excluded.rating, scale = excluded.scale,
    edited_text = excluded.edited_text, comment = excluded.comment,
        environment = excluded.environment, app = excluded.app,
    attributes = excluded.attributes, import_id = excluded.import_id,
        created_at = excluded.created_at
where excluded.created_at > present.created_at
-- A subquery reads the state before this statement
returning conversation_id,
    (select old.conversation_id from ai_feedback as old where old.id = present.id) as left_id
