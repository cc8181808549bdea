"""The daily job: partitions ahead, figures of days that have ended, retention.

It is listed among the batch runs as `attune.daily`. Each of its steps can be repeated, so a killed
run is simply run again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.activity.ingest import pending_events
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.batches.models import BatchRunRecord
from core.database import partitions, settings
from core.database.db import Database, read_session, transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.imports.schemas import TouchedRows
from core.ingest.rows import key_of
from core.jobs import queue
from core.platform import clock
from core.presentation.periods import DAY, day_of
from core.system.service import retention
from core.system.service.daily_metrics import metrics as daily_metrics

JOB = "attune.daily"
TASK = "system.daily"
AGAIN = "system.write_again"
HOUR = 1  # UTC
AT_ONCE = timedelta(days=31)
# A day's figures may change while the funnel's window is open and late rows arrive.
WRITTEN_AGAIN = timedelta(days=31)
AT_WORK = text(
    "select exists (select from procrastinate_jobs where task_name = :task and status = 'doing')"
).bindparams(task=TASK)


@dataclass
class DailyRun:
    """A run in the batch history. Its name is the job's, so that a retry continues under it."""

    name: str
    triggered_by: str
    started_at: datetime = field(default_factory=clock.now)
    durations_ms: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def note(self, status: str) -> None:
        """Store the status of the run."""
        now = clock.now()
        state: dict[str, Any] = {
            "status": status,
            "completed_at": None if status == "running" else now,
            "total_jobs": len(PHASES),
            "completed_jobs": len(self.durations_ms),
            "failed_jobs": len(self.errors),
            "phase_durations": self.durations_ms,
            "error_summary": "; ".join(self.errors) or None,
            "heard_at": now,
        }
        ours = {"batch_job": JOB, "environment": "production", "app": "attune", "is_internal": True}
        fixed = {
            "id": key_of("batch_run", self.name),
            "batch_run_id": self.name,
            "triggered_by": self.triggered_by,
            "started_at": self.started_at,
        }
        stored = insert(BatchRunRecord).values(**fixed, **ours, **state)
        with transaction() as session:
            session.execute(
                stored.on_conflict_do_update(index_elements=["batch_run_id"], set_=state | ours)
            )


def run(name: str, *, triggered_by: str) -> DailyRun:
    """Run all phases, recording each; raise the first error when all have run.

    What one phase cannot do, such as writing a day's figures, must not keep expired rows.
    """
    this = DailyRun(name, triggered_by)
    first: Exception | None = None
    for phase, act in PHASES.items():
        this.note("running")
        begun = time.monotonic()
        try:
            act()
        except Exception as failed:  # noqa: BLE001  the first is raised below
            first = first or failed
            this.errors.append(f"{phase}: {type(failed).__name__}: {failed}"[:1000])
        else:
            this.durations_ms[phase] = round((time.monotonic() - begun) * 1000)
    this.note("failed" if first is not None else "completed")
    if first is not None:
        raise first
    return this


def write_figures() -> None:
    """Write the figures of ended days: missing ones, and again from the first day that got late
    rows, at least the last 31 days.
    """
    pending_events.derive_until_now()
    with read_session() as session:
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        end = clock.now().astimezone(ZoneInfo(zone)).date()
        behind = [
            daily_metrics.first_missing(session, end=end, zone=zone),
            daily_metrics.first_late(session, end=end, zone=zone),
            _first_again(session, end),
        ]
    first = min((day for day in behind if day is not None), default=None)
    while first is not None and first < end:
        last = min(first + AT_ONCE, end)
        _write(first, last, zone)
        first = last


def write_again(touched: TouchedRows) -> None:
    """Write the figures again that changed past rows affect, on days with figures; mark those that
    can't be computed.

    New users and conversions also depend on earlier days, so these are written up to today.
    """
    pending_events.derive_until_now()
    with read_session() as session:
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        written = daily_metrics.first_written(session)
        window = read_workspace_funnel(session).funnel.window
    if written is None:
        return
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    first = min(day_of(touched.since, zone), today) - window
    while first < today:
        last = min(first + AT_ONCE, today)
        _write(first, last, zone)
        first = last
    with transaction() as session:
        end = min(day_of(touched.until, zone) + DAY, today)
        days = daily_metrics.days_of(day_of(touched.since, zone), end, zone)
        daily_metrics.mark_stale(session, days, touched.kinds, touched.environment)


def write_onboarding_again() -> None:
    """Write the onboarding figures of all days again, after the workspace's funnel has changed."""
    pending_events.derive_until_now()
    with transaction() as session:
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        first = daily_metrics.first_written(session)
        today = clock.now().astimezone(ZoneInfo(zone)).date()
        if first is not None and first < today:
            days = daily_metrics.days_of(first, today, zone)
            daily_metrics.write_onboarding(session, days)


def is_due(session: Session) -> bool:
    """Whether no run has completed since the last scheduled time, and none is at work."""
    now = clock.now().astimezone(UTC)
    due = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    due = due if due <= now else due - timedelta(days=1)
    ours = (BatchRunRecord.batch_job == JOB, BatchRunRecord.is_internal)
    done = select(BatchRunRecord.id).where(
        *ours, BatchRunRecord.status == "completed", BatchRunRecord.completed_at >= due
    )
    # Retention may take longer than the pause until this is asked again, and a second run at the
    # same time would fail there. A job whose worker was killed is retried within a minute.
    return session.scalar(done.limit(1)) is None and not session.scalar(AT_WORK)


def request(session: Session, *, actor: Actor) -> None:
    """Queue the job unless it is queued already or at work; raise Forbidden."""
    require(actor, Permission.CLEAN_UP)
    if not session.scalar(AT_WORK):
        defer(session, triggered_by=actor.email)
    audit.record(session, "system.daily", actor)


def defer(session: Session, *, triggered_by: str) -> None:
    """Queue the job, unless it is queued already."""
    now = int(clock.now().timestamp())
    queue.defer(session, TASK, queueing_lock=TASK, timestamp=now, triggered_by=triggered_by)


def _first_again(session: Session, end: date) -> date | None:
    begun = daily_metrics.first_written(session)
    return max(begun, end - WRITTEN_AGAIN) if begun is not None else None


def _write(first: date, end: date, zone: str) -> None:
    with read_session() as session:
        days = daily_metrics.days_of(first, end, zone)
    with transaction(Database.AI) as ai:
        others = daily_metrics.of_ai(ai, days)
    with transaction() as session:
        daily_metrics.write(session, days, others)


# Figures come before retention, which deletes rows that some are counted from.
PHASES: dict[str, Callable[[], object]] = {
    "partitions": partitions.create_ahead,
    "figures": write_figures,
    "retention": retention.apply,
}
