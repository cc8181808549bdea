"""Analyze tables that an import has filled: without statistics an undo took a hundred times as
long.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine

from core.database import partitions
from core.database.connections import engines
from core.database.db import Database
from core.database.staging import driver_of
from core.imports.ingest.stores import STORES
from core.imports.models import Import
from core.imports.parsed import RowKind

ANALYZE = SQL("analyze {}")
USERS = ("users", "user_days")
FILLED: dict[RowKind, tuple[str, ...]] = {
    RowKind.EVENTS: (*USERS, "funnel_parts", "subjects"),
    RowKind.AI_REQUESTS: USERS,
    RowKind.CONVERSATIONS: ("conversations", "messages", *USERS),
    RowKind.FEEDBACK: ("ai_feedback",),
    RowKind.BATCH_RUNS: ("batch_run_history",),
    RowKind.DOCUMENTS: ("ai_kb_documents",),
    RowKind.MEMORIES: ("ai_memories",),
    RowKind.USERS: USERS,
    RowKind.SCORES: ("message_scores", "named_messages"),
    RowKind.ANNOTATIONS: ("ai_admin_annotations",),
}


def analyze(row: Import) -> None:
    """Collect statistics of the tables that an import has filled; of raw rows, of the days that it
    holds.
    """
    kinds = [RowKind(name) for name in row.counts]
    for database, engine in (
        (Database.CORE, engines.current().core),
        (Database.AI, engines.current().ai),
    ):
        here = [kind for kind in kinds if STORES[kind].database is database]
        if here:
            _analyze(engine, here, row.first_at, row.last_at)


def _analyze(
    engine: Engine, kinds: Iterable[RowKind], first_at: datetime | None, last_at: datetime | None
) -> None:
    # Each by itself: in one transaction the locks of all of them would be held to the end.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = {"import_traces", *(table for kind in kinds for table in FILLED[kind])}
        raw = [table for kind in kinds if (table := STORES[kind].table) is not None]
        if first_at is not None and last_at is not None:
            tables.update(
                name for table in raw for name in _parts(connection, table, first_at, last_at)
            )
        for table in sorted(tables):
            # A vacuum that Postgres began by itself ends for it; what else holds the table longer,
            # such as another worker's analyze of the same import, is no reason to fail.
            with suppress(LockNotAvailable):
                driver_of(connection).execute(ANALYZE.format(Identifier(table)))


def _parts(connection: Connection, table: str, first_at: datetime, last_at: datetime) -> list[str]:
    parts = partitions.list_parts(connection, table)
    return [
        part.name(table)
        for part in parts
        if part.first <= last_at.date() and part.end > first_at.date()
    ]
