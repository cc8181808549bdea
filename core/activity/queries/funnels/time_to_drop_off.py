"""Time to drop-off: from the first step to the last event of users who did not complete; exact,
over all of them.
"""

from collections import Counter
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Select,
    SelectBase,
    TextualSelect,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.funnel_views import TimeToDropOff
from core.activity.models.funnels import MARKS
from core.activity.queries.funnels import duration_histogram, funnel_sql
from core.activity.queries.funnels.funnel import MOMENT, Funnel
from core.activity.queries.funnels.funnel_sql import MOST_STATEMENTS, FunnelSql, PreparedFunnel
from core.activity.queries.funnels.packed_arrays import median_and_p90, unpacked
from core.activity.queries.funnels.segments import Segment
from core.cache.large_workspaces import cached_if_large
from core.database.sql_files import statement
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

NO_MARKS = literal_column("null::bigint[]", MARKS)
STAYS = statement(__package__, "time_to_drop_off")


def read_time_to_drop_off(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    *,
    actor: Actor,
) -> TimeToDropOff:
    """Return the time to drop-off of users who did not convert; raise FunnelRefused."""
    require(actor, Permission.WATCH)
    asked = funnel_sql.prepare(session, funnel, period, watched, segment)
    return cached_if_large(
        session,
        ("stays", period, watched, asked.sql.funnel, segment),
        lambda: _time_to_drop_off(session, asked),
    )


def _time_to_drop_off(session: Session, prepared: PreparedFunnel) -> TimeToDropOff:
    given = {**prepared.parameters, "bounds": list(duration_histogram.BOUNDS)}
    found = session.execute(_statement(prepared.sql), given).all()
    bars = Counter[int]({row.bar: row.users for row in found})
    median, late = median_and_p90(unpacked(row.stayed for row in found))
    return TimeToDropOff(
        users=bars.total(),
        median_seconds=median,
        p90_seconds=late,
        is_sampled=False,
        histogram=duration_histogram.bars(bars),
    )


@lru_cache(MOST_STATEMENTS)
def _statement(sql: FunnelSql) -> TextualSelect:
    gone = (
        union_all(_plain(sql), _of_marks(select(sql.found.rest), sql))
        .cte("gone")
        .prefix_with("materialized")
    )
    return STAYS.columns().add_cte(gone)


def _plain(sql: FunnelSql) -> SelectBase:
    rows = sql.found.plain
    if not sql.is_kept:
        return _of_marks(rows, sql)
    row = rows.selected_columns
    gone, began = rows.where(row[f"reached_{sql.funnel.last + 1}"].is_(None)), row.reached_1
    # Users' marks are not needed: without them an index has it all
    users = gone.where(func.is_user(row.subject)).with_only_columns(
        row.subject, began.label("began"), NO_MARKS.label("marks")
    )
    sessions = gone.where(func.is_session(row.subject)).with_only_columns(
        row.subject, began.label("began"), row.marks
    )
    return union_all(users, sessions)


def _of_marks(rows: Select[Any], sql: FunnelSql) -> Select[Any]:
    row = rows.selected_columns
    began = func.from_micros(row.at_1, type_=MOMENT).label("began")
    gone = rows.where(~sql.rule.is_reached(row, sql.funnel.last))
    return gone.with_only_columns(row.subject, began, row.marks)
