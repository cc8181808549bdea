"""What happened, told upwards: written in the transaction of the deed, delivered to the features above by the worker.

Delivery is at least once and in order of writing as far as failures allow; a handler must be able to see an event twice.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, cast

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core import bus, clock
from core.db import Database, transaction
from core.tables import AiOutbox, CoreOutbox, table_of

log = logging.getLogger("attune.outbox")

TOPIC = "outbox"
BATCH = 100
MOST_TOGETHER = 1000  # things that are told of at once
LONGEST_PAUSE_S = 3600
TABLES: dict[Database, type[CoreOutbox] | type[AiOutbox]] = {Database.CORE: CoreOutbox, Database.AI: AiOutbox}
INSERTS = {database: insert(table_of(table)) for database, table in TABLES.items()}
Event: TypeAlias = CoreOutbox | AiOutbox
Handler: TypeAlias = Callable[[dict[str, Any]], None]

_handlers: dict[str, list[Handler]] = defaultdict(list)


def tell(session: Session, topic: str, payload: dict[str, Any], *, database: Database = Database.CORE) -> None:
    """Write down that something happened; it is told when the transaction commits."""
    session.execute(INSERTS[database], {"topic": topic, "payload": payload})
    if database is Database.CORE:  # the bus listens there; events of `ai` are found by the relay's next round
        bus.publish(session, TOPIC)


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register a function for a topic. It opens its own transaction, and may be called again with the same payload."""

    def register(handler: Handler) -> Handler:
        _handlers[topic].append(handler)
        return handler

    return register


def relay(database: Database) -> int:
    """Deliver what is due, oldest first, and return how many events were dealt with."""
    table = TABLES[database]
    with transaction(database) as session:
        due = select(table).where(table.due_at <= clock.now()).order_by(table.id).limit(BATCH).with_for_update(skip_locked=True)
        events = cast("Sequence[Event]", session.scalars(due).all())
        for together in _together(events):
            failed = _failed(together)
            for event in together:
                if event not in failed:
                    session.delete(event)
            for event in failed:
                event.attempts += 1
                event.due_at = clock.now() + pause_after(event.attempts)
        return len(events)


def pause_after(attempts: int) -> timedelta:
    """Return how long an event waits after so many failures: twice as long each time, at most an hour."""
    return timedelta(seconds=min(LONGEST_PAUSE_S, 2 ** min(attempts, 12)))


def _together(events: Sequence[Event]) -> list[list[Event]]:
    """Return events as they are delivered: as one, those in a row that only name things; it costs hardly more than one alone."""
    found: list[list[Event]] = []
    things = 0
    for event in events:
        things += _things(event)
        if not found or things > MOST_TOGETHER or not _are_alike(found[-1][-1], event):
            found.append([])
            things = _things(event)
        found[-1].append(event)
    return found


def _things(event: Event) -> int:
    return sum(len(each) for each in event.payload.values() if isinstance(each, list))


def _are_alike(one: Event, other: Event) -> bool:
    names_things = all(isinstance(each, list) for event in (one, other) for each in event.payload.values())
    return names_things and (one.topic, one.payload.keys()) == (other.topic, other.payload.keys())


def _failed(together: list[Event]) -> list[Event]:
    """Deliver some, and return those that could not be."""
    first = together[0]
    whole = (
        first.payload
        if len(together) == 1
        else {name: [thing for event in together for thing in event.payload[name]] for name in first.payload}
    )
    if _delivered(first.topic, whole):
        return []
    return together if len(together) == 1 else [event for event in together if not _delivered(event.topic, event.payload)]


def _delivered(topic: str, payload: dict[str, Any]) -> bool:
    for handler in _handlers[topic]:
        try:
            handler(payload)
        except Exception:
            log.exception("the outbox could not deliver %s", topic)
            return False
    return True
