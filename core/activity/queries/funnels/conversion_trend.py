"""Conversion by the day of the first step, and by time to convert."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Float,
    Integer,
    Label,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.funnel_views import CohortDay, ConversionTrend
from core.activity.queries.funnels import duration_histogram, funnel_sql
from core.activity.queries.funnels.funnel import MOMENT, Funnel, at
from core.activity.queries.funnels.funnel_counts import EPOCH, MICROS
from core.activity.queries.funnels.funnel_sql import MOST_STATEMENTS, FunnelSql, PreparedFunnel
from core.activity.queries.funnels.packed_arrays import median_and_p90, unpacked
from core.activity.queries.funnels.segments import Segment
from core.activity.rates import interval
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import DAY, HOUR, Period, Watched, midnight
from core.statistics.rates import rate

# With 5,000 points, a browser takes twice as long to draw a chart
MOST_POINTS = 400
EDGES = bindparam("edges", type_=ARRAY(MOMENT))


@dataclass(frozen=True)
class Cohorts:
    """The starts of the cohorts' days or hours; long periods have several days each."""

    dates: list[date]
    edges: list[datetime]
    end: datetime
    days_each: int  # 1 where the intervals are hours


def read_conversion_trend(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    *,
    by_hour: bool = False,
    actor: Actor,
) -> ConversionTrend:
    """Return conversion by day (or hour) and by time to convert; raise FunnelRefused."""
    require(actor, Permission.WATCH)
    asked = funnel_sql.prepare(session, funnel, period, watched, segment)
    is_hourly = by_hour and period.is_one_day
    cohorts = _hours(period) if is_hourly else _cohorts(period)
    key = ("course", period, watched, asked.sql.funnel, segment, is_hourly)
    return cached_if_large(session, key, lambda: _trend(session, asked, cohorts))


def _trend(session: Session, prepared: PreparedFunnel, cohorts: Cohorts) -> ConversionTrend:
    begun, through, bars = Counter[int](), Counter[int](), Counter[int]()
    took: list[bytes | None] = []
    # Senders' clocks may be ahead: who begins after the last cohort is in none
    for row in session.execute(
        _statement(prepared.sql), {**prepared.parameters, "edges": [*cohorts.edges, cohorts.end]}
    ):
        begun[row.day] += row.users
        if row.bar is not None:
            through[row.day] += row.users
            bars[row.bar] += row.users
            took.append(row.took)
    median, late = median_and_p90(unpacked(took))
    return ConversionTrend(
        days=_days(cohorts, begun, through, prepared.sql.funnel),
        days_each=cohorts.days_each,
        users=begun.total(),
        completed=through.total(),
        median_seconds=median,
        p90_seconds=late,
        is_sampled=False,
        histogram=duration_histogram.bars(bars),
    )


def _cohorts(period: Period) -> Cohorts:
    now = clock.now()
    each = -(-len(period.days) // MOST_POINTS)
    # A period that has not begun shows its first day, empty
    dates = [
        day for day in period.days[::each] if midnight(day, period.zone) <= now
    ] or period.days[:1]
    # A period may begin in the middle of its first day
    edges = [max(midnight(day, period.zone), period.start) for day in dates]
    last = dates[-1] + each * DAY
    return Cohorts(dates, edges, min(midnight(last, period.zone), period.end), each)


def _hours(period: Period) -> Cohorts:
    edges = period.hours_by(clock.now())
    return Cohorts([period.first_day] * len(edges), edges, min(edges[-1] + HOUR, period.end), 1)


def _days(
    cohorts: Cohorts, begun: Counter[int], through: Counter[int], funnel: Funnel
) -> list[CohortDay]:
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


@lru_cache(MOST_STATEMENTS)
def _statement(sql: FunnelSql) -> CompoundSelect[Any]:
    rest = sql.found.rest
    of_rest = _by_marks(select(rest), sql)
    most = (_by_day if sql.is_kept else _by_marks)(sql.found.plain, sql)
    # By itself, so that several workers may count it.
    return union_all(select(most.cte("most").prefix_with("materialized")), of_rest)


def _by_marks(rows: Select[Any], sql: FunnelSql) -> Select[Any]:
    row, last = rows.selected_columns, sql.funnel.last
    seconds = case(
        (
            sql.rule.is_reached(row, last),
            (at(row, last) - row.at_1) / literal_column("1e6::float8", Float),
        )
    )
    edges = EDGES
    day = func.width_bucket(func.from_micros(row.at_1), edges, type_=Integer).label("day")
    return rows.with_only_columns(day, *_counts(seconds)).group_by("day", "bar")


def _by_day(rows: Select[Any], sql: FunnelSql) -> Select[Any]:
    """Return counts by day with one index scan per day, faster than bucketing all rows."""
    opening = func.unnest(EDGES).table_valued(column("opens", MOMENT), with_ordinality="day")
    edges = opening.render_derived(name="edges").c
    closes = (
        func.lead(edges.opens, 1, bindparam("until", type_=MOMENT))
        .over(order_by=edges.day)
        .label("closes")
    )
    days = select(edges.day, edges.opens, closes).subquery("days")
    row = rows.selected_columns
    seconds = func.date_part(
        EPOCH, row[f"reached_{sql.funnel.last + 1}"] - row.reached_1, type_=Float
    )
    of_day = rows.where(row.reached_1 >= days.c.opens, row.reached_1 < days.c.closes)
    counted = (
        of_day.with_only_columns(*_counts(seconds))
        .group_by("bar")
        .correlate(days)
        .lateral("counted")
    )
    return select(days.c.day, counted).join_from(days, counted, true())


def _counts(seconds: ColumnElement[float | None]) -> list[Label[Any]]:
    """Return users by histogram bar, with their packed times."""
    took = func.array_agg(cast(seconds * MICROS, BigInteger)).filter(seconds.is_not(None))
    bar = func.width_bucket(
        seconds, literal(list(duration_histogram.BOUNDS), ARRAY(Float)), type_=Integer
    )
    return [bar.label("bar"), func.count().label("users"), func.array_send(took).label("took")]
