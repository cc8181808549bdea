with counted as (
    select at, environment, event_type, events, errors from event_rollups where grain = 'day'
    union all select at, environment, event_type, events, errors from event_deltas
),
summed as (
    select (at at time zone :zone)::date as date, environment, event_type, sum(events) as events,
        sum(case when is_error(null, event_type) then events else errors end) as errors
    from counted where at >= :since and at < :until group by grouping sets ((1, 2, 3), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_strip_nulls(jsonb_build_object('environment', environment,
    'event_type', event_type))
from summed, lateral (values ('events', events), ('event_errors', errors)) as each (name, value)
