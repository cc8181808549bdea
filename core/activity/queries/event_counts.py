"""Events by day and type: from rollups, unfolded deltas, and raw rows at the edges of a period.

All parts are one statement: what is folded meanwhile is neither missed nor counted twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    RowMapping,
    Select,
    Table,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.models.events import Event, EventDelta, EventRollup
from core.database.rollups import Grain
from core.database.tables import table_of
from core.presentation.periods import Period, Watched
from core.presentation.rollup_pieces import pieces

rollups, deltas, raw = table_of(EventRollup), table_of(EventDelta), table_of(Event)


def count_by_day(session: Session, period: Period, watched: Watched) -> list[RowMapping]:
    """Return `day`, `event_type`, `events` and `errors` by day of the period's zone and type."""
    rows = union_all(*_parts(period, watched)).subquery("counts")
    day = cast(func.timezone(period.zone, rows.c.at), Date).label("day")
    sums = [cast(func.sum(rows.c[name]), BigInteger).label(name) for name in ("events", "errors")]
    keys = (day, rows.c.event_type)
    found = (
        # Of rows that an undo took away a sum of zero is left until it is folded
        select(*keys, *sums).group_by(*keys).having(func.sum(rows.c.events) != 0).order_by(*keys)
    )
    return list(session.execute(found).mappings())


def count_by_hour(
    session: Session, period: Period, watched: Watched, hours: Sequence[datetime]
) -> list[RowMapping]:
    """Return `hour` (index in `hours`, from 1), `event_type`, `events` and `errors`."""
    rows = union_all(*_parts(period, watched, by_day=False)).subquery("counts")
    hour = func.width_bucket(rows.c.at, list(hours)).label("hour")
    sums = [cast(func.sum(rows.c[name]), BigInteger).label(name) for name in ("events", "errors")]
    found = (
        select(hour, rows.c.event_type, *sums)
        .group_by(hour, rows.c.event_type)
        .having(func.sum(rows.c.events) != 0)
    )
    return list(session.execute(found).mappings())


def rolled_errors(table: Table) -> ColumnElement[int]:
    """Return the errors of a rollup row: those with a code, or all of a type that is an error."""
    return case((func.is_error(null(), table.c.event_type), table.c.events), else_=table.c.errors)


def _parts(period: Period, watched: Watched, *, by_day: bool = True) -> list[Select[Any]]:
    # Rollups know no users
    if watched.users is not None:
        return [_events(period, watched)]
    cut = pieces(period, by_day=by_day)
    return [
        *(_counts(rollups, each, watched).where(rollups.c.grain == Grain.DAY) for each in cut.days),
        *(
            _counts(rollups, each, watched).where(rollups.c.grain == Grain.HALF_HOUR)
            for each in cut.half_hours
        ),
        *(_counts(deltas, each, watched) for each in cut.unfolded),
        *(_events(each, watched) for each in cut.raw),
    ]


def _counts(table: Table, period: Period, watched: Watched) -> Select[Any]:
    columns = table.c
    wanted = _matching(table, watched, columns["at"], period)
    return select(
        columns["at"], columns.event_type, columns.events, rolled_errors(table).label("errors")
    ).where(*wanted)


def _events(period: Period, watched: Watched) -> Select[Any]:
    columns = raw.c
    is_error = func.is_error(columns.error_code, columns.event_type)
    wanted = _matching(raw, watched, columns.created_at, period)
    wanted += [columns.user_id.in_(watched.users)] if watched.users is not None else []
    counted = (literal(1, Integer).label("events"), cast(is_error, Integer).label("errors"))
    return select(columns.created_at.label("at"), columns.event_type, *counted).where(*wanted)


def _matching(
    table: Table, watched: Watched, at: ColumnElement[Any], period: Period
) -> list[ColumnElement[bool]]:
    found = [at >= period.start, at < period.end, table.c.environment == watched.environment]
    asked = {"app": watched.app, "release": watched.release}
    return found + [table.c[name] == value for name, value in asked.items() if value is not None]
