select (min(at) at time zone :zone)::date from (
    select min(at) from event_rollups union all select min(at) from event_deltas
    union all select min(at) from ai_request_rollups union all select min(at) from ai_request_deltas
    union all select min(started_at) from batch_run_history where not is_internal
    union all select min(day)::timestamp at time zone :zone from user_days
    union all select min(date)::timestamp at time zone :zone from daily_metrics
        where metric_type = any(:kept)
) as each (at)
