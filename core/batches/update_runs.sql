-- Any report is a sign of life, also one that is older than what is known.
update batch_run_history as run set heard_at = now(), told = learned.told::jsonb,
    status = learned.status,
    batch_job = learned.batch_job, triggered_by = learned.triggered_by,
        environment = learned.environment, app = learned.app,
    error_summary = learned.error_summary, started_at = learned.started_at,
        completed_at = learned.completed_at,
    total_jobs = learned.total_jobs, completed_jobs = learned.completed_jobs,
        failed_jobs = learned.failed_jobs,
    error_is_object = learned.error_is_object,
    phase_order = learned.phase_order, phase_durations = learned.phase_durations::jsonb,
    attributes = learned.attributes::jsonb
from learned_runs as learned
where learned.id = run.id
