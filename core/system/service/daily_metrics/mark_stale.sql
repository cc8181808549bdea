insert into daily_metrics (date, metric_type, metric_value, dimensions)
select day, :mark, 1, jsonb_build_object('environment', cast(:environment as text))
    from unnest(cast(:days as date[])) as day
on conflict do nothing
