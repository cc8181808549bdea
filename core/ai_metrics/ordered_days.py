"""Indexes by latency and by cost of the days that are over (docs/decisions/0031): the slowest and the dearest requests are read
from them, and whoever sends the requests of today pays nothing for them.
"""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, text

from core import clock, partitions
from core.db import answering, engines
from core.locks import Lock
from core.partitions import Part

PARENT = "ai_request_metrics"
SETTLED_AFTER = timedelta(hours=1)  # late requests of a day come mostly within the first hour of the next
COLUMNS = {"latency": "total_latency_ms", "cost": "cost_usd"}
IS_VALID = text("select indisvalid from pg_index where indexrelid = to_regclass(:name)")


def begins_unordered() -> datetime:
    """Return since when days may have no such index yet."""
    return datetime.combine((clock.now() - SETTLED_AFTER).date(), time(), UTC)


def make() -> int:
    """Make the indexes that are missing, and return how many; requests come in meanwhile. One process makes them at a time."""
    with answering(), engines().core.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": Lock.ORDERED_DAYS}):
            return 0
        try:
            connection.execute(text("set statement_timeout = 0"))
            parts = [part for part in partitions.list_parts(connection, PARENT) if _is_over(part)]
            return sum(_make(connection, part, measure) for part in parts for measure in COLUMNS)
        finally:
            connection.execute(text("reset statement_timeout"))
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.ORDERED_DAYS})


def _is_over(part: Part) -> bool:
    return part.end <= begins_unordered().date()


def _make(connection: Connection, part: Part, measure: str) -> bool:
    """Make an index, unless it is there; what a process that was killed left of it goes first."""
    table, column = part.name(PARENT), COLUMNS[measure]
    name = f"{table}_{measure}"
    is_valid = connection.scalar(IS_VALID, {"name": name})
    if is_valid:
        return False
    if is_valid is not None:
        connection.execute(text(f"drop index concurrently {name}"))
    wanted = f"on {table} ({column} desc, id) where {column} is not null"
    connection.execute(text(f"create index concurrently {name} {wanted}"))
    return True
