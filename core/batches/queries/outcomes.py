"""Batch runs of a period, by day and by job: outcomes, durations and the latest runs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Float, Label, RowMapping, cast, extract, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.orm import Session

from core.activity.rates import interval
from core.batches.queries.batch_runs import list_runs, matching, runs
from core.batches.views import (
    BAD,
    GOOD,
    BatchRunQuery,
    DayOfRuns,
    JobFigures,
    RunFigures,
    RunStrip,
    RunSummary,
)
from core.database import settings
from core.database.local_times import start_of
from core.database.paging import Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.clock import EPOCH
from core.presentation.periods import Period, midnight

STATES = (*GOOD, *BAD, "running")
RANKS = array([0.5, 0.95])
duration = cast(extract("epoch", runs.completed_at - runs.started_at), Float) * 1000


def summary(session: Session, query: BatchRunQuery, *, actor: Actor) -> RunSummary:
    """Return outcomes and durations of runs, and the same of the previous period."""
    require(actor, Permission.WATCH)
    found, before = figures(session, query), figures(session, query.previous)
    return RunSummary(
        **found.model_dump(),
        start=query.period.start,
        end=query.period.end,
        previous=before,
        is_previous_whole=has_all_runs(session, query.previous),
    )


def has_all_runs(session: Session, query: BatchRunQuery) -> bool:
    """Return whether retention has deleted no run of a period."""
    return settings.read(session, settings.Sealed).has_all(query.period.start, "batch_run_history")


def figures(session: Session, query: BatchRunQuery) -> RunFigures:
    """Return outcomes and durations of the runs of a period."""
    wanted = select(*_counts(), *_durations()).where(*matching(query))
    return RunFigures(**_figures_of(session.execute(wanted).mappings().one()))


def by_day(session: Session, query: BatchRunQuery, *, actor: Actor) -> list[DayOfRuns]:
    """Return outcomes of runs by day, including days without any."""
    require(actor, Permission.WATCH)
    at = start_of("day", runs.started_at, query.period.zone).label("at")
    rows = session.execute(select(at, *_counts()).where(*matching(query)).group_by(at)).mappings()
    found = {row["at"]: _counts_of(row) for row in rows}
    nothing = _counts_of(dict.fromkeys(("runs", *STATES), 0))
    return [DayOfRuns(at=each, **found.get(each, nothing)) for each in midnights(query.period)]


def by_job(session: Session, query: BatchRunQuery, *, actor: Actor) -> list[JobFigures]:
    """Return the runs of each batch job, with the status of the last one."""
    require(actor, Permission.WATCH)
    newest = aggregate_order_by(runs.status, runs.started_at.desc(), runs.id.desc())
    last = (
        func.max(runs.started_at).label("last_started_at"),
        func.array_agg(newest)[1].label("last_status"),
    )
    wanted = (
        select(runs.batch_job, *last, *_counts(), *_durations())
        .where(*matching(query))
        .group_by(runs.batch_job)
    )
    kept = ("batch_job", "last_started_at", "last_status")
    rows = session.execute(wanted.order_by(runs.batch_job)).mappings()
    return [JobFigures(**{name: row[name] for name in kept}, **_figures_of(row)) for row in rows]


def midnights(period: Period) -> list[datetime]:
    """Return the starts of a period's days."""
    return [midnight(day, period.zone) for day in period.days]


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
    return {
        "runs": row["runs"],
        **known,
        "other": other,
        "success_rate": rate,
        "interval": interval(good, good + bad),
    }


def _figures_of(row: RowMapping) -> dict[str, Any]:
    p50, p95 = row["times"] or (None, None)
    return _counts_of(row) | {
        "avg_duration_ms": whole(row["avg"]),
        "p50_duration_ms": whole(p50),
        "p95_duration_ms": whole(p95),
    }


def whole(milliseconds: float | None) -> int | None:
    """Return rounded milliseconds, or None."""
    return round(milliseconds) if milliseconds is not None else None


STRIP, MOST_STRIPS = 90, 8


def strips(session: Session, query: BatchRunQuery, *, actor: Actor) -> list[RunStrip]:
    """Return the last runs before the end of the period, for each batch job that ran in it."""
    jobs = [each.batch_job for each in by_job(session, replace(query, status=None), actor=actor)]
    # In every state: a strip shows how often a job fails
    ever = replace(query, period=replace(query.period, start=EPOCH), status=None)
    shown = jobs[:MOST_STRIPS]
    return [
        RunStrip(
            batch_job=job,
            runs=list_runs(session, replace(ever, job=job), window=Window(STRIP), actor=actor),
        )
        for job in shown
    ]
