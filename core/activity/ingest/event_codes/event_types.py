"""Register event types when they are first received."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.activity.models.funnels import EventType
from core.activity.schemas import NewEvent
from core.database.db import dedicated_session
from core.database.locks import Lock
from core.database.sql_files import statement

# Each code may add 32 marks to the lists that every batch of a user writes: whatever comes after
# these gets one when it becomes a step.
MOST_CODED = 64
MOST_TYPES = 2000  # who sends another type with each event gets no further ones

_known: set[str] = set()


def register(session: Session, events: Iterable[NewEvent]) -> None:
    """Register the types of these events, before the session's transaction stores any of them.

    In a transaction of its own: two that store the same new types never wait for each other.
    """
    new = {event.event_type for event in events} - _known
    if not new or len(_known) >= MOST_TYPES:
        return
    # Types are never removed: what is known here stays true
    _known.update(session.scalars(select(EventType.event_type)))
    if not new <= _known:
        _register(sorted(new - _known))


def forget() -> None:
    """Forget which types are registered, for tests that empty the tables."""
    _known.clear()


def _register(types: list[str]) -> None:
    with dedicated_session() as session:
        # The number of types is limited: two processes must not count at once
        session.execute(select(func.pg_advisory_xact_lock(Lock.EVENT_TYPES)))
        given = {"types": types, "most_types": MOST_TYPES, "most_coded": MOST_CODED}
        session.execute(statement(__package__, "register_event_types"), given)
