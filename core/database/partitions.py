"""Partitions by day, and by year for older rows.

They are created in advance, or before the rows that need them, but in a transaction of their own,
because that locks the table.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, NamedTuple, cast

from psycopg import sql
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    FromClause,
    TableClause,
    Uuid,
    and_,
    column,
    delete,
    func,
    not_,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from core.database import bus
from core.database.connections import engines
from core.database.connections.availability import translate_errors
from core.database.db import after_commit
from core.database.locks import Lock
from core.database.staging import driver_of
from core.platform import clock

PARENTS = ("user_activity_events", "ai_request_metrics")
# As many days as raw rows are kept by default, and the open one
DAYS_BACK, DAYS_AHEAD = 31, 7
CHANGED = "partitions changed"
ROWS_AT_ONCE = 50_000
DAY = timedelta(days=1)
MOMENT = DateTime(timezone=True)
# Postgres writes bounds in the zone of the connection, which is UTC (time_limits.py)
BOUNDS = re.compile(r"FROM \('(\d{4}-\d\d-\d\d)[^']*'\) TO \('(\d{4}-\d\d-\d\d)[^']*'\)")
PRESENT = text(
    "select relname, pg_get_expr(relpartbound, oid) from pg_class "
    "where oid in (select inhrelid from pg_inherits where inhparent = cast(:parent as regclass))"
)


@dataclass(frozen=True, order=True)
class Partition:
    """The days of one partition; `end` is exclusive."""

    first: date
    end: date

    @property
    def is_day(self) -> bool:
        """Whether it is one day rather than a part of a year."""
        return self.end - self.first == DAY

    def name(self, parent: str) -> str:
        """Return the name of its table."""
        last = "" if self.is_day else f"_{self.end:%Y%m%d}"
        return f"{parent}_p{self.first:%Y%m%d}{last}"


@dataclass(frozen=True)
class Horizon:
    """Which rows are expired: older than a time, and no longer part of an undoable import."""

    before: datetime
    undoable: datetime

    def is_old(self, rows: FromClause) -> ColumnElement[bool]:
        """Return the condition that a row happened and arrived before."""
        return and_(rows.c.created_at < self.before, rows.c.received_at < self.before)

    def is_held(self, rows: FromClause) -> ColumnElement[bool]:
        """Return the condition that the undo of an import may still need a row."""
        return and_(rows.c.import_id.is_not(None), rows.c.received_at >= self.undoable)

    def is_expired(self, rows: FromClause) -> ColumnElement[bool]:
        """Return the condition that a row is old, and that no undo needs it."""
        return and_(self.is_old(rows), not_(self.is_held(rows)))


class PartitionCounts(NamedTuple):
    """Counts of a partition's rows: expired, kept for the undo of an import, and all."""

    expired: int
    held: int
    whole: int

    @property
    def is_held(self) -> bool:
        """Whether only imports keep it."""
        return self.held > 0 and self.expired + self.held == self.whole


class DeletedRows(NamedTuple):
    """How many rows were deleted, and the time until which all rows were looked at."""

    rows: int
    until: datetime


_known: dict[str, list[Partition]] = {}
_lock = threading.Lock()


def create_ahead() -> None:
    """Create the daily partitions from the horizon to a week ahead."""
    today = clock.now().date()
    days = [today + number * DAY for number in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    for parent in PARENTS:
        _create_missing(parent, days)


def create_for(parent: str, times: Iterable[datetime]) -> None:
    """Create the missing partitions for rows of these times."""
    if missing := _missing(parent, times):
        _create_missing(parent, sorted(missing))


def exist_for(parent: str, times: Iterable[datetime]) -> bool:
    """Whether all partitions for these times are known to exist, without a query."""
    return not _missing(parent, times)


def _missing(parent: str, times: Iterable[datetime]) -> list[date]:
    days = {moment.astimezone(UTC).date() for moment in times}
    known = _known.get(parent, [])
    return [day for day in days if not any(part.first <= day < part.end for part in known)]


def clear_cache(_hint: bus.Hint = None) -> None:
    """Clear the known partitions: another process may have dropped some."""
    with _lock:
        _known.clear()


bus.subscribe(CHANGED, clear_cache)


def list_parts(connection: Connection, parent: str) -> list[Partition]:
    """Return the partitions of a table, oldest first."""
    found = []
    for _, bounds in connection.execute(PRESENT, {"parent": parent}):
        first, end = (
            date.fromisoformat(day)
            # Attune creates all partitions, with bounds of this form.
            for day in BOUNDS.match(bounds.removeprefix("FOR VALUES ")).groups()  # type: ignore[union-attr]
        )
        found.append(Partition(first, end))
    return sorted(found)


def is_created_ahead(part: Partition) -> bool:
    """Whether it would be created again at once, although it is empty."""
    return part.first >= clock.now().date() - DAYS_BACK * DAY


def count_expired(session: Session, name: str, horizon: Horizon) -> PartitionCounts:
    """Return how many rows of a partition are expired."""
    rows = _rows(name)
    held = and_(horizon.is_old(rows), horizon.is_held(rows))
    counts = select(
        func.count().filter(horizon.is_expired(rows)), func.count().filter(held), func.count()
    )
    return PartitionCounts(*session.execute(counts.select_from(rows)).one())


def drop(session: Session, parent: str, part: Partition, *, horizon: Horizon) -> int | None:
    """Drop a partition whose rows are all expired, and return how many it had; else return None.

    Writers of these old days wait during the check; all others only while the partition is
    detached, for 300 ms at most, after which this raises Unavailable and nothing has changed.
    """
    name = part.name(parent)
    session.execute(text("set local lock_timeout = '300ms'"))
    # No row may arrive between the count and the drop
    _define(session.connection(), "lock table only {part} in share mode", part=name)
    expired, _, whole = count_expired(session, name, horizon)
    if expired < whole:
        return None
    _define(
        session.connection(),
        "alter table {parent} detach partition {part}",
        parent=parent,
        part=name,
    )
    _define(session.connection(), "drop table {part}", part=name)
    after_commit(session, clear_cache)
    bus.publish(session, CHANGED)
    return whole


def delete_expired(
    session: Session, parent: str, part: Partition, *, after: datetime, horizon: Horizon
) -> DeletedRows | None:
    """Delete expired rows among some later than `after`; return None after the last."""
    rows = _rows(part.name(parent))
    at = rows.c.created_at
    some = select(at).where(at > after).order_by(at).limit(ROWS_AT_ONCE).subquery("some")
    until = session.scalar(select(func.max(some.c.created_at)))
    if until is None:
        return None
    gone = session.execute(delete(rows).where(at > after, at <= until, horizon.is_expired(rows)))
    return DeletedRows(cast("CursorResult[Any]", gone).rowcount, until)


def _rows(name: str) -> TableClause:
    """Return a partition as a table, with the columns that say whether its rows are expired."""
    return table(
        name,
        column("created_at", MOMENT),
        column("received_at", MOMENT),
        column("import_id", Uuid()),
    )


def _define(connection: Connection, statement: LiteralString, **names: str) -> None:
    """Execute what parameters cannot name: the statement's names are quoted by the driver."""
    composed = sql.SQL(statement).format(
        **{key: sql.Identifier(name) for key, name in names.items()}
    )
    driver_of(connection).execute(composed)


def _create_missing(parent: str, days: list[date]) -> None:
    with translate_errors(), engines.current().core.connect() as connection:
        # The lock of a session, because each partition is committed by itself
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": Lock.PARTITIONS})
        try:
            present = list_parts(connection, parent)
            for day in days:
                part = _missing_partition(day, present)
                if part is not None:
                    _create(connection, parent, part)
                    present = sorted([*present, part])
            connection.commit()
        finally:
            connection.rollback()  # in a failed transaction, no unlocking would be executed
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.PARTITIONS})
            connection.commit()
    with _lock:
        _known[parent] = present


def _missing_partition(day: date, present: list[Partition]) -> Partition | None:
    """Return the partition to create for a day: the day, or a part of its year."""
    if any(part.first <= day < part.end for part in present):
        return None
    if day >= clock.now().date() - DAYS_BACK * DAY:
        return Partition(day, day + DAY)
    first = max([date(day.year, 1, 1), *(part.end for part in present if part.end <= day)])
    horizon = clock.now().date() - DAYS_BACK * DAY
    end = min(
        [date(day.year + 1, 1, 1), horizon, *(part.first for part in present if part.first > day)]
    )
    return Partition(first, end)


def _create(connection: Connection, parent: str, part: Partition) -> None:
    """Create a table, then attach it, which takes no lock that blocks readers or writers."""
    name = part.name(parent)
    connection.execute(text("set local lock_timeout = '2s'"))
    _define(
        connection, "create table {part} (like {parent} including all)", part=name, parent=parent
    )
    attach = sql.SQL("alter table {} attach partition {} for values from ({}) to ({})")
    bounds = (sql.Literal(f"{day} 00:00:00+00") for day in (part.first, part.end))
    driver_of(connection).execute(
        attach.format(sql.Identifier(parent), sql.Identifier(name), *bounds)
    )
    connection.commit()
