"""How many of those who dropped off at each funnel step met an error after they had reached it."""

from typing import Any

from sqlalchemy import (
    CTE,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.activity.models.funnels import FunnelPart
from core.activity.queries.events import IS_ERROR, EventFilter, event_conditions, events
from core.activity.queries.funnels import funnel_sql
from core.activity.queries.funnels.funnel import Funnel
from core.activity.queries.funnels.funnel_sql import FunnelSql
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.rates import rate
from core.cache.large_workspaces import cached_if_large
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.insights.queries.drop_offs import DropOffRows
from core.platform import clock
from core.presentation.periods import Period, Watched

parts = table_of(FunnelPart)


class DropOffErrors(View):
    """Users who dropped off at a step, and how many of them met an error since they reached it;
    `top_error` is the most frequent last error, its code or else its event type.
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

    def read() -> dict[int, tuple[int, int, str | None]]:
        statement = _statement(asked.sql, Period(period.start, until, period.zone), watched)
        rows = session.execute(statement, asked.parameters)
        return {row.step: (row.dropped_off, row.with_error, row.top_error) for row in rows}

    key = ("drop-off errors", period, watched, asked.sql.funnel, segment)
    found = cached_if_large(session, key, read)
    return [
        DropOffErrors(
            step=step,
            dropped_off=(counts := found.get(step, (0, 0, None)))[0],
            with_error=counts[1],
            error_share=rate(counts[1], counts[0]),
            top_error=counts[2],
        )
        for step in range(1, len(funnel.steps))
    ]


def _statement(sql: FunnelSql, span: Period, watched: Watched) -> Select[Any]:
    dropped = union_all(
        *(
            select(
                literal_column(str(step), Integer).label("step"),
                rows.c.subject,
                rows.c.reached_at,
            )
            for step in range(1, len(sql.funnel.steps))
            for rows in _rows(sql, step)
        )
    ).cte("dropped")
    error = _last_errors(span, watched)
    has_error = error.c.created_at >= dropped.c.reached_at
    top = func.mode(type_=Text).within_group(error.c.code).filter(has_error)
    return (
        select(
            dropped.c.step,
            func.count().label("dropped_off"),
            func.count().filter(has_error).label("with_error"),
            top.label("top_error"),
        )
        .select_from(dropped.outerjoin(error, error.c.subject == dropped.c.subject))
        .group_by(dropped.c.step)
    )


def _rows(sql: FunnelSql, step: int) -> list[Subquery]:
    """Return who dropped off at a step: those whose steps are stored, and the rest by marks."""
    stopped = DropOffRows(sql, step)
    plain = stopped.every() if sql.is_kept else stopped.by_marks(sql.found.plain)
    rest = stopped.by_marks(select(sql.found.rest))
    return [rows.subquery(f"{name}_{step}") for name, rows in (("plain", plain), ("rest", rest))]


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
    owner = select(parts.c.owner).where(is_own).correlate(each).scalar_subquery()
    subject = func.coalesce(func.user_subject(each.c.user_id), owner, part, type_=Text)
    named = select(subject.label("subject"), each.c.code, each.c.created_at).subquery("named")
    return (
        select(named)
        .where(named.c.subject.is_not(None))
        .order_by(named.c.subject, named.c.created_at.desc())
        .ext(distinct_on(named.c.subject))
        .cte("last_error")
        .prefix_with("materialized")
    )
