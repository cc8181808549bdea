-- All figures of requests; or `metrics` of them, on days that have figures, for the others get theirs when they have ended.
with counted as (
    select at, environment, provider, model, status, requests, unpriced, input_tokens,
        output_tokens, total_tokens, cost_nano,
        latency_histogram, first_token_histogram from ai_request_rollups where grain = 'day'
            -- Without the row over all models, which would count each request twice.
            and (provider, model) <> ('*', '*')
    union all select at, environment, provider, model, status, requests, unpriced, input_tokens,
        output_tokens, total_tokens, cost_nano,
        latency_histogram, first_token_histogram from ai_request_deltas
),
summed as (
    select (at at time zone :zone)::date as date, environment, provider, model,
        sum(requests) as requests,
        coalesce(sum(requests) filter (where status = 'error'), 0) as errors,
        coalesce(sum(requests) filter (where status = 'pending'), 0) as pending,
        sum(unpriced) as unpriced, sum(input_tokens) as input_tokens,
            sum(output_tokens) as output_tokens,
        sum(total_tokens) as total_tokens, sum(cost_nano) / 1000000000 as cost,
        histogram_quantiles(histogram_sum(latency_histogram), array[0.5, 0.95, 0.99]) as latency,
        histogram_quantiles(histogram_sum(first_token_histogram), array[0.5, 0.95,
            0.99]) as first_token
    from counted where at >= :since and at < :until group by grouping sets ((1, 2, 3, 4), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
-- At most what the column holds: a sender's wrong counts must not stop the figures of all days.
select date, name, least(value, 999999999999), jsonb_strip_nulls(jsonb_build_object('environment',
    environment, 'provider', provider, 'model', model))
from summed,
    lateral (values ('requests', requests), ('errors', errors), ('pending', pending),
        ('unpriced_requests', unpriced),
    ('input_tokens', input_tokens), ('output_tokens', output_tokens),
        ('total_tokens', total_tokens), ('cost_usd', cost),
    ('latency_p50_ms', latency[1]::numeric), ('latency_p95_ms', latency[2]::numeric),
        ('latency_p99_ms', latency[3]::numeric),
    ('first_token_p50_ms', first_token[1]::numeric),
        ('first_token_p95_ms', first_token[2]::numeric),
    ('first_token_p99_ms', first_token[3]::numeric)) as each (name, value)
where value is not null and (cast(:metrics as text[]) is null or name = any(:metrics) and exists (
    select from daily_metrics as written where (written.date, metric_type, dimensions)
        = (summed.date, 'users_active', jsonb_build_object('environment',
            cast(:environment as text)))
))
on conflict (date, metric_type, dimensions) do update set metric_value = excluded.metric_value
