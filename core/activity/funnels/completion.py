"""Funnel completion by the day of the first step, and by the time that it took."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.answers import CohortDay, FunnelCourse
from core.activity.funnels import durations, question
from core.activity.funnels.conversion import interval, rate
from core.activity.funnels.funnel import SAVED, Funnel
from core.activity.funnels.packed_arrays import median_and_p90, unpacked
from core.activity.funnels.question import FunnelQuestion
from core.activity.funnels.segments import Segment
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import DAY, HOUR, Period, Watched, midnight

MOST_POINTS = 400
GROUPED = """
select width_bucket({began}, cast(:edges as timestamptz[])) as day, width_bucket({took}, cast(:bounds as float8[])) as bar,
    count(*) as users, array_send(array_agg(({took} * 1e6)::bigint) filter (where {took} is not null)) as took
from {rows} group by 1, 2"""
# Day by day, where an index knows when each began: to put a million times into days takes longer than to look each day up.
BY_DAY = """
select day, counted.* from (
    select day, opens, lead(opens, 1, cast(:until as timestamptz)) over (order by day) as closes
    from unnest(cast(:edges as timestamptz[])) with ordinality as edges (opens, day)
) as days cross join lateral (
    select width_bucket({took}, cast(:bounds as float8[])) as bar, count(*) as users,
        array_send(array_agg(({took} * 1e6)::bigint) filter (where {took} is not null)) as took
    from {rows} and {began} >= opens and {began} < closes group by 1
) as counted"""


@dataclass(frozen=True)
class Cohorts:
    """Days by their beginnings; of very many, so many stand together."""

    dates: list[date]
    edges: list[datetime]
    end: datetime
    days_each: int  # 1 where the intervals are hours


def read_course(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel = SAVED,
    segment: Segment | None = None,
    *,
    by_hour: bool = False,
    actor: Actor,
) -> FunnelCourse:
    """Return how many came through, by day and by the time that it took; a single day `by_hour`. Raise FunnelRefused."""
    require(actor, Permission.WATCH)
    asked = question.ask(session, funnel, period, watched, segment)
    is_hourly = by_hour and period.is_one_day
    cohorts = _hours(period) if is_hourly else _cohorts(period)
    key = ("course", period, watched, funnel, segment, is_hourly)
    return question.of_many(session, key, lambda: _course(session, asked, cohorts))


def _course(session: Session, asked: FunnelQuestion, cohorts: Cohorts) -> FunnelCourse:
    begun, through, bars = Counter[int](), Counter[int](), Counter[int]()
    took: list[bytes | None] = []
    ranges = {"edges": cohorts.edges, "bounds": list(durations.BOUNDS)}
    for row in session.execute(text(_question(asked)), asked.alone | ranges):
        begun[row.day] += row.users
        if row.bar is not None:
            through[row.day] += row.users
            bars[row.bar] += row.users
            took.append(row.took)
    median, late = median_and_p90(unpacked(took))
    return FunnelCourse(
        days=_days(cohorts, begun, through, asked.funnel),
        days_each=cohorts.days_each,
        users=begun.total(),
        completed=through.total(),
        median_seconds=median,
        p90_seconds=late,
        is_sampled=False,
        histogram=durations.bars(bars),
    )


def _cohorts(period: Period) -> Cohorts:
    now = clock.now()
    each = -(-len(period.days) // MOST_POINTS)
    dates = [day for day in period.days[::each] if midnight(day, period.zone) <= now] or period.days[:1]
    edges = [max(midnight(day, period.zone), period.start) for day in dates]
    last = dates[-1] + each * DAY
    return Cohorts(dates, edges, min(midnight(last, period.zone), period.end), each)


def _hours(period: Period) -> Cohorts:
    edges = period.hours_by(clock.now())
    return Cohorts([period.first_day] * len(edges), edges, min(edges[-1] + HOUR, period.end), 1)


def _days(cohorts: Cohorts, begun: Counter[int], through: Counter[int], funnel: Funnel) -> list[CohortDay]:
    now, ends = clock.now(), [*cohorts.edges[1:], cohorts.end]
    return [
        CohortDay(
            date=day,
            starts_at=cohorts.edges[number - 1],
            users=begun[number],
            completed=through[number],
            rate=rate(through[number], begun[number]),
            interval=interval(through[number], begun[number]),
            is_complete=ends[number - 1] + funnel.window <= now,
        )
        for number, day in enumerate(cohorts.dates, 1)
    ]


def _question(asked: FunnelQuestion) -> str:
    last, rule = asked.funnel.last, asked.rule
    began, took = "from_micros(at_1)", f"case when {rule.is_reached(last)} then (at_{last + 1} - at_1) / 1e6::float8 end"
    rest, plain = GROUPED.format(began=began, took=took, rows="rest"), GROUPED
    if asked.is_kept:
        began, took, plain = "reached_1", f"date_part('epoch', reached_{last + 1} - reached_1)", BY_DAY
    plain = plain.format(began=began, took=took, rows=asked.found.plain)
    # By itself, so that several workers may count it.
    return f"with {asked.found.apart}, most as materialized ({plain}) select * from most union all {rest}"  # noqa: S608  our own
