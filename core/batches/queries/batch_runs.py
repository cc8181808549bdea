"""Read batch runs: lists, failures, and one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Row,
    Select,
    Text,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from core.batches import error_summaries
from core.batches.error_summaries import ErrorSummary
from core.batches.errors import RunMissing
from core.batches.models import BatchRunRecord
from core.batches.named_phases import PhaseNames
from core.batches.queries.usual_duration import is_slow, usual_durations
from core.batches.schemas import BatchStatus
from core.batches.views import BAD, BatchRunQuery, RunDetail, RunFailure, RunOrder, RunView
from core.database import shortened
from core.database.paging import Sort, SortCursor, Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require, without_contents
from core.identity.schemas import Actor
from core.platform import clock

runs = table_of(BatchRunRecord).c
LONGEST = shortened.LONGEST
LONG = ("error_summary", "phase_durations")


@dataclass(frozen=True)
class SortedRuns:
    """Runs in a chosen order, and the cursor of the next ones."""

    items: list[RunView]
    next_cursor: str | None


def list_runs(
    session: Session,
    query: BatchRunQuery,
    *,
    window: Window,
    after: SortCursor | None = None,
    whole: bool = False,
    actor: Actor,
) -> list[RunView]:
    """Return runs, most recently started first; with `after`, those that follow this cursor.

    Long fields are shortened unless `whole`.
    """
    return sort_runs(session, query, window=window, after=after, whole=whole, actor=actor).items


def sort_runs(
    session: Session,
    query: BatchRunQuery,
    order: RunOrder = RunOrder.LATEST_FIRST,
    *,
    window: Window,
    after: SortCursor | None = None,
    whole: bool = False,
    actor: Actor,
) -> SortedRuns:
    """Return runs in an order; with `after`, those that follow this cursor."""
    require(actor, Permission.WATCH)
    sort = sort_of(order)
    page = sort.page(_selected(whole=whole).where(*matching(query)), window, after)
    rows = session.execute(page).all()
    cursor = sort.next_cursor([row._mapping for row in rows], window)  # noqa: SLF001  its public name
    return SortedRuns(_views(session, rows, actor), cursor)


def sort_of(order: RunOrder) -> Sort:
    """Return how runs are sorted; those without a value are below all others."""
    took = func.extract("epoch", runs.completed_at - runs.started_at)
    # A cursor compares values, and null is neither before nor after one
    lowest: ColumnElement[Any] = literal_column("-1")
    values: dict[str, ColumnElement[Any]] = {
        "started": runs.started_at,
        "job": runs.batch_job,
        "duration": cast(func.coalesce(took, lowest), Numeric),
        "items": func.coalesce(runs.total_jobs, lowest),
        "failed": func.coalesce(runs.failed_jobs, lowest),
    }
    return Sort.by(order, values[order.lstrip("-")], runs.id)


def list_running(
    session: Session, query: BatchRunQuery, *, limit: int, actor: Actor
) -> list[RunView]:
    """Return running runs; those with an end time are not running, whatever their status says."""
    require(actor, Permission.WATCH)
    going = (*matching(replace(query, status=BatchStatus.RUNNING)), runs.completed_at.is_(None))
    wanted = _selected().where(*going).order_by(runs.started_at.desc(), runs.id.desc())
    return _views(session, session.execute(wanted.limit(limit)).all(), actor)


def failures(
    session: Session, query: BatchRunQuery, *, limit: int = 20, actor: Actor
) -> list[RunFailure]:
    """Return errors of failed runs, latest first; by job for actors without READ_CONTENTS."""
    require(actor, Permission.WATCH)
    may_read = may(actor, Permission.READ_CONTENTS)
    summary = shortened.text(runs.error_summary) if may_read else cast(null(), Text)
    # Of a long object only the beginning is read, as text
    is_object = func.bool_or(runs.error_is_object & (func.length(runs.error_summary) <= LONGEST))
    latest = aggregate_order_by(runs.batch_run_id, runs.started_at.desc(), runs.id.desc())
    last_at = func.max(runs.started_at).label("last_at")
    wanted = (
        select(
            runs.batch_job,
            summary.label("summary"),
            is_object.label("is_object"),
            func.count().label("runs"),
            func.sum(runs.failed_jobs).label("failed_jobs"),
            func.min(runs.started_at).label("first_at"),
            last_at,
            func.array_agg(latest)[1].label("last_run"),
        )
        .where(*matching(query), runs.status.in_(BAD))
        .group_by(runs.batch_job, *([runs.error_summary] if may_read else []))
        .order_by(last_at.desc(), runs.batch_job)
    )
    found = session.execute(wanted.limit(limit)).mappings().all()
    return [RunFailure(**row | {"summary": _in_words(row)}) for row in map(dict, found)]


def _in_words(row: Mapping[str, Any]) -> str | None:
    return error_summaries.in_words(
        error_summaries.loaded(row["summary"], is_object=row["is_object"])
    )


def get_run(session: Session, given: str, *, actor: Actor) -> RunDetail:
    """Return a run by Attune's ID or the sender's; raise RunMissing."""
    require(actor, Permission.WATCH)
    row = session.scalars(select(BatchRunRecord).where(_named(given)).limit(1)).first()
    if row is None:
        raise RunMissing
    more = without_contents({"attributes": row.attributes}, "attributes", actor=actor)
    [view] = _views(session, [row], actor)
    return RunDetail(
        **view.model_dump(), **more, heard_at=row.heard_at, received_at=row.received_at
    )


def matching(query: BatchRunQuery) -> list[ColumnElement[bool]]:
    """Return the conditions for the requested runs."""
    period, watched = query.period, query.watched
    wanted = {runs.app: watched.app, runs.batch_job: query.job, runs.status: query.status}
    inside = [
        runs.started_at >= period.start,
        runs.started_at < period.end,
        runs.environment == watched.environment,
    ]
    inside.append(runs.is_internal == query.is_internal)
    if watched.release is not None or watched.user_id is not None:
        # Runs name no release and no user: such a filter leaves none
        inside.append(false())
    return inside + [column == value for column, value in wanted.items() if value is not None]


def _named(given: str) -> ColumnElement[bool]:
    try:
        return or_(runs.batch_run_id == given, runs.id == UUID(given))
    except ValueError:
        return runs.batch_run_id == given


def _selected(*, whole: bool = False) -> Select[Any]:
    facts = [
        runs[name]
        for name in (*RunView.model_fields, "phase_order", "error_is_object")
        if name in runs and name not in LONG
    ]
    if whole:
        return select(*facts, *(runs[name] for name in LONG))
    cut = [
        shortened.text(runs.error_summary).label("error_summary"),
        shortened.json(runs.phase_durations).label("phase_durations"),
    ]
    return select(*facts, *cut, shortened.names(*(runs[name] for name in LONG)))


def _views(
    session: Session, found: Sequence[Row[Any]] | Sequence[BatchRunRecord], actor: Actor
) -> list[RunView]:
    usual, now = usual_durations(session, [row.id for row in found]), clock.now()
    each = (
        _fields(row, usual.get(row.id), now) | {"failed_phase": _failed_phase(session, row)}
        for row in found
    )
    return [RunView(**without_contents(fields, "error_summary", actor=actor)) for fields in each]


def _failed_phase(session: Session, row: Row[Any] | BatchRunRecord) -> str | None:
    if row.status not in BAD:
        return None
    said, phases = row.error_summary, row.phase_durations
    if getattr(row, "truncated", ()):  # the complete text is read for one run at a time
        said, phases = session.execute(
            select(runs.error_summary, runs.phase_durations).where(runs.id == row.id)
        ).one()
    return next(iter(PhaseNames(phases).in_text(said or "")), None)


def _fields(
    row: Row[Any] | BatchRunRecord, usual: timedelta | None, now: datetime
) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in RunView.model_fields if hasattr(row, name)}
    took = row.completed_at - row.started_at if row.completed_at is not None else None
    return plain | {
        "phase_durations": in_order(row),
        "error_summary": _error_summary(row),
        "duration_ms": _milliseconds(took),
        "usual_duration_ms": _milliseconds(usual),
        "is_slow": (took is not None or row.status == "running")
        and is_slow(row.started_at, row.completed_at, usual, now),
    }


def _error_summary(row: Row[Any] | BatchRunRecord) -> ErrorSummary | None:
    is_whole = "error_summary" not in getattr(row, "truncated", ())
    return error_summaries.loaded(row.error_summary, is_object=row.error_is_object and is_whole)


def in_order(row: Row[Any] | BatchRunRecord) -> dict[str, Any]:
    """Return a run's phases in the order in which they were sent."""
    order = {name: place for place, name in enumerate(row.phase_order or ())}
    return {
        name: row.phase_durations[name]
        for name in sorted(
            row.phase_durations, key=lambda name: (order.get(name, len(order)), name)
        )
    }


def _milliseconds(took: timedelta | None) -> int | None:
    return round(took.total_seconds() * 1000) if took is not None else None
