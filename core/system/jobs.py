"""Maintenance jobs."""

from typing import Any
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from core.activity.service import apply_funnel
from core.database.db import transaction
from core.identity.service import sign_in_failures, sign_in_limits
from core.imports.parsed import RowKind
from core.imports.schemas import TouchedRows
from core.imports.service import imports
from core.jobs import outbox, queue
from core.scores import service as scores
from core.system import queries
from core.system.service import daily_job, reprice_runs, search_vectors
from core.system.service import heartbeat as heartbeats
from core.system.service import reporting_time_zone as zones

FAILED_JOBS_KEPT_H = 30 * 24


# With the lock one job waits at most, where one a minute would while no worker runs
@queue.app.periodic(cron="* * * * *")
@queue.app.task(name="system.heartbeat", queueing_lock="system.heartbeat")
def heartbeat(timestamp: int) -> None:
    """Record that the queue delivers jobs and the worker runs them."""
    with transaction() as session:
        heartbeats.beat(session, queries.WORKER)


@queue.app.periodic(cron="17 * * * *")
@queue.app.task(name="system.forget_failed_sign_ins", queueing_lock="system.forget_failed_sign_ins")
def forget_failed_sign_ins(timestamp: int) -> None:
    """Delete counts of failed sign-ins that no limit uses, and their audit rows after 90 days."""
    with transaction() as session:
        sign_in_limits.delete_old(session)
        sign_in_failures.delete_old(session)


@queue.app.periodic(cron="* * * * *")
@queue.app.task(
    name="system.retry_stalled", queueing_lock="system.retry_stalled", pass_context=True
)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Retry jobs whose worker was killed; all of Attune's jobs can be repeated."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)


@queue.app.periodic(cron="23 2 * * *")
@queue.app.task(
    name="system.delete_failed_jobs", queueing_lock="system.delete_failed_jobs", pass_context=True
)
async def delete_failed_jobs(context: JobContext, timestamp: int) -> None:
    """Delete jobs that failed for good a month ago; those that succeed are deleted at once."""
    await context.app.job_manager.delete_old_jobs(
        FAILED_JOBS_KEPT_H, include_failed=True, include_aborted=True
    )


@queue.app.periodic(cron=f"0 {daily_job.HOUR} * * *")
@queue.app.task(
    name=daily_job.TASK,
    queueing_lock=daily_job.TASK,
    pass_context=True,
    retry=RetryStrategy(max_attempts=4, wait=120, linear_wait=300),
)
def daily(context: JobContext, timestamp: int, triggered_by: str = "schedule") -> None:
    """Write the figures of ended days, create partitions ahead, apply retention."""
    daily_job.run(f"{daily_job.JOB}-{context.job.id}", triggered_by=triggered_by)


@queue.app.task(
    name=apply_funnel.DAILY_FIGURES, retry=RetryStrategy(max_attempts=4, wait=30, linear_wait=60)
)
def write_onboarding() -> None:
    """Write the daily onboarding figures again, by the workspace's new funnel."""
    daily_job.write_onboarding_again()


@queue.app.periodic(cron="*/15 * * * *")
@queue.app.task(name="system.catch_up", queueing_lock="system.catch_up")
def catch_up(timestamp: int) -> None:
    """Run the daily job when it was missed at its time."""
    with transaction() as session:
        if daily_job.is_due(session):
            daily_job.defer(session, triggered_by="catching up")


@queue.app.task(
    name=reprice_runs.TASK, retry=RetryStrategy(max_attempts=4, wait=30, linear_wait=60)
)
def reprice(run: str) -> None:
    """Compute the costs of AI requests again, or the changes in a dry run."""
    reprice_runs.work(run)


@outbox.handles(imports.TOUCHED)
def note_touched(payload: dict[str, Any]) -> None:
    """Queue the rewriting of figures of days that an import or its undo has changed, and look for
    the requests of scores again.
    """
    with transaction() as session:
        queue.defer(session, daily_job.AGAIN, queue=queue.LONG, touched=payload)
        if RowKind.AI_REQUESTS in payload["kinds"]:
            scores.look_again(session)


@queue.app.task(name=daily_job.AGAIN, retry=RetryStrategy(max_attempts=4, wait=30, linear_wait=120))
def write_again(touched: dict[str, Any]) -> None:
    """Write the figures of past days again."""
    daily_job.write_again(TouchedRows.model_validate(touched))


@queue.app.task(
    name=search_vectors.TASK, retry=RetryStrategy(max_attempts=10, wait=10, linear_wait=30)
)
def search_again(table: str, behind: str | None) -> None:
    """Renew search vectors from before the search found words joined by punctuation."""
    search_vectors.search_again(table, UUID(behind) if behind is not None else None)


# A database that is away for minutes must not leave days in the time zone before
@queue.app.task(name=zones.TASK, retry=RetryStrategy(max_attempts=10, wait=10, linear_wait=30))
def rebuild_days(zone: str) -> None:
    """Recompute days of rollups and users for a new reporting time zone."""
    zones.rebuild_days(zone)
