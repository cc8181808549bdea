"""Users by funnel step: counts, rates with intervals, and the time between steps.

A user counts once. Without a filter by app, the events of a user in all apps are one journey;
events that name no user belong to their session. Of one release, only its own events count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Float,
    Label,
    Select,
    Text,
    and_,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from core.activity.funnel_views import EarlierFunnel, FunnelStep, FunnelView
from core.activity.queries.funnels import funnel_sql, subject_rows
from core.activity.queries.funnels.funnel import Columns, Funnel, Step, at, before
from core.activity.queries.funnels.funnel_sql import MOST_STATEMENTS, FunnelSql, PreparedFunnel
from core.activity.queries.funnels.packed_arrays import median_and_p90, unpacked
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.releases import has_user_counts
from core.activity.rates import interval
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched
from core.statistics.rates import rate

EPOCH, MICROS = literal_column("'epoch'", Text), literal_column("1e6", Float)


@dataclass(frozen=True)
class StepTally:
    """Users per step in both periods, and the median and p90 seconds from the previous step."""

    users: list[int]
    earlier: list[int]
    seconds: list[tuple[float | None, float | None]]


@dataclass(frozen=True)
class Conversions:
    """Users who started, and those of them who converted."""

    started: int
    converted: int

    @property
    def rate(self) -> float | None:
        """Which part of them."""
        return rate(self.converted, self.started)


def read_funnel(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    *,
    actor: Actor,
) -> FunnelView:
    """Return the workspace's funnel, or another; raise FunnelRefused."""
    require(actor, Permission.WATCH)
    asked = funnel_sql.prepare(
        session,
        funnel,
        period,
        watched,
        segment,
        is_like_kept=True,
        with_previous=True,
    )
    tally = cached_if_large(
        session,
        ("funnel", period, watched, asked.sql.funnel, segment),
        lambda: _tally(session, asked),
    )
    funnel = asked.funnel
    steps, last = funnel.steps, funnel.last
    earlier = EarlierFunnel(
        start=period.previous.start,
        end=period.previous.end,
        users=tally.earlier,
        overall_conversion=rate(tally.earlier[last], tally.earlier[0]),
    )
    return FunnelView(
        steps=[_step(steps, number, tally) for number in range(len(steps))],
        overall_conversion=rate(tally.users[last], tally.users[0]),
        start=period.start,
        end=period.end,
        window_days=funnel.window.days,
        any_order=funnel.any_order,
        is_sampled=False,
        previous=earlier,
        history_since=asked.history_since,
    )


def find_kept_funnel(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> FunnelView | None:
    """Return the workspace's funnel, or None for a release whose users are not counted."""
    require(actor, Permission.WATCH)
    if not has_user_counts(session, watched):
        return None
    return read_funnel(session, period, watched, actor=actor)


def count_conversions(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> tuple[Conversions, Conversions]:
    """Return how many users started and converted in the period and in the previous one."""
    require(actor, Permission.WATCH)
    # A release may come from raw rows, which hold no stored times
    if watched.release is not None:
        return conversions_of(read_funnel(session, period, watched, actor=actor))
    asked = funnel_sql.prepare(session, None, period, watched, with_previous=True)
    row = cached_if_large(
        session,
        ("ends", period, watched, asked.sql.funnel),
        lambda: session.execute(_ends(asked.sql), asked.parameters).one(),
    )
    return Conversions(row.begun, row.through), Conversions(row.earlier, row.earlier_through)


def conversions_of(funnel: FunnelView) -> tuple[Conversions, Conversions]:
    """Return the same of a funnel that was read."""
    last = max(number for number, step in enumerate(funnel.steps) if not step.is_optional)
    now, then = [step.users for step in funnel.steps], funnel.previous.users
    return Conversions(now[0], now[last]), Conversions(then[0], then[last])


def _step(steps: Sequence[Step], number: int, tally: StepTally) -> FunnelStep:
    users, first = tally.users[number], tally.users[0]
    previous = tally.users[before(steps, number)] if number else None
    median, late = tally.seconds[number]
    return FunnelStep(
        step=number + 1,
        event_type=steps[number].name,
        is_optional=steps[number].optional,
        users=users,
        conversion_from_start=rate(users, first),
        conversion_from_previous=rate(users, previous) if previous is not None else None,
        interval=interval(users, first),
        interval_from_previous=interval(users, previous) if previous is not None else None,
        median_seconds_from_previous=median,
        p90_seconds_from_previous=late,
        label=steps[number].title,
    )


def _tally(session: Session, prepared: PreparedFunnel) -> StepTally:
    statement = (_of_saved if prepared.sql.is_kept else _of_times)(prepared.sql)
    found = session.execute(statement, prepared.parameters).one()
    users, more, earlier, more_earlier, *gaps = found
    pairs = zip(gaps[::2], gaps[1::2], strict=True)
    return StepTally(
        users=[sum(each) for each in zip(users, more, strict=True)],
        earlier=[sum(each) for each in zip(earlier, more_earlier, strict=True)],
        seconds=[(None, None), *(median_and_p90(unpacked(each)) for each in pairs)],
    )


@lru_cache(MOST_STATEMENTS)
def _of_saved(sql: FunnelSql) -> Select[Any]:
    """Return the statement on `subjects` of the saved funnel, without conditions per row."""

    def users(rows: Select[Any]) -> Label[Any]:
        return array(
            [
                func.count(sql.reached(rows.selected_columns, step))
                for step in range(len(sql.rule.steps))
            ]
        ).label("users")

    rows, past = sql.found.plain, sql.found.past
    assert past is not None  # noqa: S101  the saved funnel's
    reached = [sql.reached(rows.selected_columns, step) for step in range(len(sql.rule.steps))]
    gaps = [
        _gaps(
            step,
            reached[step].is_not(None),
            func.date_part(EPOCH, reached[step] - reached[before(sql.rule.steps, step)]) * MICROS,
        )
        for step in range(1, len(reached))
    ]
    return _both(
        sql,
        rows.with_only_columns(users(rows), *gaps),
        past.with_only_columns(users(past).element.label("earlier")),
    )


@lru_cache(MOST_STATEMENTS)
def _of_times(sql: FunnelSql) -> Select[Any]:
    plain = sql.found.plain
    return _both(sql, plain.with_only_columns(*_counts(sql, plain.selected_columns)), None)


@lru_cache(MOST_STATEMENTS)
def _ends(sql: FunnelSql) -> Select[Any]:
    """Return the statement for the first and last step only, without times between steps."""
    last = sql.funnel.last + 1

    def both(rows: Select[Any], begun: str, through: str) -> Select[Any]:
        names = {begun: "reached_1", through: f"reached_{last}"}
        counts: list[Label[Any]] = [
            func.count(rows.selected_columns[name]).label(title) for title, name in names.items()
        ]
        return rows.with_only_columns(*counts)

    def of_rest(name: str, step: int, is_wanted: ColumnElement[bool]) -> Label[int]:
        return func.count().filter(is_wanted, sql.rule.is_reached(rest.c, step)).label(name)

    rest = sql.found.rest
    is_current = subject_rows.is_current(rest.c)
    counts: list[Label[Any]] = [
        *(of_rest(name, step, is_current) for name, step in (("begun", 0), ("through", last - 1))),
        *(
            of_rest(name, step, ~is_current)
            for name, step in (("earlier", 0), ("earlier_through", last - 1))
        ),
    ]
    assert sql.found.past is not None  # noqa: S101  the saved funnel's
    most = _counted("most", both(sql.found.plain, "begun", "through"))
    past = _counted("past", both(sql.found.past, "earlier", "earlier_through"))
    tail = _counted("tail", select(*counts))
    sums: list[Label[Any]] = [
        (table.c[name] + tail.c[name]).label(name)
        for table in (most, past)
        for name in table.c.keys()  # noqa: SIM118
    ]
    return select(*sums).select_from(most.join(past, true()).join(tail, true()))


def _both(sql: FunnelSql, most: Select[Any], past: Select[Any] | None) -> Select[Any]:
    """Return the whole statement; uncertain rows are separate, so that workers share the rest."""
    counted = _counted("most", most)
    tail = _counted("tail", select(*_counts(sql, sql.found.rest.c)))
    earlier = _counted("past", past if past is not None else select(counted.c.earlier))
    gaps = [
        table.c[f"gaps_{step}"]
        for step in range(2, len(sql.rule.steps) + 1)
        for table in (counted, tail)
    ]
    columns = [counted.c.users, tail.c.users, earlier.c.earlier, tail.c.earlier, *gaps]
    return select(*columns).select_from(counted.join(earlier, true()).join(tail, true()))


def _counted(name: str, rows: Select[Any]) -> CTE:
    return rows.cte(name).prefix_with("materialized")


def _counts(sql: FunnelSql, row: Columns) -> list[Label[Any]]:
    rule, steps, is_current = sql.rule, range(len(sql.rule.steps)), subject_rows.is_current(row)
    users = array([func.count().filter(is_current, rule.is_reached(row, step)) for step in steps])
    earlier = array(
        [func.count().filter(~is_current, rule.is_reached(row, step)) for step in steps]
    )
    gaps = [
        _gaps(
            step,
            and_(is_current, rule.is_reached(row, step)),
            at(row, step) - at(row, before(rule.steps, step)),
        )
        for step in steps[1:]
    ]
    return [users.label("users"), earlier.label("earlier"), *gaps]


def _gaps(step: int, condition: ColumnElement[bool], micros: ColumnElement[Any]) -> Label[bytes]:
    # packed_arrays.py reads numbers of eight bytes
    return func.array_send(func.array_agg(cast(micros, BigInteger)).filter(condition)).label(
        f"gaps_{step + 1}"
    )
