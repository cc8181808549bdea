-- As copied_events.sql.
create temporary table copied_requests on commit drop as
select created_at, user_id, provider, model, environment, app, status, input_tokens, output_tokens,
    cached_tokens,
    cache_write_tokens, reasoning_tokens, total_tokens, first_token_ms, total_latency_ms, cost_usd,
        release, prompt_name, prompt_version, prompt_label, experiment_key, experiment_arm,
        error_type, tool_calls
from public.ai_request_metrics;
create index on copied_requests (created_at);
analyze copied_requests
