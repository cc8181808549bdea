insert into ai_admin_annotations (id, message_id, conversation_id, admin_user_id, author_name,
    annotation_type, content, suggested_response, severity, tags, status, environment, app, model,
    provider, prompt_version, experiment_arm, user_id, message_role, message_at, import_id,
    created_at, updated_at)
-- Of several staged rows with the same ID, the latest is stored
select distinct on (id) id, message_id, conversation_id, admin_user_id, author_name,
    annotation_type, content, suggested_response, severity, tags, status, environment, app, model,
    provider, prompt_version, experiment_arm, user_id, message_role, message_at, import_id,
    created_at, created_at
from staged_annotations
order by id, created_at desc
on conflict (id) do nothing
