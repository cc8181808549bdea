"""Rollups by dimension, of calls of tools by dimension, and of what costs vary by, of the requests
that were stored before these rollups were maintained.

A day at a time, from the latest back, each in one transaction with the time that they reach back
to; before it, readers take raw rows. What changes stored requests has all built first: it takes
away from rollups that hold the rows.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Insert, func, insert, select, text
from sqlalchemy.orm import Session

from core.ai_metrics.ingest.request_sums import costs_in_total
from core.ai_metrics.ingest.requests import DIMENSION_SUMS, STORED_ROWS, TOOL_DIMENSION_SUMS
from core.ai_metrics.models import AiRequest
from core.database.db import transaction
from core.database.locks import Lock
from core.database.rollups import add_sums
from core.database.settings import (
    DimensionRollups,
    Sealed,
    ToolDimensionRollups,
    amend,
    read,
)
from core.database.staging import driver
from core.database.tables import table_of
from core.presentation.periods import DAY

raw = table_of(AiRequest)
LONGEST_DAY = text("select set_config('statement_timeout', '10min', true)")


@dataclass(frozen=True)
class Backfill:
    """What is added for stored requests, and the settings that say how far back it is there."""

    reach: type[DimensionRollups]
    additions: tuple[Insert, ...]


# In this order: values of dimensions get their places by the first.
BACKFILLS = (
    Backfill(
        DimensionRollups,
        (
            add_sums("ai_dimension_deltas", DIMENSION_SUMS),
            add_sums("ai_request_deltas", costs_in_total()),
        ),
    ),
    Backfill(
        ToolDimensionRollups,
        (add_sums("tool_dimension_deltas", TOOL_DIMENSION_SUMS),),
    ),
)


def build() -> None:
    """Build what is missing, a transaction a day."""
    more = True
    while more:
        with transaction() as session:
            session.execute(
                text("select pg_advisory_xact_lock(:lock)"), {"lock": Lock.STORED_REQUESTS}
            )
            more = _build_day(session)


def build_rest(session: Session) -> None:
    """Build what is missing in a transaction that holds Lock.STORED_REQUESTS."""
    while _build_day(session):
        pass


def is_pending(session: Session) -> bool:
    """Whether days are missing."""
    return any(read(session, each.reach).arrived_before is not None for each in BACKFILLS)


def _build_day(session: Session) -> bool:
    """Build the latest missing day; return whether there was one."""
    return any(_build_day_of(session, each) for each in BACKFILLS)


def _build_day_of(session: Session, backfill: Backfill) -> bool:
    found = read(session, backfill.reach)
    if found.arrived_before is None:
        return False
    last = session.scalar(select(func.max(raw.c.created_at)).where(raw.c.created_at < found.since))
    if last is None:
        # There is nothing to build from what retention has deleted
        sealed = read(session, Sealed).until("ai_request_metrics")
        amend(session, backfill.reach(since=sealed, arrived_before=None), by=None)
        return False
    start = last.replace(hour=0, minute=0, second=0, microsecond=0)
    _add(session, backfill, start, found.arrived_before)
    amend(session, backfill.reach(since=start), by=None)
    return True


def _add(session: Session, backfill: Backfill, start: datetime, arrived_before: datetime) -> None:
    """Add a day's requests that arrived before ingest added them."""
    session.execute(LONGEST_DAY)
    connection, rows = driver(session), STORED_ROWS.table
    STORED_ROWS.make(connection)
    wanted = select(*(raw.c[name] for name in STORED_ROWS.columns)).where(
        raw.c.created_at >= start,
        raw.c.created_at < start + DAY,
        raw.c.received_at < arrived_before,
    )
    session.execute(insert(rows).from_select(list(STORED_ROWS.columns), wanted))
    # The planner knows nothing of a temporary table that was just filled
    connection.execute("analyze fresh_requests")
    for addition in backfill.additions:
        session.execute(addition)
    session.execute(text("delete from fresh_requests"))
