"""Partitions by day, and by year for what is older: made ahead, or just before the rows that need them; never within their
transaction, which would hold everybody else up.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, text

from core import clock
from core.db import answering, engines

PARENTS = ("user_activity_events", "ai_request_metrics")
DAYS_BACK, DAYS_AHEAD = 31, 7
LOCK = 0x61747471
DAY = timedelta(days=1)
BOUNDS = re.compile(r"FROM \('(\d{4}-\d\d-\d\d)[^']*'\) TO \('(\d{4}-\d\d-\d\d)[^']*'\)")
PRESENT = text(
    "select relname, pg_get_expr(relpartbound, oid) from pg_class "
    "where oid in (select inhrelid from pg_inherits where inhparent = cast(:parent as regclass))"
)


@dataclass(frozen=True, order=True)
class Part:
    """The days of one partition, the last one excluded."""

    first: date
    end: date

    def name(self, parent: str) -> str:
        """Return its table's name."""
        last = "" if self.end - self.first == DAY else f"_{self.end:%Y%m%d}"
        return f"{parent}_p{self.first:%Y%m%d}{last}"


_known: dict[str, list[Part]] = {}
_lock = threading.Lock()


def make_ahead() -> None:
    """Make the days from the horizon to a week ahead."""
    today = clock.now().date()
    days = [today + number * DAY for number in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    for parent in PARENTS:
        _make(parent, days)


def make_for(parent: str, times: Iterable[datetime]) -> None:
    """Make what rows of these times need and is not there yet."""
    days = {moment.astimezone(UTC).date() for moment in times}
    known = _known.get(parent, [])
    missing = [day for day in days if not any(part.first <= day < part.end for part in known)]
    if missing:
        _make(parent, sorted(missing))


def forget() -> None:
    """Look again at what is there: another process may have dropped some."""
    with _lock:
        _known.clear()


def list_parts(connection: Connection, parent: str) -> list[Part]:
    """Return the partitions of a table, the oldest first."""
    found = []
    for _, bounds in connection.execute(PRESENT, {"parent": parent}):
        first, end = (date.fromisoformat(day) for day in BOUNDS.match(bounds.removeprefix("FOR VALUES ")).groups())  # type: ignore[union-attr]  # all are ours
        found.append(Part(first, end))
    return sorted(found)


def _make(parent: str, days: list[date]) -> None:
    with answering(), engines().core.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
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
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()
    with _lock:
        _known[parent] = present


def _wanted(day: date, present: list[Part]) -> Part | None:
    """Return the partition that a day needs: its own, or as much of its year as lies between those that are there."""
    if any(part.first <= day < part.end for part in present):
        return None
    if day >= clock.now().date() - DAYS_BACK * DAY:
        return Part(day, day + DAY)
    first = max([date(day.year, 1, 1), *(part.end for part in present if part.end <= day)])
    horizon = clock.now().date() - DAYS_BACK * DAY
    end = min([date(day.year + 1, 1, 1), horizon, *(part.first for part in present if part.first > day)])
    return Part(first, end)


def _create(connection: Connection, parent: str, part: Part) -> None:
    """Make a table, and only then attach it: that takes no lock which readers or writers would wait for."""
    name = part.name(parent)
    bounds = f"from ('{part.first} 00:00:00+00') to ('{part.end} 00:00:00+00')"
    connection.execute(text("set local lock_timeout = '2s'"))
    connection.execute(text(f"create table {name} (like {parent} including all)"))
    connection.execute(text(f"alter table {parent} attach partition {name} for values {bounds}"))
    connection.commit()
