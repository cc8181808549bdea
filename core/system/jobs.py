"""Maintenance jobs."""

from typing import Any
from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from core.database.db import transaction
from core.identity import failures, sign_in
from core.imports import service as imports
from core.imports.schemas import Touched
from core.jobs import outbox, queue
from core.system import daily as daily_job
from core.system import queries, repricing, search, service
from core.system import zone as zones


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="system.heartbeat", queueing_lock="system.heartbeat")
def heartbeat(timestamp: int) -> None:
    """Show that the queue takes jobs and the worker does them."""
    with transaction() as session:
        service.beat(session, queries.WORKER)


@queue.app.periodic(cron="17 * * * *")
@queue.app.task(name="system.forget_failed_sign_ins", queueing_lock="system.forget_failed_sign_ins")
def forget_failed_sign_ins(timestamp: int) -> None:
    """Remove counts of failed sign-ins that no brake looks at any more, and their rows in the audit log after 90 days."""
    with transaction() as session:
        sign_in.forget_old(session)
        failures.forget_old(session)


@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="system.retry_stalled", queueing_lock="system.retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Give jobs back whose worker was killed; a job of ours may run again without harm."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # another with its queueing lock waits already, and will do the same
            if job.id is not None:
                await manager.finish_job_by_id_async(job.id, Status.ABORTED, delete_job=True)


@queue.app.periodic(cron=f"0 {daily_job.HOUR} * * *")
@queue.app.task(
    name=daily_job.TASK,
    queueing_lock=daily_job.TASK,
    pass_context=True,
    retry=RetryStrategy(max_attempts=4, wait=120, linear_wait=300),
)
def daily(context: JobContext, timestamp: int, triggered_by: str = "schedule") -> None:
    """Write the figures of days that have ended, make partitions ahead, apply retention."""
    daily_job.run(f"{daily_job.JOB}-{context.job.id}", triggered_by=triggered_by)


@queue.app.periodic(cron="*/15 * * * *")
@queue.app.task(name="system.catch_up", queueing_lock="system.catch_up")
def catch_up(timestamp: int) -> None:
    """Have the daily job done that nobody was there for at its hour."""
    with transaction() as session:
        if daily_job.is_due(session):
            daily_job.defer(session, triggered_by="catching up")


@queue.app.task(name=repricing.TASK, retry=RetryStrategy(max_attempts=4, wait=30, linear_wait=60))
def reprice(run: str) -> None:
    """Compute the costs of AI requests anew, or find out what would change."""
    repricing.work(run)


@outbox.handles(imports.TOUCHED)
def note_touched(payload: dict[str, Any]) -> None:
    """Have the figures of days written anew that an import or its undo has changed."""
    with transaction() as session:
        queue.defer(session, daily_job.AGAIN, touched=payload)


@queue.app.task(name=daily_job.AGAIN, retry=RetryStrategy(max_attempts=4, wait=30, linear_wait=120))
def write_again(touched: dict[str, Any]) -> None:
    """Write the figures of past days anew."""
    daily_job.write_again(Touched.model_validate(touched))


@queue.app.task(name=search.TASK, retry=RetryStrategy(max_attempts=10, wait=10, linear_wait=30))
def search_again(table: str, behind: str | None) -> None:
    """Renew the search of rows that were stored before it found words which punctuation joins."""
    search.search_again(table, UUID(behind) if behind is not None else None)


@queue.app.task(name=zones.TASK, retry=RetryStrategy(max_attempts=5, wait=30))
def rebuild_days(zone: str) -> None:
    """Make the days of rollups and users those of the new reporting time zone."""
    zones.rebuild_days(zone)
