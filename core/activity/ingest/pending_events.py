"""Derive users, their days, parts and subjects from the rows of programs, soon after these were
stored; of AI requests users and days alone.

A row is pending from the transaction that stores it to the one that derives from it: whoever is
killed in between goes on there.
"""

import time
from functools import lru_cache

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.activity.ingest import events
from core.activity.ingest.funnel import subjects
from core.activity.ingest.seen_users import DERIVED_FROM, NO_EVENT, note_days, note_users
from core.activity.models.events import PendingEvent
from core.activity.queries.funnels.funnel import FunnelRule
from core.activity.queries.funnels.workspace_funnel import hold_workspace_funnel
from core.database import settings
from core.database.db import retry_on_conflict, transaction
from core.database.locks import Lock
from core.database.sql_files import compiled, driver_statement
from core.database.staging import Stage, driver
from core.ingest.rows import RowSource

AT_ONCE = 10_000
PAUSE_S = 0.2
ALONE = text("select pg_try_advisory_xact_lock(:lock)").bindparams(lock=Lock.PENDING_EVENTS)
# The planner knows nothing of tables that were filled since they were last analyzed: it would read
# all of one for each row.
BY_INDEX = text("select set_config('enable_seqscan', 'off', true)")
TAKEN = Stage(
    "taken_events",
    {name: events.EVENTS.columns[name] for name in DERIVED_FROM},
    has_short_rows=True,
)


def derive_some(at_once: int = AT_ONCE) -> int:
    """Derive from what has waited longest; return from how many rows, 0 when another process does
    it.
    """
    return retry_on_conflict(lambda: _derive_some(at_once))


def derive_all() -> None:
    """Derive from everything that is pending."""
    while derive_some():
        pass


def derive_until_now() -> None:
    """Derive from everything that is pending by now, and wait for what another process takes."""
    with transaction() as session:
        last = session.scalar(select(func.max(PendingEvent.id)))
    while last is not None and _is_pending(last):
        if not derive_some():
            time.sleep(PAUSE_S)


def _is_pending(last: int) -> bool:
    with transaction() as session:
        waiting = select(PendingEvent.id).where(PendingEvent.id <= last)
        return session.scalar(waiting.limit(1)) is not None


def _derive_some(at_once: int) -> int:
    with transaction() as session:
        taken = _take(session, at_once) if session.scalar(ALONE) else 0
        if taken:
            _derive(session)
        return taken


def _take(session: Session, at_once: int) -> int:
    connection = driver(session)
    TAKEN.make(connection)
    taking = driver_statement(__package__, "take_pending_events")
    return connection.execute(taking, {"at_once": at_once}).rowcount


def _derive(session: Session) -> None:
    session.execute(BY_INDEX)
    connection = driver(session)
    connection.execute(b"analyze taken_events")  # nothing else tells the planner how many
    rule = hold_workspace_funnel(connection).rule
    with subjects.alone():
        row = connection.execute(_deriving(rule)).fetchone()
        subjects.follow(connection, rule, *(keys or [] for keys in (row or ())[1:]))
    zone = settings.read(session, settings.Workspace).reporting_time_zone
    note_days(connection, TAKEN, RowSource("", zone))
    note_users(connection, TAKEN, import_id=None)


@lru_cache(maxsize=8)
def _deriving(rule: FunnelRule) -> bytes:
    taken = TAKEN.table
    fresh = select(taken).where(taken.c.event_type != NO_EVENT)
    return compiled(events.deriving(rule, fresh.cte(events.FRESH)))
