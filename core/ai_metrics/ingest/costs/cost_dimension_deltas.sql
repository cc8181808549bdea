-- The same by dimension.
insert into ai_dimension_deltas (at, environment, app, dimension, value, provider, model, status,
    requests, unpriced, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
    reasoning_tokens, total_tokens, cost_nano, latencies, latency_ms, first_tokens, first_token_ms, priced, cost_squares)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at, environment,
    app, dimension, value, provider, model, status,
    0, count(*) filter (where cost is null) - count(*) filter (where was is null), 0, 0, 0, 0, 0, 0,
    (coalesce(sum(cost), 0) - coalesce(sum(was), 0)) * 1000000000, 0, 0, 0, 0,
    count(cost) - count(was),
    (coalesce(sum(cost * cost), 0) - coalesce(sum(was * was), 0)) * 1000000000 * 1000000000
from repriced_requests, lateral request_dimensions(release, prompt_name, prompt_version,
    prompt_label, experiment_key, experiment_arm, error_type, tool_calls)
group by 1, 2, 3, 4, 5, 6, 7, 8
having coalesce(sum(cost), 0) <> coalesce(sum(was), 0) or count(cost) <> count(was)
    or coalesce(sum(cost * cost), 0) <> coalesce(sum(was * was), 0)
