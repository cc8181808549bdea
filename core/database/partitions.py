"""Partitions by day, and by year for what is older: made ahead, or just before the rows that need them; never within their
transaction, which would hold everybody else up.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, CursorResult, text
from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import after_commit, answering, engines
from core.database.locks import Lock
from core.platform import clock

PARENTS = ("user_activity_events", "ai_request_metrics")
DAYS_BACK, DAYS_AHEAD = 31, 7
CHANGED = "partitions changed"
PAGES_AT_ONCE = 2000
OLD = "created_at < :before and received_at < :before"
NOT_HELD = "(import_id is null or received_at < :undoable)"
OVER = f"{OLD} and {NOT_HELD}"
DAY = timedelta(days=1)
BOUNDS = re.compile(r"FROM \('(\d{4}-\d\d-\d\d)[^']*'\) TO \('(\d{4}-\d\d-\d\d)[^']*'\)")
PRESENT = text(
    "select relname, pg_get_expr(relpartbound, oid) from pg_class "
    "where oid in (select inhrelid from pg_inherits where inhparent = cast(:parent as regclass))"
)


@dataclass(frozen=True, order=True)
class Partition:
    """The days of one partition, the last one excluded."""

    first: date
    end: date

    @property
    def is_day(self) -> bool:
        """Whether it is one day, and not a part of a year."""
        return self.end - self.first == DAY

    def name(self, parent: str) -> str:
        """Return its table's name."""
        last = "" if self.is_day else f"_{self.end:%Y%m%d}"
        return f"{parent}_p{self.first:%Y%m%d}{last}"


@dataclass(frozen=True)
class Horizon:
    """What is over: what happened and arrived before a moment; of an import, only what cannot be undone any more."""

    before: datetime
    undoable: datetime

    @property
    def filled(self) -> dict[str, Any]:
        """What the statements have in place of its fields."""
        return {"before": self.before, "undoable": self.undoable}


class Counted(NamedTuple):
    """How many rows of a partition are over, how many would be but for the undo of an import, and how many there are."""

    over: int
    held: int
    whole: int

    @property
    def is_held(self) -> bool:
        """Whether nothing but imports keeps it."""
        return self.held > 0 and self.over + self.held == self.whole


_known: dict[str, list[Partition]] = {}
_lock = threading.Lock()


def make_ahead() -> None:
    """Make the days from the horizon to a week ahead."""
    today = clock.now().date()
    days = [today + number * DAY for number in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    for parent in PARENTS:
        _make(parent, days)


def make_for(parent: str, times: Iterable[datetime]) -> None:
    """Make what rows of these times need and is not there yet."""
    if missing := _missing(parent, times):
        _make(parent, sorted(missing))


def are_made(parent: str, times: Iterable[datetime]) -> bool:
    """Whether all that rows of these times need is known to be there; nothing is asked of the database."""
    return not _missing(parent, times)


def _missing(parent: str, times: Iterable[datetime]) -> list[date]:
    days = {moment.astimezone(UTC).date() for moment in times}
    known = _known.get(parent, [])
    return [day for day in days if not any(part.first <= day < part.end for part in known)]


def forget(_hint: bus.Hint = None) -> None:
    """Look again at what is there: another process may have dropped some."""
    with _lock:
        _known.clear()


bus.subscribe(CHANGED, forget)


def list_parts(connection: Connection, parent: str) -> list[Partition]:
    """Return the partitions of a table, the oldest first."""
    found = []
    for _, bounds in connection.execute(PRESENT, {"parent": parent}):
        first, end = (date.fromisoformat(day) for day in BOUNDS.match(bounds.removeprefix("FOR VALUES ")).groups())  # type: ignore[union-attr]  # all are ours
        found.append(Partition(first, end))
    return sorted(found)


def is_made_ahead(part: Partition) -> bool:
    """Whether it would be made again at once, though it is empty."""
    return part.first >= clock.now().date() - DAYS_BACK * DAY


def count_over(session: Session, table: str, horizon: Horizon) -> Counted:
    """Return how many rows of a partition are over."""
    counts = f"count(*) filter (where {OVER}), count(*) filter (where {OLD} and not {NOT_HELD}), count(*)"
    return Counted(*session.execute(text(f"select {counts} from {table}"), horizon.filled).one())  # noqa: S608


def drop(session: Session, parent: str, part: Partition, *, horizon: Horizon) -> int | None:
    """Drop a partition whose every row is over, and return how many it had; else return None.

    Writers of these old days wait while we look; everybody else only while the partition leaves, and for 300 ms at most,
    after which this raises Unavailable and nothing has changed.
    """
    name = part.name(parent)
    session.execute(text("set local lock_timeout = '300ms'"))
    session.execute(text(f"lock table only {name} in share mode"))
    over, _, whole = count_over(session, name, horizon)
    if over < whole:
        return None
    session.execute(text(f"alter table {parent} detach partition {name}"))
    session.execute(text(f"drop table {name}"))
    after_commit(session, forget)
    bus.publish(session, CHANGED)
    return whole


def delete_over(session: Session, parent: str, part: Partition, *, page: int, horizon: Horizon) -> int | None:
    """Delete what is over from some pages of a partition, and return how many rows that were; None after the last page."""
    name = part.name(parent)
    size = text("select pg_relation_size(cast(:name as regclass)) / current_setting('block_size')::int")
    if page >= (session.scalar(size, {"name": name}) or 0):
        return None
    within = {"first": f"({page},0)", "end": f"({page + PAGES_AT_ONCE},0)", **horizon.filled}
    pages = f"ctid >= cast(:first as tid) and ctid < cast(:end as tid) and {OVER}"
    return cast("CursorResult[Any]", session.execute(text(f"delete from {name} where {pages}"), within)).rowcount  # noqa: S608


def _make(parent: str, days: list[date]) -> None:
    with answering(), engines().core.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": Lock.PARTITIONS})
        try:
            present = list_parts(connection, parent)
            for day in days:
                part = _wanted(day, present)
                if part is not None:
                    _create(connection, parent, part)
                    present = sorted([*present, part])
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.PARTITIONS})
            connection.commit()
    with _lock:
        _known[parent] = present


def _wanted(day: date, present: list[Partition]) -> Partition | None:
    """Return the partition that a day needs: its own, or as much of its year as lies between those that are there."""
    if any(part.first <= day < part.end for part in present):
        return None
    if day >= clock.now().date() - DAYS_BACK * DAY:
        return Partition(day, day + DAY)
    first = max([date(day.year, 1, 1), *(part.end for part in present if part.end <= day)])
    horizon = clock.now().date() - DAYS_BACK * DAY
    end = min([date(day.year + 1, 1, 1), horizon, *(part.first for part in present if part.first > day)])
    return Partition(first, end)


def _create(connection: Connection, parent: str, part: Partition) -> None:
    """Make a table, and only then attach it: that takes no lock which readers or writers would wait for."""
    name = part.name(parent)
    bounds = f"from ('{part.first} 00:00:00+00') to ('{part.end} 00:00:00+00')"
    connection.execute(text("set local lock_timeout = '2s'"))
    connection.execute(text(f"create table {name} (like {parent} including all)"))
    connection.execute(text(f"alter table {parent} attach partition {name} for values {bounds}"))
    connection.commit()
