"""Indexes by latency and by cost of the days that are over (docs/decisions/0013): the slowest and
the most expensive requests are read from them, and storing the requests of today does not update
them.
"""

from datetime import UTC, datetime, time, timedelta

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, text

from core.database import partitions
from core.database.connections import engines
from core.database.connections.availability import translate_errors
from core.database.locks import Lock
from core.database.staging import driver_of
from core.platform import clock

PARENT = "ai_request_metrics"
# Late requests of a day come mostly within the first hour of the next
SETTLED_AFTER = timedelta(hours=1)
COLUMNS = {"latency": "total_latency_ms", "cost": "cost_usd"}
KNOWN = text("""
select relname, indisvalid from pg_index join pg_class on pg_class.oid = indexrelid
    where relname = any(:names)""")
CREATE = SQL(
    "create index concurrently {name} on {table} ({column} desc, id) where {column} is not null"
)
DROP = SQL("drop index concurrently {name}")


def begins_unordered() -> datetime:
    """Return since when days may have no such index yet."""
    return datetime.combine((clock.now() - SETTLED_AFTER).date(), time(), UTC)


def make() -> int:
    """Create missing indexes without blocking ingest, one process at a time; return how many."""
    # `create index concurrently` refuses to run in a transaction, and so the lock is the session's
    with (
        translate_errors(),
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        if not connection.scalar(
            text("select pg_try_advisory_lock(:lock)"), {"lock": Lock.ORDERED_DAYS}
        ):
            return 0
        try:
            # An index of a large day takes longer than the 30 s that a request has, and is made
            # only after all that write the table at that moment have ended
            connection.execute(text("set statement_timeout = 0; set lock_timeout = 0"))
            return _make_missing(connection)
        finally:
            # The connection goes back to the pool
            connection.execute(text("reset statement_timeout; reset lock_timeout"))
            connection.execute(
                text("select pg_advisory_unlock(:lock)"), {"lock": Lock.ORDERED_DAYS}
            )


def _make_missing(connection: Connection) -> int:
    """Create missing indexes, after dropping those that a killed process left invalid."""
    over = [
        part.name(PARENT)
        for part in partitions.list_parts(connection, PARENT)
        if part.end <= begins_unordered().date()
    ]
    wanted = {
        f"{table}_{measure}": (table, column)
        for table in over
        for measure, column in COLUMNS.items()
    }
    known: dict[str, bool] = {
        name: is_valid for name, is_valid in connection.execute(KNOWN, {"names": list(wanted)})
    }
    missing = [name for name in wanted if not known.get(name)]
    driver = driver_of(connection)
    for name in missing:
        if name in known:
            driver.execute(DROP.format(name=Identifier(name)))
        table, column = map(Identifier, wanted[name])
        driver.execute(CREATE.format(name=Identifier(name), table=table, column=column))
    return len(missing)
