select id, told, status, batch_job, triggered_by, environment, app, error_summary, started_at,
    completed_at, total_jobs,
    completed_jobs, failed_jobs, error_is_object, phase_order, phase_durations, attributes
from batch_run_history
where id = any(:ids)
order by id
for update
