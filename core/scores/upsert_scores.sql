insert into message_scores as present (id, external_id, subject_kind, subject_id, conversation_id,
    message_name, user_id, name, value, label, source, comment, evaluator, evaluator_version,
    cost_usd, environment, app, release, attributes, import_id, created_at)
select distinct on (id) id, external_id, subject_kind, subject_id, conversation_id,
    message_name, user_id, name, value, label, source, comment, evaluator, evaluator_version,
    cost_usd, environment, app, release, attributes::jsonb, import_id, created_at
from staged_scores
order by id, created_at desc
on conflict (id) do update set external_id = excluded.external_id,
    subject_kind = excluded.subject_kind, subject_id = excluded.subject_id,
    conversation_id = excluded.conversation_id, message_name = excluded.message_name,
    user_id = excluded.user_id, name = excluded.name,
    value = excluded.value, label = excluded.label, source = excluded.source,
    comment = excluded.comment, evaluator = excluded.evaluator,
    evaluator_version = excluded.evaluator_version, cost_usd = excluded.cost_usd,
    environment = excluded.environment, app = excluded.app, release = excluded.release,
    attributes = excluded.attributes, import_id = excluded.import_id,
    created_at = excluded.created_at, requests_due_at = now(),
    -- What was noted is of the requests of the former subject.
    request_versions = case when excluded.subject_id = present.subject_id
        then present.request_versions end,
    request_arms = case when excluded.subject_id = present.subject_id
        then present.request_arms end
where excluded.created_at > present.created_at
