-- The dimensions that an AI request is also rolled up by, with its values; of a tool once, however often it was called. A value too
-- long for the key of a rollup counts as one of the others: ''.
create function request_dimensions(release text, prompt_name text, prompt_version text,
    prompt_label text, experiment_key text, experiment_arm text, error_type text, tool_calls jsonb)
returns table (dimension text, value text) language sql immutable parallel safe as $$
    select each.dimension, case when length(each.value) <= 200 then each.value else '' end
    from (
        select * from unnest(
            array['release', 'prompt_version', 'experiment_arm', 'error_type'],
            array[$1, prompt_title($2, $3, $4), arm_title($5, $6), $7])
        union all
        select distinct 'tool', call ->> 'name' from jsonb_array_elements($8) as call
        where jsonb_typeof(call -> 'name') = 'string'
    ) as each (dimension, value)
    where each.value <> '' $$;
