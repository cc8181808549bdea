-- A day on which nothing happened says so.
insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day::date, name, 0, jsonb_build_object('environment', cast(:environment as text))
from generate_series(cast(:first as date), cast(:end as date) - 1, interval '1 day') as day,
    unnest(array['events', 'event_errors', 'users_active', 'users_new', 'requests', 'errors',
        'total_tokens', 'cost_usd']) as name
on conflict do nothing
