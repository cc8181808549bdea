-- What a message says nothing of is left as it is; the earliest time holds, and the latest place as sent.
with placed as (
    select staged.*,
        present.last + row_number() over (partition by conversation_id
            order by created_at, sequence, staged.id) as position
    from staged_messages as staged
    join (
        select id, coalesce((select max(position) from messages
            where conversation_id = c.id), -1) as last
        from (select distinct conversation_id as id from staged_messages) as c
        -- Else it is looked up for each message instead of each conversation
        offset 0
    ) as present on present.id = conversation_id
)
insert into messages as present (id, conversation_id, external_id, position, sequence, role,
    content, model, tool_calls, tokens,
    cost_usd, latency_ms, first_token_ms, error, prompt_name, prompt_version, prompt_label,
    experiment_key, experiment_arm, metadata, created_at, import_id)
select id, conversation_id, external_id, position, sequence, role,
    -- Not in the update: there a text that was left out looks like an empty one
    coalesce(content, (select content from messages as known where known.id = placed.id), ''),
    model, tool_calls::jsonb, tokens,
    cost_usd, latency_ms, first_token_ms, error, prompt_name, prompt_version, prompt_label,
    experiment_key, experiment_arm, metadata::jsonb, created_at, import_id
from placed
order by conversation_id, id
on conflict (id) do update set role = excluded.role, content = excluded.content,
    model = coalesce(excluded.model, present.model),
        tool_calls = coalesce(excluded.tool_calls, present.tool_calls),
    tokens = coalesce(excluded.tokens, present.tokens),
        cost_usd = coalesce(excluded.cost_usd, present.cost_usd),
    latency_ms = coalesce(excluded.latency_ms, present.latency_ms),
    first_token_ms = coalesce(excluded.first_token_ms, present.first_token_ms),
    error = coalesce(excluded.error, present.error),
    prompt_name = case when num_nonnulls(excluded.prompt_name, excluded.prompt_version,
        excluded.prompt_label) > 0 then excluded.prompt_name
        else present.prompt_name end,
    prompt_version = case when num_nonnulls(excluded.prompt_name, excluded.prompt_version,
        excluded.prompt_label) > 0 then excluded.prompt_version
        else present.prompt_version end,
    prompt_label = case when num_nonnulls(excluded.prompt_name, excluded.prompt_version,
        excluded.prompt_label) > 0 then excluded.prompt_label
        else present.prompt_label end,
    experiment_key = case when num_nonnulls(excluded.experiment_key,
        excluded.experiment_arm) > 0 then excluded.experiment_key
        else present.experiment_key end,
    experiment_arm = case when num_nonnulls(excluded.experiment_key,
        excluded.experiment_arm) > 0 then excluded.experiment_arm
        else present.experiment_arm end,
    -- Together at most as much as a row may have (MAX_ROW_BYTES), else the newest alone
    metadata = case when pg_column_size(present.metadata || excluded.metadata) > 1048576
        then excluded.metadata else present.metadata || excluded.metadata end,
    import_id = excluded.import_id, created_at = least(present.created_at, excluded.created_at),
    sequence = greatest(present.sequence, excluded.sequence)
where (present.role, present.content) is distinct from (excluded.role, excluded.content)
    or excluded.model is not null and excluded.model is distinct from present.model
    or excluded.tool_calls is not null and excluded.tool_calls is distinct from present.tool_calls
    or excluded.tokens is not null and excluded.tokens is distinct from present.tokens
    or excluded.cost_usd is not null and excluded.cost_usd is distinct from present.cost_usd
    or excluded.latency_ms is not null and excluded.latency_ms is distinct from present.latency_ms
    or excluded.first_token_ms is not null and excluded.first_token_ms is distinct
        from present.first_token_ms
    or excluded.error is not null and excluded.error is distinct from present.error
    or num_nonnulls(excluded.prompt_name, excluded.prompt_version,
        excluded.prompt_label) > 0 and (excluded.prompt_name, excluded.prompt_version,
        excluded.prompt_label) is distinct from (present.prompt_name, present.prompt_version,
        present.prompt_label)
    or num_nonnulls(excluded.experiment_key, excluded.experiment_arm) > 0
        and (excluded.experiment_key, excluded.experiment_arm) is distinct
        from (present.experiment_key, present.experiment_arm)
    -- Not `@>`: it takes ["a"] for a part of ["a", "b"], and keeps what has become shorter
    or (present.metadata || excluded.metadata) is distinct from present.metadata
    or excluded.created_at < present.created_at or excluded.sequence > present.sequence
returning conversation_id, external_id
