"""Jobs that failed, of procrastinate's tables; those that succeed are deleted at once."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# A job whose worker was killed is put back without having failed: only its retry tells
LAST_FAILURE = text("""
select max(event.at) from procrastinate_events event
join procrastinate_jobs job on job.id = event.job_id
where job.task_name = :task and event.type in ('failed', 'deferred_for_retry')
    and event.at >= :since
""")


def last_failure(session: Session, task: str, *, since: datetime) -> datetime | None:
    """Return when a job of a task last failed, or was given up with its worker, since a time."""
    failed_at: datetime | None = session.scalar(LAST_FAILURE, {"task": task, "since": since})
    return failed_at
