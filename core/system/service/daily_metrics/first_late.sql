-- The first ended day whose rollups count more events or AI requests than its figures: rows came late.
with counted as (
    select at, 'events' as metric, events as rows from event_rollups where grain = 'day'
    union all select at, 'events', events from event_deltas
    union all select at, 'requests', requests from ai_request_rollups where grain = 'day'
        -- The row over all models would count each request twice.
        and (provider, model) <> ('*', '*')
    union all select at, 'requests', requests from ai_request_deltas
),
by_day as (
    select (at at time zone :zone)::date as date, metric, sum(rows) as rows from counted group by 1, 2
),
written as (
    select date, metric_type as metric, sum(metric_value) as rows from daily_metrics
    where metric_type in ('events', 'requests') and dimensions - 'environment' = '{}' group by 1, 2
)
select min(date) from by_day left join written using (date, metric)
where date < :end and by_day.rows > coalesce(written.rows, 0)
