"""Repricing in the background, as a batch run `attune.reprice`, day by day.

Each day's costs and progress are stored in one transaction, so a run that was killed continues with
the next day. After all days, their daily metrics follow, and the calls of the playground. A small
dry run is computed at once.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from core.ai_metrics import repricing
from core.ai_metrics.ingest.costs.recomputed_costs import PriceDifference, RepriceSpan
from core.ai_metrics.repricing import Reprice, RepriceProgress, RepriceReport, RequestSource
from core.batches.errors import RunMissing
from core.batches.models import BatchRunRecord
from core.batches.schemas import BatchStatus
from core.database import settings
from core.database.db import transaction
from core.executions import cost_changes
from core.executions.cost_changes import CostChange
from core.executions.service import executions
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.identity.service import audit
from core.ingest.rows import key_of
from core.jobs import queue
from core.platform import clock
from core.platform.ids import new_id
from core.presentation.periods import DAY, day_of
from core.system.service import daily_job
from core.system.service.daily_metrics import metrics as daily_metrics

JOB = "attune.reprice"
TASK = "system.reprice"
QUEUED = "queued"
OURS = (BatchRunRecord.batch_job == JOB, BatchRunRecord.is_internal)
# The limit for a computation within a request: a second or two. Days without requests take a
# millisecond each.
MOST_REQUESTS, MOST_DAYS = 500_000, 400
# From a half hour before: the one in which the span begins may have begun before it
COUNTED = """
select coalesce(sum(requests), 0) from (
    select requests from ai_request_rollups where grain = 'half_hour'
        and (provider, model) = ('*', '*')
        and at >= :start - interval '30 minutes' and at < :end
    union all select requests from ai_request_deltas where at >= :start - interval '30 minutes'
        and at < :end
) as each"""


class RepriceRun(View):
    """The progress of a run.

    `report` covers the days that are done; `status` is queued, running, completed, failed or lost.
    """

    id: UUID
    status: str
    requested_by: str | None
    started_at: datetime
    completed_at: datetime | None
    days: int
    days_done: int
    error: str | None
    report: RepriceReport


def reprice(given: Reprice, *, actor: Actor) -> RepriceReport | RepriceRun:
    """Return what would change, or queue a job that changes it, or that computes a large dry run.

    Raises Forbidden or EmptySpan.
    """
    require(actor, Permission.MANAGE_PRICES)
    span = repricing.span_of(given)
    if given.dry_run and _is_small(span):
        progress = RepriceProgress(span, dry_run=True)
        repricing.reprice_days(progress)
        _count_executions(progress)
        return progress.report
    with transaction() as session:
        return request(session, span, dry_run=given.dry_run, actor=actor)


def request(session: Session, span: RepriceSpan, *, dry_run: bool, actor: Actor) -> RepriceRun:
    """Queue the repricing of a span; raise Forbidden."""
    require(actor, Permission.MANAGE_PRICES)
    name, progress = f"{JOB}-{new_id()}", RepriceProgress(span, dry_run=dry_run)
    fixed = {
        "id": key_of("batch_run", name),
        "batch_run_id": name,
        "batch_job": JOB,
        "triggered_by": actor.email,
    }
    fixed |= {"environment": "production", "app": "attune", "is_internal": True}
    state = {"started_at": clock.now(), "status": QUEUED, "failed_jobs": 0}
    days = sum(1 for _ in repricing.days_of(span))
    session.execute(
        insert(BatchRunRecord).values(
            **fixed, **state, total_jobs=days, completed_jobs=0, attributes=_kept(progress)
        )
    )
    # In the transaction of its row: no job finds a run missing, and no run waits without a job
    # One at a time: two would wait for each other's days
    queue.defer(session, TASK, queue=queue.LONG, lock=TASK, run=name)
    if not dry_run:
        targets = {
            "run": name,
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "model": span.model,
        }
        audit.record(session, "price.reprice", actor, targets=targets)
    return _view(session, name)


def get_run(session: Session, run_id: UUID, *, actor: Actor) -> RepriceRun:
    """Return the progress of a run; raise Forbidden or RunMissing."""
    require(actor, Permission.MANAGE_PRICES)
    name = session.scalar(
        select(BatchRunRecord.batch_run_id).where(BatchRunRecord.id == run_id, *OURS)
    )
    if name is None:
        raise RunMissing
    return _view(session, name)


def find_latest(session: Session, *, actor: Actor) -> RepriceRun | None:
    """Return the latest run, or None; raise Forbidden."""
    require(actor, Permission.MANAGE_PRICES)
    latest = (
        select(BatchRunRecord.batch_run_id)
        .where(*OURS)
        .order_by(BatchRunRecord.started_at.desc())
        .limit(1)
    )
    name = session.scalar(latest)
    return None if name is None else _view(session, name)


def work(name: str) -> None:
    """Do a run from the first day that is not done; an error is recorded and raised."""
    with transaction() as session:
        row = session.scalars(
            select(BatchRunRecord).where(BatchRunRecord.batch_run_id == name)
        ).one()
        if row.status == BatchStatus.COMPLETED:  # its worker was killed before the job's end
            return
        kept = row.attributes or {}
        _note(
            session,
            name,
            status=BatchStatus.RUNNING,
            error_summary=None,
            completed_at=None,
            failed_jobs=0,
        )
    progress = RepriceProgress.after(
        RepriceReport.model_validate(kept["report"]), datetime.fromisoformat(kept["done_until"])
    )
    try:
        repricing.reprice_days(progress, lambda session, so_far: _note_day(session, name, so_far))
        if not progress.dry_run:
            _write_days(progress.span)
        changed = _count_executions(progress)
    except Exception as failed:
        why = f"{type(failed).__name__}: {failed}"[:1000]
        with transaction() as session:
            _note(
                session,
                name,
                status=BatchStatus.FAILED,
                error_summary=why,
                completed_at=clock.now(),
                failed_jobs=1,
            )
        raise
    with transaction() as session:
        if not progress.dry_run:
            executions.write_costs(session, {one.call.id: one.cost for one in changed})
        _note(
            session,
            name,
            status=BatchStatus.COMPLETED,
            completed_at=clock.now(),
            attributes=_kept(progress),
        )


def _count_executions(progress: RepriceProgress) -> list[CostChange]:
    """Return the calls of the playground that change, and add them to the report."""
    span = progress.span
    found = cost_changes.list_changes(span.start, span.end, span.model)
    differences = [
        PriceDifference(
            one.call.provider,
            one.call.model,
            requests=1,
            before_usd=one.call.cost_usd or Decimal(0),
            after_usd=one.cost.usd or Decimal(0),
            newly_priced=int(one.call.cost_usd is None and one.cost.usd is not None),
            no_longer_priced=int(one.call.cost_usd is not None and one.cost.usd is None),
        )
        for one in found.changed
    ]
    progress.count(RequestSource.PLAYGROUND, found.examined, differences)
    return found.changed


def _is_small(span: RepriceSpan) -> bool:
    with transaction() as session:
        counted = session.scalar(text(COUNTED), {"start": span.start, "end": span.end}) or 0
    return counted <= MOST_REQUESTS and span.end - span.start <= MOST_DAYS * DAY


def _note_day(session: Session, name: str, so_far: RepriceProgress) -> None:
    _note(session, name, completed_jobs=BatchRunRecord.completed_jobs + 1, attributes=_kept(so_far))


def _kept(so_far: RepriceProgress) -> dict[str, Any]:
    return {"report": so_far.report.model_dump(mode="json"), "done_until": so_far.at.isoformat()}


def _note(session: Session, name: str, **state: Any) -> None:  # noqa: ANN401  columns of many types
    session.execute(
        update(BatchRunRecord)
        .where(BatchRunRecord.batch_run_id == name)
        .values(heard_at=clock.now(), **state)
    )


def _write_days(span: RepriceSpan) -> None:
    """Update the daily metrics of a span in whole days, a month at a time."""
    with transaction() as session:
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        written = daily_metrics.first_written(session)
    if written is None:
        return
    first, end = max(written, day_of(span.start, zone)), day_of(span.end, zone) + DAY
    while first < end:
        with transaction() as session:
            daily_metrics.write_costs(
                session,
                daily_metrics.days_of(first, min(first + daily_job.AT_ONCE, end), zone),
            )
        first += daily_job.AT_ONCE


def _view(session: Session, name: str) -> RepriceRun:
    row = session.scalars(select(BatchRunRecord).where(BatchRunRecord.batch_run_id == name)).one()
    return RepriceRun(
        id=row.id,
        status=row.status,
        requested_by=row.triggered_by,
        started_at=row.started_at,
        completed_at=row.completed_at,
        days=row.total_jobs or 0,
        days_done=row.completed_jobs or 0,
        error=row.error_summary,
        report=RepriceReport.model_validate((row.attributes or {})["report"]),
    )
