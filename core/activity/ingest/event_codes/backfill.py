"""Mark the earlier events of types that got their code late, from raw rows, the latest first.

A stretch of time is one transaction, and a mark that is there already is added once: whoever is
killed goes on where the last stretch ended.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import ARRAY, Text, bindparam, func, select, text
from sqlalchemy.orm import Session

from core.activity.ingest import events
from core.activity.ingest.funnel import subjects
from core.activity.models.funnels import MOST_CODES, FunnelEvent
from core.activity.queries.funnels.funnel import MOMENT, FunnelRule
from core.activity.queries.funnels.workspace_funnel import hold_workspace_funnel
from core.database.db import retry_on_conflict, transaction
from core.database.locks import Lock
from core.database.sql_files import compiled, statement
from core.database.staging import driver
from core.database.tables import table_of
from core.errors import LimitReached

# In larger stretches more events are marked a second, and no sender waits for one
EVENTS_AT_ONCE = 40_000
# A stretch may take longer than the 30 s that a request has, and so may the undo that it waits for
UNHURRIED = text(
    "select set_config('statement_timeout', '5min', true), set_config('lock_timeout', '0', true)"
)
# Waits for the undo of an import: rows from which it takes marks must not get them again.
LOCK = text("lock table funnel_parts in row exclusive mode")
coded = table_of(FunnelEvent)


def give_codes(session: Session, types: Sequence[str]) -> None:
    """Give a code to received event types; raise LimitReached when there are none left.

    Whoever derives from events waits for the end of the transaction: it knows the code of all of
    them, or leaves them to the backfill.
    """
    new = check_codes(session, types)
    if not new:
        return
    # In this order, or two processes could wait for each other
    session.execute(select(func.pg_advisory_xact_lock(Lock.EVENT_TYPES)))
    session.execute(select(func.pg_advisory_xact_lock(Lock.FUNNEL)))
    session.execute(statement(__package__, "give_codes"), {"types": new})


def check_codes(session: Session, types: Iterable[str]) -> list[str]:
    """Return the event types that have no code; raise LimitReached when there are not enough."""
    known = set(session.scalars(select(coded.c.event_type)))
    new = sorted(set(types) - known)
    if new and len(known) + len(new) > MOST_CODES:
        raise LimitReached(
            f"At most {MOST_CODES} event types can be steps of saved funnels. Choose types that "
            "are steps already."
        )
    return new


def mark_stretch() -> bool:
    """Mark the latest stretch of events without marks; return whether there was one."""
    return retry_on_conflict(_mark_stretch)


def _mark_stretch() -> bool:
    with transaction() as session:
        session.execute(UNHURRIED)
        session.execute(LOCK)
        found = session.execute(
            statement(__package__, "next_stretch"), {"most": EVENTS_AT_ONCE}
        ).one_or_none()
        if found is None:
            return False
        connection = driver(session)
        rule = hold_workspace_funnel(connection).rule
        with subjects.alone():
            row = connection.execute(_marking(rule), found._asdict()).fetchone()
            subjects.follow(connection, rule, *(keys or [] for keys in (row or ())[1:]))
        done = coded.update().where(coded.c.event_type.in_(found.types))
        session.execute(done.values(marked_since=found.since))
        return True


@lru_cache(maxsize=8)
def _marking(rule: FunnelRule) -> bytes:
    raw = events.raw.c
    fresh = select(*events.SHOWN).where(
        raw.event_type == func.any(bindparam("types", type_=ARRAY(Text))),
        raw.created_at >= bindparam("since", type_=MOMENT),
        raw.created_at < bindparam("until", type_=MOMENT),
    )
    return compiled(events.deriving(rule, fresh.cte(events.FRESH).prefix_with("materialized")))
