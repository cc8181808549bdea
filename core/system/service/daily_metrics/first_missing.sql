-- The first day of the zone without figures; what is missing begins where the data does.
with since as (
    select min(at) as at from (
        select min(at) from event_rollups union all select min(at) from event_deltas
        union all select min(at) from ai_request_rollups union all select min(at)
            from ai_request_deltas
        union all select min(started_at) from batch_run_history where not is_internal
    ) as each (at)
)
select min(day)::date from since, generate_series((at at time zone :zone)::date,
    cast(:end as date) - 1, interval '1 day') as day
where not exists (select from daily_metrics where (date, metric_type, dimensions)
    = (day::date, 'users_active', jsonb_build_object('environment', cast(:environment as text))))
