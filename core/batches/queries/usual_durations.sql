-- The median duration of the last completed runs of a job before each run, if there are enough of them.
select run.id, usual
from batch_run_history as run
cross join lateral (
    select percentile_disc(0.5) within group (order by took) as usual
    from (
        select completed_at - started_at as took
        from batch_run_history as good
        where (batch_job, environment, app) = (run.batch_job, run.environment, run.app)
            and status = 'completed' and completed_at is not null
                and good.started_at < run.started_at
        order by started_at desc limit :last
    ) as last
    having count(*) >= :fewest
) as known
where run.id = any(:ids)
