"""Read batch runs: lists, one run, and outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Label,
    Row,
    RowMapping,
    Select,
    Text,
    cast,
    extract,
    false,
    func,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.orm import Session

from core.activity.funnels.conversion import interval
from core.batches.answers import (
    BAD,
    GOOD,
    AskedRuns,
    DayOfRuns,
    JobFigures,
    RunDetail,
    RunFailure,
    RunFigures,
    RunSummary,
    RunView,
    Strip,
)
from core.batches.errors import RunMissing
from core.batches.models import BatchRunRecord
from core.batches.named_phases import named
from core.batches.schemas import BatchStatus
from core.batches.usual_duration import is_slow, usual_durations
from core.database.paging import EPOCH, Cursor, Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require, without_contents
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation import shortened
from core.presentation.periods import Period, midnight

runs = table_of(BatchRunRecord).c
STATES = (*GOOD, *BAD, "running")
STRIP, MOST_STRIPS = 90, 8
RANKS = array([0.5, 0.95])
LONG = ("error_summary", "phase_durations")
duration = cast(extract("epoch", runs.completed_at - runs.started_at), Float) * 1000


def list_runs(
    session: Session, asked: AskedRuns, *, window: Window, after: Cursor | None = None, whole: bool = False, actor: Actor
) -> list[RunView]:
    """Return runs, the one that started last first; with `after`, those behind a run of that start and id.

    What is long in them is cut, unless they are wanted `whole`.
    """
    require(actor, Permission.WATCH)
    wanted = _selected(whole=whole).where(*matching(asked)).order_by(runs.started_at.desc(), runs.id.desc())
    if after is not None:
        wanted = wanted.where(tuple_(runs.started_at, runs.id) < (after.created_at, after.id))
    return _views(session, session.execute(wanted.limit(window.limit).offset(window.offset)).all(), actor)


def list_running(session: Session, asked: AskedRuns, *, limit: int, actor: Actor) -> list[RunView]:
    """Return the runs that are going on: a sender may say "running" of one whose end it tells, and that one is not."""
    require(actor, Permission.WATCH)
    going = (*matching(replace(asked, status=BatchStatus.RUNNING)), runs.completed_at.is_(None))
    wanted = _selected().where(*going).order_by(runs.started_at.desc(), runs.id.desc())
    return _views(session, session.execute(wanted.limit(limit)).all(), actor)


def strips(session: Session, asked: AskedRuns, *, actor: Actor) -> list[Strip]:
    """Return the last runs of the batch jobs that ran in a period: up to its end, however they ended and however long ago."""
    jobs = [each.batch_job for each in by_job(session, replace(asked, status=None), actor=actor)]
    ever = replace(asked, period=replace(asked.period, start=EPOCH), status=None)
    shown = jobs[:MOST_STRIPS]
    return [
        Strip(batch_job=job, runs=list_runs(session, replace(ever, job=job), window=Window(STRIP), actor=actor)) for job in shown
    ]


def failures(session: Session, asked: AskedRuns, *, limit: int = 20, actor: Actor) -> list[RunFailure]:
    """Return what runs failed with, the latest first; for those who may not read it, one row a batch job."""
    require(actor, Permission.WATCH)
    may_read = may(actor, Permission.READ_CONTENTS)
    summary = shortened.text(runs.error_summary) if may_read else cast(null(), Text)
    latest = aggregate_order_by(runs.batch_run_id, runs.started_at.desc(), runs.id.desc())
    last_at = func.max(runs.started_at).label("last_at")
    wanted = (
        select(
            runs.batch_job,
            summary.label("summary"),
            func.count().label("runs"),
            func.sum(runs.failed_jobs).label("failed_jobs"),
            func.min(runs.started_at).label("first_at"),
            last_at,
            func.array_agg(latest)[1].label("last_run"),
        )
        .where(*matching(asked), runs.status.in_(BAD))
        .group_by(runs.batch_job, *([runs.error_summary] if may_read else []))
        .order_by(last_at.desc(), runs.batch_job)
    )
    return [RunFailure(**row) for row in session.execute(wanted.limit(limit)).mappings()]


def get_run(session: Session, given: str, *, actor: Actor) -> RunDetail:
    """Return a run by our id or the sender's; raise RunMissing."""
    require(actor, Permission.WATCH)
    row = session.scalars(select(BatchRunRecord).where(_named(given)).limit(1)).first()
    if row is None:
        raise RunMissing
    more = without_contents({"attributes": row.attributes}, "attributes", actor=actor)
    [view] = _views(session, [row], actor)
    return RunDetail(**view.model_dump(), **more, heard_at=row.heard_at, received_at=row.received_at)


def summary(session: Session, asked: AskedRuns, *, actor: Actor) -> RunSummary:
    """Return how runs ended and how long they took, and the same of the period before."""
    require(actor, Permission.WATCH)
    found, before = figures(session, asked), figures(session, asked.previous)
    return RunSummary(**found.model_dump(), start=asked.period.start, end=asked.period.end, previous=before)


def figures(session: Session, asked: AskedRuns) -> RunFigures:
    """Return how the runs of a period ended and how long they took."""
    wanted = select(*_counts(), *_durations()).where(*matching(asked))
    return RunFigures(**_figures_of(session.execute(wanted).mappings().one()))


def by_day(session: Session, asked: AskedRuns, *, actor: Actor) -> list[DayOfRuns]:
    """Return how the runs of each day ended, days without any too."""
    require(actor, Permission.WATCH)
    at = func.date_trunc("day", runs.started_at, asked.period.zone).label("at")
    rows = session.execute(select(at, *_counts()).where(*matching(asked)).group_by(at)).mappings()
    found = {row["at"]: _counts_of(row) for row in rows}
    nothing = _counts_of(dict.fromkeys(("runs", *STATES), 0))
    return [DayOfRuns(at=each, **found.get(each, nothing)) for each in midnights(asked.period)]


def by_job(session: Session, asked: AskedRuns, *, actor: Actor) -> list[JobFigures]:
    """Return the runs of each batch job, and how the last one stands."""
    require(actor, Permission.WATCH)
    newest = aggregate_order_by(runs.status, runs.started_at.desc(), runs.id.desc())
    last = (func.max(runs.started_at).label("last_started_at"), func.array_agg(newest)[1].label("last_status"))
    wanted = select(runs.batch_job, *last, *_counts(), *_durations()).where(*matching(asked)).group_by(runs.batch_job)
    kept = ("batch_job", "last_started_at", "last_status")
    rows = session.execute(wanted.order_by(runs.batch_job)).mappings()
    return [JobFigures(**{name: row[name] for name in kept}, **_figures_of(row)) for row in rows]


def midnights(period: Period) -> list[datetime]:
    """Return when the days of a period begin."""
    return [midnight(day, period.zone) for day in period.days]


def matching(asked: AskedRuns) -> list[ColumnElement[bool]]:
    """Return the conditions on runs."""
    period, watched = asked.period, asked.watched
    wanted = {runs.app: watched.app, runs.batch_job: asked.job, runs.status: asked.status}
    inside = [runs.started_at >= period.start, runs.started_at < period.end, runs.environment == watched.environment]
    inside.append(runs.is_internal == asked.is_internal)
    if watched.release is not None or watched.user_id is not None:
        inside.append(false())
    return inside + [column == value for column, value in wanted.items() if value is not None]


def _named(given: str) -> ColumnElement[bool]:
    try:
        return or_(runs.batch_run_id == given, runs.id == UUID(given))
    except ValueError:
        return runs.batch_run_id == given


def _selected(*, whole: bool = False) -> Select[Any]:
    facts = [runs[name] for name in (*RunView.model_fields, "phase_order") if name in runs and name not in LONG]
    if whole:
        return select(*facts, *(runs[name] for name in LONG))
    cut = [
        shortened.text(runs.error_summary).label("error_summary"),
        shortened.json(runs.phase_durations).label("phase_durations"),
    ]
    return select(*facts, *cut, shortened.names(*(runs[name] for name in LONG)))


def _views(session: Session, found: Sequence[Row[Any]] | Sequence[BatchRunRecord], actor: Actor) -> list[RunView]:
    usual, now = usual_durations(session, [row.id for row in found]), clock.now()
    each = (_fields(row, usual.get(row.id), now) | {"failed_phase": _failed_phase(session, row)} for row in found)
    return [RunView(**without_contents(fields, "error_summary", actor=actor)) for fields in each]


def _failed_phase(session: Session, row: Row[Any] | BatchRunRecord) -> str | None:
    if row.status not in BAD:
        return None
    said, phases = row.error_summary, row.phase_durations
    if getattr(row, "truncated", ()):  # looked for in all that was said, of one run at a time
        said, phases = session.execute(select(runs.error_summary, runs.phase_durations).where(runs.id == row.id)).one()
    return next(iter(named(said or "", phases)), None)


def _fields(row: Row[Any] | BatchRunRecord, usual: timedelta | None, now: datetime) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in RunView.model_fields if hasattr(row, name)}
    took = row.completed_at - row.started_at if row.completed_at is not None else None
    return plain | {
        "phase_durations": in_order(row),
        "duration_ms": _milliseconds(took),
        "usual_duration_ms": _milliseconds(usual),
        "is_slow": (took is not None or row.status == "running") and is_slow(row.started_at, row.completed_at, usual, now),
    }


def in_order(row: Row[Any] | BatchRunRecord) -> dict[str, Any]:
    """Return a run's phases as they were sent."""
    order = {name: place for place, name in enumerate(row.phase_order or ())}
    return {
        name: row.phase_durations[name]
        for name in sorted(row.phase_durations, key=lambda name: (order.get(name, len(order)), name))
    }


def _milliseconds(took: timedelta | None) -> int | None:
    return round(took.total_seconds() * 1000) if took is not None else None


def _counts() -> list[Label[Any]]:
    each = [func.count().filter(runs.status == state).label(state) for state in STATES]
    return [func.count().label("runs"), *each]


def _durations() -> list[Label[Any]]:
    times = func.percentile_disc(RANKS).within_group(duration).filter(duration.is_not(None))
    return [func.avg(duration).label("avg"), times.label("times")]


def _counts_of(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    good, bad = sum(row[state] for state in GOOD), sum(row[state] for state in BAD)
    known = {state: row[state] for state in STATES}
    rate = good / (good + bad) if good + bad else None
    other = row["runs"] - sum(known.values())
    return {"runs": row["runs"], **known, "other": other, "success_rate": rate, "interval": interval(good, good + bad)}


def _figures_of(row: RowMapping) -> dict[str, Any]:
    p50, p95 = row["times"] or (None, None)
    return _counts_of(row) | {"avg_duration_ms": whole(row["avg"]), "p50_duration_ms": whole(p50), "p95_duration_ms": whole(p95)}


def whole(milliseconds: float | None) -> int | None:
    """Return whole milliseconds."""
    return round(milliseconds) if milliseconds is not None else None
