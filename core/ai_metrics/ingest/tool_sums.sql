-- What the calls of tools in some requests, `fresh_requests`, add to the half hours.
select at, environment, app, tool, calls, errors, durations, duration_ms,
    (select histogram_of(array_agg(bucket), array_agg(times))
        from (select bucket, count(*)::int as times from unnest(buckets) as bucket
            group by bucket) as counted) as duration_histogram
from (
    select at, environment, app, tool, count(*) as calls, count(*)
        filter (where is_error) as errors, count(duration) as durations,
        coalesce(sum(duration), 0) as duration_ms, array_agg(latency_bucket(duration))
            filter (where duration is not null) as buckets
    from (
        select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at,
            environment, app,
            coalesce(left(call ->> 'name', 200), '') as tool, call ? 'error' as is_error,
            -- Senders write anything there, and casting what is no number would fail the whole
            -- batch. At most 24 hours count.
            case when call ->> 'duration_ms' ~ '^-?[0-9]{1,9}$' then
                least((call ->> 'duration_ms')::int, 86400000) end as duration
        from fresh_requests, lateral jsonb_array_elements(tool_calls) as call
            where tool_calls is not null
    ) as calls group by at, environment, app, tool
) as sums
