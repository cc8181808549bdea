"""KPIs of batch runs, compared with the previous period."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.batches.queries.batch_runs import matching, runs
from core.batches.queries.outcomes import by_day, duration, figures, has_all_runs, midnights
from core.batches.views import BAD, GOOD, BatchRunQuery, DayOfRuns, RunFigures
from core.database.local_times import start_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.comparison import (
    NOT_KNOWN,
    Kpi,
    Meaning,
    kpi,
    not_compared,
    of_level,
    of_rate,
)
from core.presentation.formatting import FigureUnit
from core.presentation.periods import day_of, midnight

Course = list[float | None]


def run_kpis(session: Session, query: BatchRunQuery, *, actor: Actor) -> list[Kpi]:
    """Return KPIs: runs, success rate, failed runs, and duration."""
    require(actor, Permission.WATCH)
    before = query.previous
    one, other = figures(session, query), figures(session, before)
    days = _ended(by_day(session, query, actor=actor), query.period.zone)
    days_before = by_day(session, before, actor=actor)
    times, times_before = _medians(session, query), _medians(session, before)
    counts = [float(day.runs) for day in days]
    counts_before = [float(day.runs) for day in days_before]
    took = one.p50_duration_ms, other.p50_duration_ms
    change = of_level(counts, counts_before, Meaning.NEITHER)
    found = [
        kpi(
            "runs",
            "Runs",
            FigureUnit.COUNT,
            (one.runs, other.runs),
            # Only for whole weeks: many jobs rest at weekends
            change if query.period.has_every_weekday else NOT_KNOWN,
            counts,
        ),
        _success(one, other, days),
        _bad(one, other, days),
        kpi(
            "duration",
            "Median duration",
            FigureUnit.DURATION,
            took,
            of_level(times, times_before, Meaning.BAD),
            times[: len(days)],
        ),
    ]
    # What retention has partly removed is not compared (docs/decisions/0018)
    is_there = has_all_runs(session, before)
    return found if is_there else [not_compared(each) for each in found]


def _success(one: RunFigures, other: RunFigures, days: Sequence[DayOfRuns]) -> Kpi:
    verdict = of_rate(_rate(one), _rate(other), Meaning.GOOD)
    course: Course = [day.success_rate for day in days]
    return kpi(
        "success",
        "Success rate",
        FigureUnit.SHARE,
        (one.success_rate, other.success_rate),
        verdict,
        course,
    )


def _bad(one: RunFigures, other: RunFigures, days: Sequence[DayOfRuns]) -> Kpi:
    (good, ended), (good_before, ended_before) = _rate(one), _rate(other)
    verdict = of_rate(
        (ended - good, ended), (ended_before - good_before, ended_before), Meaning.BAD
    )
    course: Course = [float(sum(getattr(day, state) for state in BAD)) for day in days]
    return kpi(
        "bad",
        "Failed, partial or lost",
        FigureUnit.COUNT,
        (ended - good, ended_before - good_before),
        verdict,
        course,
    )


def _rate(found: RunFigures) -> tuple[int, int]:
    good = sum(getattr(found, state) for state in GOOD)
    return good, good + sum(getattr(found, state) for state in BAD)


def _medians(session: Session, query: BatchRunQuery) -> Course:
    """Return the median duration of each day's runs."""
    at = start_of("day", runs.started_at, query.period.zone).label("at")
    median = (
        func.percentile_disc(0.5)
        .within_group(duration)
        .filter(duration.is_not(None))
        .label("median")
    )
    rows = session.execute(select(at, median).where(*matching(query)).group_by(at)).mappings()
    known = {row["at"]: row["median"] for row in rows}
    return [known.get(day) for day in midnights(query.period)]


def _ended(days: Sequence[DayOfRuns], zone: str) -> list[DayOfRuns]:
    """Return the days that are over."""
    # One that is not over would look like a fall
    today = midnight(day_of(clock.now(), zone), zone)
    return [day for day in days if day.at < today]
