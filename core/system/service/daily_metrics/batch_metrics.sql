with counted as (
    select (started_at at time zone :zone)::date as date, environment, batch_job, count(*) as runs,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where status in ('failed', 'partial', 'lost')) as failed
    from batch_run_history where started_at >= :since and started_at < :until and not is_internal
    group by grouping sets ((1, 2, 3), (1, 2))
)
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select date, name, value, jsonb_strip_nulls(jsonb_build_object('environment', environment,
    'batch_job', batch_job))
from counted, lateral (values ('batch_runs', runs), ('batch_completed', completed),
    ('batch_failed', failed),
    ('batch_success', completed::numeric / nullif(completed + failed, 0))) as each (name, value)
where value is not null and date <> all(:kept_of_batches)
