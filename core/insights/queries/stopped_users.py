"""Users who dropped off at a funnel step, with their last error and conversation."""

import re
from dataclasses import dataclass
from datetime import datetime
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
    and_,
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
from core.activity.queries.funnels import question as asking
from core.activity.queries.funnels import subject_rows
from core.activity.queries.funnels.funnel import MOMENT, Columns, Funnel, at
from core.activity.queries.funnels.question import MOST_STATEMENTS, FunnelSql
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.cache.large_workspaces import cached_if_large
from core.database.paging import Sort, SortCursor, SortedPage, SortKey, Window
from core.database.sql_files import statement
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor, View
from core.presentation.periods import Period, Watched

LAST_ERRORS = statement(__package__, "last_errors")
BEGUN_UNTIL = bindparam("begun_until", type_=MOMENT)
STOPPED = select(column("began_at", MOMENT), column("subject", Text())).selected_columns


@dataclass(frozen=True)
class TimeRange:
    """From `from_s` to just below `to_s` seconds, as a bar of the time to convert has it."""

    from_s: float
    to_s: float

    @classmethod
    def read(cls, given: str | None) -> "TimeRange | None":
        """Return the range of an address, `60-90`; None without a valid one."""
        found = re.fullmatch(r"(\d{1,9}(?:\.\d)?)-(\d{1,9}(?:\.\d)?)", given or "", re.ASCII)
        return cls(float(found[1]), float(found[2])) if found else None


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
    came through. With `took`, those who reached the step so long after the first.

    Raises FunnelRefused.
    """
    require(actor, Permission.WATCH)
    funnel = funnel or read_workspace_funnel(session).funnel
    if not 1 <= step <= len(funnel.steps):
        raise FunnelRefused(f"step must be a number from 1 to {len(funnel.steps)}.")
    window = window or Window()
    asked = asking.ask(session, funnel, period, watched, segment)
    all_rows, count_of = _statements(asked.sql, step, is_timed=took is not None)
    sort = sort_of(all_rows.selected_columns)
    given = {
        **asked.given,
        "reach": window.limit + window.offset,
        "begun_until": period.end if after is None else after[0],
        **({} if took is None else {"from_s": took.from_s, "to_s": took.to_s}),
    }
    key = ("stopped", period, watched, funnel, segment, step, took)
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
    total = (
        cached_if_large(session, key, lambda: int(session.scalar(count_of, given) or 0))
        if count
        else 0
    )
    items = [_stopped(without_contents(row, "error_message", actor=actor)) for row in rows]
    return window.sorted_page(items, total, sort.next_cursor(names, window))


def read_cursor(given: str) -> SortCursor:
    """Parse a cursor of this list; raise CursorRefused."""
    return sort_of(STOPPED).read_cursor(given)


def sort_of(row: Columns) -> Sort:
    """Return how they are sorted: who began last first."""
    return Sort("-stopped", (SortKey(row.began_at, is_descending=True), SortKey(row.subject)))


@lru_cache(MOST_STATEMENTS)
def _statements(sql: FunnelSql, step: int, *, is_timed: bool) -> tuple[Select[Any], Select[Any]]:
    """Return the statements for the users who dropped off, and for their number."""
    stopped = _Stopped(sql, step)
    rest = stopped.by_marks(select(sql.found.rest))
    plain = stopped.every() if sql.is_kept else stopped.by_marks(sql.found.plain)
    first = stopped.first() if sql.is_kept and not is_timed else plain
    each = union_all(first, rest).subquery("stopped")
    page = select(each)
    if is_timed:
        page = page.where(_is_within(each))
        every = union_all(plain, rest).subquery("every")
        total = select(func.count()).select_from(every).where(_is_within(every))
    else:
        counts = [
            select(func.count()).select_from(rows.subquery()).scalar_subquery()
            for rows in (plain, rest)
        ]
        total = select(counts[0] + counts[1])
    return page, total


def _is_within(rows: Subquery) -> ColumnElement[bool]:
    seconds = func.date_part(literal("epoch"), rows.c.reached_at - rows.c.began_at, type_=Float)
    edges = (bindparam(name, type_=Float, required=True) for name in ("from_s", "to_s"))
    return and_(seconds >= next(edges), seconds < next(edges))


@dataclass(frozen=True)
class _Stopped:
    """Users who reached a step (from 1), and not the next required one."""

    sql: FunnelSql
    step: int

    @property
    def following(self) -> int | None:
        """The next required step."""
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
        of_place = self.kept(subject_rows.begun(self.sql.rows(places.c.place), until="begun_until"))
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
        )

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
        return found.with_only_columns(row.subject, *moments)


def _latest(rows: Select[Any]) -> Select[Any]:
    return rows.order_by(rows.selected_columns.reached_1.desc()).limit(
        bindparam("reach", type_=Integer)
    )


def _stopped(row: dict[str, Any]) -> StoppedUser:
    return StoppedUser(user=row.pop("external_id"), **row)
