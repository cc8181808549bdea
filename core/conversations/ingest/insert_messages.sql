-- Messages of conversations that are new: none need be looked for.
insert into messages (id, conversation_id, external_id, position, sequence, role, content, model,
    tool_calls, tokens, cost_usd,
    latency_ms, first_token_ms, error, prompt_name, prompt_version, prompt_label, experiment_key,
    experiment_arm, metadata, created_at, import_id)
select id, conversation_id, external_id,
    row_number() over (partition by conversation_id
        order by created_at, sequence, id) - 1 as position,
    sequence, role, coalesce(content, ''), model, tool_calls::jsonb, tokens, cost_usd, latency_ms, first_token_ms,
        error, prompt_name, prompt_version, prompt_label, experiment_key, experiment_arm,
    metadata::jsonb,
    created_at, import_id
from staged_messages
order by conversation_id, id
