"""Durations of phases in milliseconds; values that are not numbers are skipped."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Label,
    Select,
    case,
    cast,
    func,
    literal,
    null,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from core.batches.models import BatchRunRecord
from core.batches.queries.batch_runs import matching
from core.batches.queries.outcomes import RANKS, whole
from core.batches.views import BatchRunQuery, Phase, PhaseDay, PhaseFigures
from core.database.local_times import start_of
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

# Senders choose these values: casting any other text would fail the whole statement
NUMBER = r"^-?[0-9]{1,12}(\.[0-9]+)?$"
MOST_PHASES = 1000  # where names have IDs in them, there is no end of phases
NOTHING = PhaseFigures(runs=0, avg_ms=None, p50_ms=None, p95_ms=None, max_ms=None)

runs = table_of(BatchRunRecord)
phase = (
    func.jsonb_each_text(runs.c.phase_durations)
    .table_valued("key", "value", name="phase")
    .render_derived()
)
took: ColumnElement[float] = case(
    (phase.c.value.op("~")(NUMBER), cast(phase.c.value, Float)), else_=null()
)

Key = tuple[str, str]
KEY = tuple_(runs.c.batch_job, phase.c.key)
MOST_RUNS_FIRST = func.count().desc(), runs.c.batch_job, phase.c.key


def phases(session: Session, query: BatchRunQuery, *, actor: Actor) -> list[Phase]:
    """Return each job's phases, longest first: in total, by day, and in the previous period.

    At most MOST_PHASES, those that most runs have.
    """
    require(actor, Permission.WATCH)
    found = _figures(session, _totals(query).order_by(*MOST_RUNS_FIRST).limit(MOST_PHASES))
    before = _figures(session, _totals(query.previous).where(KEY.in_(found)))
    trend = _by_day(session, query, found)
    each = [
        Phase(
            batch_job=key[0],
            phase=key[1],
            **figures.model_dump(),
            trend=trend[key],
            previous=before.get(key, NOTHING),
        )
        for key, figures in found.items()
    ]
    return sorted(each, key=lambda one: (one.batch_job, -(one.p50_ms or 0), one.phase))


def _totals(query: BatchRunQuery) -> Select[Any]:
    return _measured(query, func.avg(took).label("avg"), func.max(took).label("longest"))


def _figures(session: Session, totals: Select[Any]) -> dict[Key, PhaseFigures]:
    rows = session.execute(totals).mappings()
    return {
        (row["batch_job"], row["key"]): PhaseFigures(
            runs=row["runs"],
            avg_ms=whole(row["avg"]),
            p50_ms=whole(row["times"][0]),
            p95_ms=whole(row["times"][1]),
            max_ms=whole(row["longest"]),
        )
        for row in rows
    }


def _by_day(
    session: Session, query: BatchRunQuery, keys: Collection[Key]
) -> defaultdict[Key, list[PhaseDay]]:
    at = start_of("day", runs.c.started_at, query.period.zone).label("at")
    found: defaultdict[Key, list[PhaseDay]] = defaultdict(list)
    measured = _measured(query, at).where(KEY.in_(keys)).group_by(at).order_by(at)
    for row in session.execute(measured).mappings():
        p50, p95 = (round(each) for each in row["times"])
        found[row["batch_job"], row["key"]].append(
            PhaseDay(at=row["at"], runs=row["runs"], p50_ms=p50, p95_ms=p95)
        )
    return found


def _measured(query: BatchRunQuery, *more: Label[Any]) -> Select[Any]:
    times = func.percentile_disc(RANKS).within_group(took).label("times")
    return (
        select(runs.c.batch_job, phase.c.key, func.count().label("runs"), times, *more)
        .select_from(runs)
        .join(phase, literal(True))
        .where(*matching(query), took.is_not(None))
        .group_by(runs.c.batch_job, phase.c.key)
    )
