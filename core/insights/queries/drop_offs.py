"""Users who dropped off at a funnel step, with their last error and conversation."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Float,
    Integer,
    Select,
    Subquery,
    Text,
    bindparam,
    column,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.models.users import User
from core.activity.queries.funnels import funnel_sql, subject_rows
from core.activity.queries.funnels.funnel import MOMENT, Columns, Funnel, at
from core.activity.queries.funnels.funnel_sql import MOST_STATEMENTS, FunnelSql
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.cache.large_workspaces import cached_if_large
from core.database.paging import Sort, SortCursor, SortedPage, SortKey, Window
from core.database.sql_files import statement
from core.database.tables import table_of
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor, View
from core.presentation.periods import Period, Watched

LAST_ERRORS = statement(__package__, "last_errors")
RANGE = re.compile(r"(\d{1,9}(?:\.\d)?)-(\d{1,9}(?:\.\d)?)", re.ASCII)
users = table_of(User)
BEGUN_UNTIL = bindparam("begun_until", type_=MOMENT)
TOTAL = "total"
STOPPED = select(column("began_at", MOMENT), column("subject", Text())).selected_columns


class TimeMeasure(StrEnum):
    """How far from the first step a time is: to the chosen one, or to a user's last event."""

    TO_STEP = "to_step"
    TO_LAST_EVENT = "to_last_event"


@dataclass(frozen=True)
class TimeRange:
    """From `from_s` to just below `to_s` seconds, as the bars of durations have it."""

    from_s: float
    to_s: float
    measure: TimeMeasure = TimeMeasure.TO_STEP

    @classmethod
    def of(cls, took: str | None, dropped_off_after: str | None) -> "TimeRange | None":
        """Return the range of an address, `60-90`; None without a valid one."""
        for given, measure in (
            (dropped_off_after, TimeMeasure.TO_LAST_EVENT),
            (took, TimeMeasure.TO_STEP),
        ):
            if found := RANGE.fullmatch(given or ""):
                return cls(float(found[1]), float(found[2]), measure)
        return None

    def __str__(self) -> str:
        return f"{self.from_s:.10g}-{self.to_s:.10g}"


class StoppedUser(View):
    """A user, or anonymous session, who reached a step and no later required one."""

    user_id: UUID | None
    user: str | None
    email: str | None
    display_name: str | None
    session_id: str | None
    began_at: datetime
    reached_at: datetime
    last_seen_at: datetime
    error_event_type: str | None
    error_code: str | None
    error_message: str | None
    error_at: datetime | None
    conversation_id: UUID | None
    conversation_at: datetime | None


def list_stopped(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    step: int = 1,
    window: Window | None = None,
    took: TimeRange | None = None,
    *,
    after: SortCursor | None = None,
    actor: Actor,
    count: bool = True,
) -> SortedPage[StoppedUser]:
    """Return who stopped at a step, counted from 1, who began last first; of the last step, who
    came through. With `took`, those who reached the step so long after the first; or those who
    reached it, did not convert, and were last seen so long after the first.

    Raises FunnelRefused.
    """
    require(actor, Permission.WATCH)
    funnel = funnel or read_workspace_funnel(session).funnel
    if not 1 <= step <= len(funnel.steps):
        raise FunnelRefused(f"step must be a number from 1 to {len(funnel.steps)}.")
    window = window or Window()
    asked = funnel_sql.prepare(session, funnel, period, watched, segment)
    all_rows, count_of = _statements(asked.sql, step, took.measure if took is not None else None)
    sort = sort_of(all_rows.selected_columns)
    given = {
        **asked.parameters,
        "reach": window.limit + window.offset,
        "begun_until": period.end if after is None else after[0],
        **({} if took is None else {"from_s": took.from_s, "to_s": took.to_s}),
    }
    key = ("stopped", period, watched, funnel, segment, step, took)
    if count and took is not None and after is None:
        all_rows = all_rows.add_columns(func.count().over().label(TOTAL))
    page_of = sort.page(all_rows, window, after)
    names = cached_if_large(
        session,
        (*key, window, after),
        lambda: session.execute(page_of, given).mappings().all(),
    )
    page = {
        "environment": watched.environment,
        "subjects": [row["subject"] for row in names],
        "began": [row["began_at"] for row in names],
        "reached": [row["reached_at"] for row in names],
    }
    rows = session.execute(LAST_ERRORS, page).mappings()

    def counted() -> int:
        # The page of a time range has read all of it: to count it anew takes as long again
        if names and TOTAL in names[0]:
            return int(names[0][TOTAL])
        return int(session.scalar(count_of, given) or 0)

    total = cached_if_large(session, key, counted) if count else 0
    items = [_stopped(without_contents(row, "error_message", actor=actor)) for row in rows]
    return window.sorted_page(items, total, sort.next_cursor(names, window))


def read_cursor(given: str) -> SortCursor:
    """Parse a cursor of this list; raise CursorRefused."""
    return sort_of(STOPPED).read_cursor(given)


def sort_of(row: Columns) -> Sort:
    """Return how they are sorted: who began last first."""
    return Sort("-stopped", (SortKey(row.began_at, is_descending=True), SortKey(row.subject)))


@lru_cache(MOST_STATEMENTS)
def _statements(
    sql: FunnelSql, step: int, measure: TimeMeasure | None
) -> tuple[Select[Any], Select[Any]]:
    """Return the statements for the users who dropped off, and for their number."""
    stopped = DropOffRows(sql, step, measure)
    rest = stopped.by_marks(select(sql.found.rest))
    plain = stopped.every() if sql.is_kept else stopped.by_marks(sql.found.plain)
    if measure is not None:
        within = _within(union_all(plain, rest).subquery("every"), measure)
        return within, select(func.count()).select_from(within.subquery())
    first = stopped.first() if sql.is_kept else plain
    counts = [
        select(func.count()).select_from(rows.subquery()).scalar_subquery()
        for rows in (plain, rest)
    ]
    return select(union_all(first, rest).subquery("stopped")), select(counts[0] + counts[1])


def _within(rows: Subquery, measure: TimeMeasure) -> Select[Any]:
    """Return the rows of a time range, from the first step to what `measure` says."""
    row = rows.c
    found = select(row.subject, row.began_at, row.reached_at)
    until: ColumnElement[Any] = row.reached_at
    if measure is TimeMeasure.TO_LAST_EVENT:
        found = found.outerjoin_from(rows, users, users.c.id == func.user_of(row.subject))
        mark = func.unnest(row.marks).column_valued("mark")
        marked = func.from_micros(select(func.max(func.mark_micros(mark))).scalar_subquery())
        # Sessions without a user have marks alone
        until = func.greatest(func.coalesce(users.c.last_seen_at, marked), row.began_at)
    seconds = func.date_part(literal("epoch"), until - row.began_at, type_=Float)
    edges = (bindparam(name, type_=Float, required=True) for name in ("from_s", "to_s"))
    return found.where(seconds >= next(edges), seconds < next(edges))


@dataclass(frozen=True)
class DropOffRows:
    """Users who reached a step (from 1), and not the next required one; or never the last one."""

    sql: FunnelSql
    step: int
    measure: TimeMeasure | None = None

    @property
    def following(self) -> int | None:
        """The required step that they did not reach."""
        if self.measure is TimeMeasure.TO_LAST_EVENT:
            return self.sql.funnel.last + 1
        steps = self.sql.funnel.steps
        return next(
            (number + 1 for number in range(self.step, len(steps)) if not steps[number].optional),
            None,
        )

    def first(self) -> Select[Any]:
        """Return as many as a page of the saved funnel needs.

        The index knows when those of a page began, but no names: only they are looked up.
        """
        places = (
            func.unnest(bindparam("places", type_=ARRAY(Text)))
            .table_valued("place", name="places")
            .render_derived()
        )
        of_place = self.kept(
            subject_rows.started_in_span(self.sql.rows(places.c.place), until="begun_until")
        )
        of_place = of_place.with_only_columns(of_place.selected_columns.reached_1)
        newest = _latest(of_place).correlate(places).lateral("newest")
        latest = _latest(select(newest).join_from(places, newest, true()))
        rows = self.kept(self.sql.found.plain)
        began = rows.selected_columns.reached_1
        # Some of those who began when the page before ended may be on this one
        starts = func.array_append(func.array(latest.scalar_subquery()), BEGUN_UNTIL)
        return self._times(rows.where(began == func.any(starts)))

    def every(self) -> Select[Any]:
        """Return all rows of the saved funnel."""
        return self._times(self.kept(self.sql.found.plain))

    def _times(self, rows: Select[Any]) -> Select[Any]:
        row = rows.selected_columns
        return rows.with_only_columns(
            row.subject,
            row.reached_1.label("began_at"),
            row[f"reached_{self.step}"].label("reached_at"),
            *self._marks(row),
        )

    def _marks(self, row: Columns) -> list[ColumnElement[Any]]:
        return [row.marks] if self.measure is TimeMeasure.TO_LAST_EVENT else []

    def kept(self, rows: Select[Any]) -> Select[Any]:
        """Return rows whose steps of the saved funnel are stored."""
        row = rows.selected_columns
        found = rows.where(row[f"reached_{self.step}"].is_not(None))
        return (
            found.where(row[f"reached_{self.following}"].is_(None))
            if self.following is not None
            else found
        )

    def by_marks(self, rows: Select[Any]) -> Select[Any]:
        """Return rows whose steps are computed from marks."""
        row, rule = rows.selected_columns, self.sql.rule
        found = rows.where(rule.is_reached(row, self.step - 1))
        found = (
            found.where(~rule.is_reached(row, self.following - 1))
            if self.following is not None
            else found
        )
        times = {"began_at": row.at_1, "reached_at": at(row, self.step - 1)}
        moments = (func.from_micros(time, type_=MOMENT).label(name) for name, time in times.items())
        return found.with_only_columns(row.subject, *moments, *self._marks(row))


def _latest(rows: Select[Any]) -> Select[Any]:
    return rows.order_by(rows.selected_columns.reached_1.desc()).limit(
        bindparam("reach", type_=Integer)
    )


def _stopped(row: dict[str, Any]) -> StoppedUser:
    return StoppedUser(user=row.pop("external_id"), **row)
