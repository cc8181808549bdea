insert into batch_run_history (id, batch_run_id, batch_job, environment, app, started_at, status,
    import_id)
select distinct on (id) id, batch_run_id, :batch_job, environment, '', started_at, status, import_id
from reported_runs
-- In one order for all: senders that report the same runs at once would else deadlock.
order by id, started_at
on conflict do nothing
returning id
