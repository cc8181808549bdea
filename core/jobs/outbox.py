"""The outbox: written in the transaction of a change, delivered to higher features by the worker.

Delivery is at least once and in order of writing as far as failures allow; a handler must be able to see an event twice.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, cast

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import Database, transaction
from core.database.tables import AiOutbox, CoreOutbox, table_of
from core.platform import clock

log = logging.getLogger("attune.outbox")

TOPIC = "outbox"
BATCH = 100
MOST_TOGETHER = 1000  # things that are told of at once
LONGEST_PAUSE_S = 3600
ROUND_S = 20.0  # what was delivered is forgotten by then: a round that dies later does not deliver all of it again
# The transaction that holds the events says nothing while they are delivered, and one delivery may be several slow statements.
PATIENCE = text("set local idle_in_transaction_session_timeout = '10min'")
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
    """Deliver what is due, oldest first, for some seconds, and return how many events were dealt with."""
    table, until = TABLES[database], time.monotonic() + ROUND_S
    dealt_with = 0
    with transaction(database) as session:
        session.execute(PATIENCE)
        due = select(table).where(table.due_at <= clock.now()).order_by(table.id).limit(BATCH).with_for_update(skip_locked=True)
        events = cast("Sequence[Event]", session.scalars(due).all())
        for some, are_told in _deliveries(events):
            for event in some:
                _settle(session, event, is_told=are_told)
            dealt_with += len(some)
            if time.monotonic() >= until:
                break
    return dealt_with


def _settle(session: Session, event: Event, *, is_told: bool) -> None:
    """Forget what was delivered, and have the rest wait."""
    if is_told:
        session.delete(event)
        return
    event.attempts += 1
    event.due_at = clock.now() + pause_after(event.attempts)


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


def _deliveries(events: Sequence[Event]) -> Iterator[tuple[list[Event], bool]]:
    """Deliver events as far as somebody asks, and yield some at a time with whether they were."""
    for together in _together(events):
        if len(together) > 1 and _delivered(together[0].topic, _as_one(together)):
            yield together, True
        else:
            yield from (([event], _delivered(event.topic, event.payload)) for event in together)


def _as_one(together: list[Event]) -> dict[str, Any]:
    return {name: [thing for event in together for thing in event.payload[name]] for name in together[0].payload}


def _delivered(topic: str, payload: dict[str, Any]) -> bool:
    for handler in _handlers[topic]:
        try:
            handler(payload)
        except Exception:
            log.exception("the outbox could not deliver %s", topic)
            return False
    return True
