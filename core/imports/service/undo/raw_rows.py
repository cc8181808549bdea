"""Undo of an import's events and AI requests: some thousand in a transaction, from the newest back,
with all derived from them.

Rollups lose what ingest's own statements make of the removed rows; they are not rebuilt, for they
outlive the raw rows. Parts of the funnel (funnel_parts.py) and the days of users (user_days.py) are
no sums: they follow from the rows that remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import Insert
from sqlalchemy.orm import Session

from core.activity.ingest import events
from core.activity.ingest.rollups import EVENTS as EVENT_ROLLUPS
from core.ai_metrics.ingest import dimension_backfill, requests
from core.ai_metrics.ingest.rollups import DIMENSIONS as DIMENSION_ROLLUPS
from core.ai_metrics.ingest.rollups import REQUESTS as REQUEST_ROLLUPS
from core.ai_metrics.ingest.rollups import TOOL_DIMENSIONS as TOOL_DIMENSION_ROLLUPS
from core.ai_metrics.ingest.rollups import TOOLS as TOOL_ROLLUPS
from core.database.locks import Lock
from core.database.rollups import subtract_sums
from core.database.staging import Stage, driver
from core.imports.service.undo import user_days
from core.imports.service.undo.funnel import funnel_parts
from core.scores import service as scores

# What is removed stands in tables as ingest has what is new.
FRESH_EVENTS = Stage(
    events.FRESH,
    {
        name: events.EVENTS.columns[name]
        for name in ("created_at", "user_id", "session_id", "event_type")
    }
    | {"is_error": "boolean", "environment": "text", "app": "text", "release": "text"},
)
AT_ONCE = 20_000
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

# Partitions later than the place where the last transaction stopped are not looked at again.
BOUND = """
select created_at, id from (
    select created_at, id from {table} where import_id = %(import_id)s and created_at <= %(latest)s
    order by created_at desc, id desc limit %(at_once)s
) as newest order by created_at, id limit 1"""
SCORED = """
select array_agg(id) || array_agg(distinct message_id) from ai_request_metrics
where import_id = %(import_id)s and created_at between %(since)s and %(latest)s
    and (created_at, id) >= (%(since)s, %(id)s)"""
REMOVE = """
with gone as (
    delete from {table} where import_id = %(import_id)s and created_at between %(since)s
        and %(latest)s
        and (created_at, id) >= (%(since)s, %(id)s)
    returning {columns}
)
insert into {stage} select * from gone"""


@dataclass(frozen=True)
class RawTable:
    """One kind of raw rows: where those that go are held, and what subtracts them from rollups."""

    table: str
    stage: Stage
    subtracted: Sequence[Insert]

    def composed(self, statement: str) -> sql.Composed:
        """Return a statement for this table and its stage."""
        own = {"is_error": sql.SQL("error_code is not null")}
        columns = sql.SQL(", ").join(
            own.get(name, sql.Identifier(name)) for name in self.stage.columns
        )
        table, stage = sql.Identifier(self.table), sql.Identifier(self.stage.name)
        return sql.SQL(statement).format(table=table, stage=stage, columns=columns)


EVENTS = RawTable(
    "user_activity_events", FRESH_EVENTS, (subtract_sums(EVENT_ROLLUPS, events.SUMS),)
)
REQUESTS = RawTable(
    "ai_request_metrics",
    requests.STORED_ROWS,
    (
        subtract_sums(REQUEST_ROLLUPS, requests.REQUEST_SUMS),
        subtract_sums(DIMENSION_ROLLUPS, requests.DIMENSION_SUMS),
        subtract_sums(TOOL_ROLLUPS, requests.TOOL_SUMS),
        subtract_sums(TOOL_DIMENSION_ROLLUPS, requests.TOOL_DIMENSION_SUMS),
    ),
)


def take_some(
    session: Session, import_id: UUID, *, raw: RawTable, latest: datetime
) -> tuple[int, datetime] | None:
    """Remove some rows of an import, none of which is later than `latest`: return how many, and the
    time of the oldest; None when there were none.
    """
    connection = driver(session)
    given: dict[str, Any] = {"import_id": import_id, "latest": latest, "at_once": AT_ONCE}
    if raw is REQUESTS:
        connection.execute("select pg_advisory_xact_lock(%s)", [Lock.STORED_REQUESTS])
        dimension_backfill.build_rest(session)
    bound = connection.execute(raw.composed(BOUND), given).fetchone()
    if bound is None:
        return None
    given |= {"since": bound[0], "id": bound[1]}
    if raw is REQUESTS:
        removed = connection.execute(SCORED, given).fetchone()
        scores.forget_requests(session, list(removed[0]) if removed else [])
    # Both, of whichever table the rows are: the days of users are read from both
    for stage in (FRESH_EVENTS, requests.STORED_ROWS):
        stage.make(connection)
    rows = connection.execute(raw.composed(REMOVE), given).rowcount
    # Nothing else tells the planner how many rows there are: autovacuum sees no temporary table.
    connection.execute(raw.composed("analyze {stage}"))
    for statement in raw.subtracted:
        session.execute(statement)
    if raw is EVENTS:
        funnel_parts.rebuild(session)
    user_days.forget_removed(session, import_id)
    return rows, bound[0]
