-- Add to the half hours what changed.
insert into ai_request_deltas (at, environment, app, provider, model, status, requests, unpriced,
    input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, total_tokens, cost_nano, latencies,
        latency_ms, first_tokens,
    first_token_ms, priced, cost_squares)
select date_bin('30 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') as at, environment,
    app, provider, model, status,
    0, count(*) filter (where cost is null) - count(*) filter (where was is null), 0, 0, 0, 0, 0, 0,
    (coalesce(sum(cost), 0) - coalesce(sum(was), 0)) * 1000000000, 0, 0, 0, 0,
    count(cost) - count(was),
    (coalesce(sum(cost * cost), 0) - coalesce(sum(was * was), 0)) * 1000000000 * 1000000000
from repriced_requests group by 1, 2, 3, 4, 5, 6
-- Where only the price behind a cost is another, sums stay as they are.
having coalesce(sum(cost), 0) <> coalesce(sum(was), 0) or count(cost) <> count(was)
    or coalesce(sum(cost * cost), 0) <> coalesce(sum(was * was), 0)
