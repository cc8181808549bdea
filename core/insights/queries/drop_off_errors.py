"""How many of those who dropped off at each funnel step met an error after they had reached it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    Label,
    Row,
    Select,
    Text,
    and_,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.activity.models.funnels import FunnelPart
from core.activity.queries.events import IS_ERROR, EventFilter, event_conditions, events
from core.activity.queries.funnels import funnel_sql
from core.activity.queries.funnels.funnel import Columns, Funnel
from core.activity.queries.funnels.funnel_sql import FunnelSql
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.cache.large_workspaces import cached_if_large
from core.database import settings
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.insights.queries.drop_offs import DropOffRows
from core.platform import clock
from core.presentation.periods import Period, Watched
from core.statistics.rates import rate

StepErrors = tuple[int, int, str | None]  # dropped off, with an error, the top error

parts = table_of(FunnelPart)


class DropOffErrors(View):
    """Users who dropped off at a step, and how many of them met an error since they reached it;
    `top_error` is the most frequent last error, its code or else its event type. Where retention
    has deleted events of the period, these are of the others, and `error_share` is null.
    """

    step: int
    dropped_off: int
    with_error: int
    error_share: float | None
    top_error: str | None


def drop_off_errors(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    *,
    actor: Actor,
) -> list[DropOffErrors]:
    """Return the drop-offs with errors of each step but the last; raise FunnelRefused.

    Errors are raw rows, up to the end of the conversion window.
    """
    require(actor, Permission.WATCH)
    funnel = funnel or read_workspace_funnel(session).funnel
    asked = funnel_sql.prepare(session, funnel, period, watched, segment)
    until = max(min(period.end + funnel.window, clock.now()), period.end)

    def read() -> list[StepErrors]:
        statement = _statement(asked.sql, Period(period.start, until, period.zone), watched)
        rows = session.execute(statement, asked.parameters).all()
        return [_step_errors(rows, 2 * step) for step in range(len(funnel.steps) - 1)]

    key = ("drop-off errors", period, watched, asked.sql.funnel, segment)
    found = cached_if_large(session, key, read)
    # Only raw events tell: users whose events were deleted would seem to have met no error
    is_whole = settings.read(session, settings.Sealed).has_all(period.start, "user_activity_events")
    return [
        DropOffErrors(
            step=step,
            dropped_off=dropped_off,
            with_error=with_error,
            error_share=rate(with_error, dropped_off) if is_whole else None,
            top_error=top_error,
        )
        for step, (dropped_off, with_error, top_error) in enumerate(found, start=1)
    ]


def _step_errors(rows: Sequence[Row[Any]], place: int) -> StepErrors:
    """Add up the rows by error; of two that are as frequent, the first by name is the top error."""
    by_error = {row.code: row[place + 2] for row in rows if row[place + 2]}
    top = min(by_error, key=lambda code: (-by_error[code], code), default=None)
    return sum(row[place + 1] for row in rows), sum(by_error.values()), top


def _statement(sql: FunnelSql, span: Period, watched: Watched) -> Select[Any]:
    """Return a row per last error, or none: for each step but the last, how many dropped off with
    it, and how many of them met it since they reached the step.
    """
    plain = _reached(sql, sql.found.plain, is_kept=sql.is_kept)
    rest = _reached(sql, select(sql.found.rest), is_kept=False)
    reached = union_all(plain, rest).subquery("reached")
    error = _last_errors(span, watched)
    counts = [
        count
        for step in range(1, len(sql.funnel.steps))
        for count in _counts(sql, step, reached.c, error.c)
    ]
    is_own = error.c.subject == reached.c.subject
    return (
        select(error.c.code, *counts).outerjoin_from(reached, error, is_own).group_by(error.c.code)
    )


def _reached(sql: FunnelSql, rows: Select[Any], *, is_kept: bool) -> Select[Any]:
    """Return the subjects with when each step was reached: as it is stored, or by their marks."""
    row, steps = rows.selected_columns, range(len(sql.funnel.steps))
    times = (row[f"reached_{n + 1}"] if is_kept else sql.rule.reached(row, n) for n in steps)
    return rows.with_only_columns(
        row.subject, *(time.label(f"reached_{n}") for n, time in enumerate(times, start=1))
    )


def _counts(sql: FunnelSql, step: int, reached: Columns, error: Columns) -> list[Label[Any]]:
    at, following = reached[f"reached_{step}"], DropOffRows(sql, step).following
    has_dropped_off = and_(
        at.is_not(None), *([] if following is None else [reached[f"reached_{following}"].is_(None)])
    )
    has_error = and_(has_dropped_off, error.created_at >= at)
    return [
        func.count().filter(has_dropped_off).label(f"dropped_off_{step}"),
        func.count().filter(has_error).label(f"with_error_{step}"),
    ]


def _last_errors(span: Period, watched: Watched) -> CTE:
    """Return the last error of each user, or of a session without one."""
    row = events.c
    each = (
        select(
            func.coalesce(func.nullif(row.error_code, ""), row.event_type).label("code"),
            row.created_at,
            row.user_id,
            row.session_id,
            row.environment,
            row.app,
        )
        .where(*event_conditions(EventFilter(), span, watched), IS_ERROR)
        .cte("each_error")
        .prefix_with("materialized")
    )
    part = func.session_subject(each.c.session_id)
    is_own = and_(
        parts.c.part == part, parts.c.environment == each.c.environment, parts.c.app == each.c.app
    )
    # A lookup for each row, as in error_codes.py: the planner does not know how few there are
    owner = select(parts.c.owner).where(is_own).correlate(each).scalar_subquery()
    subject = func.coalesce(func.user_subject(each.c.user_id), owner, part, type_=Text)
    named = (
        select(subject.label("subject"), each.c.code, each.c.created_at)
        .where(or_(each.c.user_id.is_not(None), each.c.session_id.is_not(None)))
        .subquery("named")
    )
    return (
        select(named)
        .order_by(named.c.subject, named.c.created_at.desc())
        .ext(distinct_on(named.c.subject))
        .cte("last_error")
        .prefix_with("materialized")
    )
