"""Compute derived data again from raw rows, into temporary tables that shadow the real ones."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from psycopg import sql
from sqlalchemy import Table, column, exists, select, text
from sqlalchemy.orm import Session

from core.activity.ingest import events
from core.activity.ingest.funnel import subjects
from core.activity.ingest.seen_users import SEEN_USERS, user_days
from core.activity.models.events import Event
from core.ai_metrics.ingest import requests
from core.ai_metrics.ingest.request_sums import FRESH
from core.ai_metrics.models import AiRequest
from core.database import partitions
from core.database.rollups import add_sums
from core.database.sql_files import driver_statement
from core.database.staging import Connection, driver, rows_of
from core.database.tables import table_of

SHADOWED = (
    "event_deltas",
    "ai_request_deltas",
    "ai_dimension_deltas",
    "tool_deltas",
    "tool_dimension_deltas",
    "funnel_parts",
    "subjects",
    "event_apps",
    "user_days",
)
# With their indexes: `on conflict` in what is replayed names them
SHADOW = sql.SQL(
    "create temporary table {table} (like public.{table} including all) on commit drop"
)
SET_DAY = text(
    "select set_config('attune.since', :since, true), set_config('attune.until', :until, true)"
)
# When users were seen otherwise than by events and requests.
SPOKEN = (
    "select m.created_at, environment, app, release, user_id from conversations as c "
    "join messages as m on conversation_id = c.id",
    "select created_at, environment, app, release, user_id from conversations",
)


def shadow_tables(connection: Connection) -> None:
    """Create the temporary tables that shadow the real ones, and make the transaction read-only."""
    for table in map(sql.Identifier, SHADOWED):
        connection.execute(SHADOW.format(table=table))
    for made in ("copied_events", "fresh_events", "copied_requests", "fresh_requests"):
        connection.execute(driver_statement(__package__, made))
    subjects.TOUCHED.make(connection)
    # Temporary tables may still be written to; a statement that reached a real one would fail
    connection.execute("set transaction read only")


def replay(session: Session, zone: str) -> None:
    """Derive everything from all raw rows, a day at a time, as if they arrived now."""
    connection, given = driver(session), {"zone": zone, "import_id": None}
    for _ in _days(session, table_of(Event)):
        session.execute(user_days(rows_of([events.FRESH], SEEN_USERS)), given)
        session.execute(add_sums("event_deltas", events.SUMS))
        events.derive_parts(connection)
    for _ in _days(session, table_of(AiRequest)):
        session.execute(user_days(rows_of([FRESH], SEEN_USERS)), given)
        session.execute(add_sums("ai_request_deltas", requests.REQUEST_SUMS))
        session.execute(add_sums("ai_dimension_deltas", requests.DIMENSION_SUMS))
        session.execute(add_sums("tool_deltas", requests.TOOL_SUMS))
        session.execute(add_sums("tool_dimension_deltas", requests.TOOL_DIMENSION_SUMS))
    for spoken in SPOKEN:
        session.execute(user_days(text(spoken).columns(*map(column, SEEN_USERS))), given)
    for table in SHADOWED:
        # Autovacuum, which does it elsewhere, never sees temporary tables
        connection.execute(sql.SQL("analyze pg_temp.{}").format(sql.Identifier(table)))


def _days(session: Session, raw: Table) -> Iterator[date]:
    """Make the days with raw rows, one after the other, the one that statements treat as new."""
    for part in partitions.list_parts(session.connection(), raw.name):
        for number in range((part.end - part.first).days):
            day = part.first + number * partitions.DAY
            since = datetime.combine(day, time(), UTC)
            within = raw.c.created_at >= since, raw.c.created_at < since + partitions.DAY
            if session.scalar(select(exists().where(*within))):
                session.execute(
                    SET_DAY, {"since": str(since), "until": str(since + partitions.DAY)}
                )
                yield day
