-- Besides the fields, what a conversation knows of its messages; users were active on the days of all messages.
with changed as (
    update conversations set user_id = coalesce(learned.user_id, conversations.user_id),
        session_type = learned.session_type,
        title = learned.title, status = learned.status, context = learned.context,
            environment = learned.environment,
        app = learned.app, release = learned.release, told = learned.told,
            message_count = coalesce(messages, 0),
        total_tokens = tokens, total_cost_usd = cost_usd,
            models = coalesce(named, '{}'),
    prompt_versions = coalesce(prompts, '{}'), experiment_arms = coalesce(arms, '{}'),
        created_at = least(conversations.created_at, began),
        last_message_at = coalesce(last_at, least(conversations.created_at, began))
    from json_to_recordset(cast(:rows as json)) as learned (
        id uuid, began timestamptz, user_id uuid, user_name text, session_type text, title text,
            status text, context jsonb,
        environment text, app text, release text, told jsonb
    )
    left join (
        select conversation_id, count(*) as messages,
            case when count(tokens) > 0 then least(sum(tokens), 2147483647) end as tokens,
            case when count(cost_usd) > 0 then least(sum(cost_usd), 999999) end as cost_usd, max(created_at) as last_at,
            coalesce(array_agg(distinct model order by model)
                filter (where model is not null), '{}') as named,
            array_agg(distinct prompt_title(prompt_name, prompt_version, prompt_label)) filter (where
                prompt_title(prompt_name, prompt_version, prompt_label) is not null) as prompts,
            array_agg(distinct arm_title(experiment_key, experiment_arm)) filter (where
                arm_title(experiment_key, experiment_arm) is not null) as arms
        from messages where conversation_id = any(:ids) group by conversation_id
    ) as counted on counted.conversation_id = learned.id
    where learned.id = conversations.id
    returning conversations.id, learned.user_id, user_name, conversations.environment,
        conversations.app, conversations.release, conversations.created_at
)
-- Of each quarter of an hour, in which no day of any time zone begins, the first time and the last are enough.
insert into staged_speakers
select distinct spoken.at, user_id, user_name, environment, app, release
from changed cross join lateral (
    select unnest(array[min(said.at), max(said.at)]) as at
    from (select created_at from messages where conversation_id = changed.id
        union all select changed.created_at) as said (at)
    group by date_bin('15 minutes', said.at, timestamptz '2000-01-01 00:00:00+00')
) as spoken
where user_id is not null
