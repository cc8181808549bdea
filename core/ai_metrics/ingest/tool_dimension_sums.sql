-- What the calls of tools in some requests, `fresh_requests`, add to the half hours: in all requests, and by each dimension that a
-- request has a value of.
select at, environment, app, dimension, value, status, tool, provider, model, calls, errors,
    durations, duration_ms,
    (select histogram_of(array_agg(bucket), array_agg(times))
        from (select bucket, count(*)::int as times from unnest(buckets) as bucket
            group by bucket) as counted) as duration_histogram
from (
    select at, environment, app, dimension, value, status, tool, provider, model,
        sum(calls)::bigint as calls, sum(errors)::bigint as errors,
        count(duration) as durations, coalesce(sum(duration), 0) as duration_ms,
        array_agg(latency_bucket(duration)) filter (where duration is not null) as buckets
    from (
        select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at,
            environment, app, status, provider, model, dimension, value,
            coalesce(left(call ->> 'name', 200), '') as tool, 1 as calls,
            (call ? 'error')::int as errors,
            -- As in tool_sums.sql
            case when call ->> 'duration_ms' ~ '^-?[0-9]{1,9}$' then
                least((call ->> 'duration_ms')::int, 86400000) end as duration
        from fresh_requests
        cross join lateral (
            select 'all' as dimension, '' as value
            union all
            select * from request_dimensions(release, prompt_name, prompt_version, prompt_label,
                experiment_key, experiment_arm, error_type, tool_calls)
        ) as named
        cross join lateral jsonb_array_elements(tool_calls) as called (call)
        where tool_calls is not null
    ) as calls group by at, environment, app, dimension, value, status, tool, provider, model
) as sums
