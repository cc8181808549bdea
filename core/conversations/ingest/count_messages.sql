update conversations set message_count = coalesce(messages, 0), total_tokens = tokens,
    total_cost_usd = cost_usd, models = coalesce(named, '{}'),
    prompt_versions = coalesce(prompts, '{}'), experiment_arms = coalesce(arms, '{}'),
        last_message_at = coalesce(last_at, created_at)
from unnest(cast(:ids as uuid[])) as touched (id)
left join (
    select conversation_id, count(*) as messages,
        -- Each message has what its column holds; their sum may be more than that of the
        -- conversation holds.
        case when count(tokens) > 0 then least(sum(tokens), 2147483647) end as tokens,
        case when count(cost_usd) > 0 then least(sum(cost_usd), 999999) end as cost_usd, max(created_at) as last_at,
        coalesce(array_agg(distinct model order by model)
            filter (where model is not null), '{}') as named,
        array_agg(distinct prompt_title(prompt_name, prompt_version, prompt_label)) filter (where
            prompt_title(prompt_name, prompt_version, prompt_label) is not null) as prompts,
        array_agg(distinct arm_title(experiment_key, experiment_arm)) filter (where
            arm_title(experiment_key, experiment_arm) is not null) as arms
    from messages where conversation_id = any(:ids) group by conversation_id
) as counted on counted.conversation_id = touched.id
where touched.id = conversations.id
