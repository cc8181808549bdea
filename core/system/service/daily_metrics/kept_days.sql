-- The days whose figures stay, because rows that they were counted of have gone, and they can never be computed again.
select distinct date from daily_metrics
where date >= :first and date < least(cast(:end as date), cast(:whole as date))
    and metric_type = any(:metrics)
