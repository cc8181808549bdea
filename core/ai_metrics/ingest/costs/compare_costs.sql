-- Requests whose cost, or the price behind it, is another by `staged_rates` than the one that is stored; what senders reported stays.
-- As Rate.cost has it, in numeric: the largest counts and prices together are more than a bigint holds.
insert into repriced_requests
select request.id, request.created_at, request.provider, request.model, environment, app, status,
    request.cost_usd,
    priced.cost, rate.price_id, priced.cost_source,
    release, prompt_name, prompt_version, prompt_label, experiment_key, experiment_arm, error_type,
        tool_calls
from ai_request_metrics as request
left join staged_rates as rate on (rate.provider, rate.model) = (request.provider, request.model)
    and request.created_at >= rate.valid_from and (rate.valid_until is null
        or request.created_at < rate.valid_until)
    and (request.input_tokens is not null or request.output_tokens is not null),
lateral (select
    -- Rates are pico-dollars a token and costs 0.00000001 USD. 5000 rounds to the nearest one.
    -- The most is what the column holds, numeric(14, 8).
    case when rate.price_id is not null then least(99999999999999, div(5000
        + rate.input
            * greatest(0, coalesce(input_tokens, 0)::numeric - coalesce(cached_tokens,
                0) - coalesce(cache_write_tokens, 0))
        + coalesce(output_tokens, 0) * rate.output
        + coalesce(cached_tokens, 0) * rate.cached_input
        + coalesce(cache_write_tokens, 0) * rate.cache_write, 10000)) * 0.00000001 end as cost,
    case when rate.price_id is null then 'unpriced' else 'price_table' end as cost_source) as priced
where request.created_at >= :start and request.created_at < :end
    and request.cost_source <> 'reported' and (cast(:model as text) is null
        or request.model = :model)
    and (request.cost_usd, request.price_id, request.cost_source)
        is distinct from (priced.cost, rate.price_id, priced.cost_source)
