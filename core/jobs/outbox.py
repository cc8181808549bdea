"""The outbox: events written in the transaction of a change, delivered to other features by the
worker.

Delivery is at least once, and in order unless a handler fails; handlers must accept an event twice.
"""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, cast

from sqlalchemy import FromClause, Select, Text, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.database import bus
from core.database.db import Database, transaction
from core.database.sql_files import compiled
from core.database.staging import driver
from core.database.tables import AiOutbox, CoreOutbox, table_of
from core.errors import Unavailable
from core.platform import clock

log = logging.getLogger("attune.outbox")

TOPIC = "outbox"
BATCH = 100
MAX_ITEMS_PER_DELIVERY = 1000  # list items in one delivery
MAX_PAUSE_S = 3600  # a handler that works again is tried within the hour
# Delivered events are deleted by then, so that a killed round does not deliver all of them again
ROUND_S = 20.0
# The transaction that locks the events is idle during deliveries, and one delivery may take several
# slow statements.
IDLE_TIMEOUT = text("set local idle_in_transaction_session_timeout = '10min'")
TABLES: dict[Database, type[CoreOutbox] | type[AiOutbox]] = {
    Database.CORE: CoreOutbox,
    Database.AI: AiOutbox,
}
INSERTS = {
    database: insert(table_of(table)).values(topic=bindparam("topic"), payload=bindparam("payload"))
    for database, table in TABLES.items()
}
# In one round trip and by the driver, in half the time: events are added with every model call
_ADDED = INSERTS[Database.CORE].returning(CoreOutbox.id).cte("added")
INSERT_AND_NOTIFY = compiled(select(bus.NOTIFY).select_from(_ADDED))
Event: TypeAlias = CoreOutbox | AiOutbox
Handler: TypeAlias = Callable[[dict[str, Any]], None]

_handlers: dict[str, list[Handler]] = defaultdict(list)


def add(
    session: Session, topic: str, payload: dict[str, Any], *, database: Database = Database.CORE
) -> None:
    """Store an event; it is delivered after the transaction commits."""
    # The bus listens on `core`; events of `ai` are found by the next round of `relay`
    if database is Database.AI:
        session.execute(INSERTS[database], {"topic": topic, "payload": payload})
    else:
        dumped = event(topic, payload) | {"payload": json.dumps(payload)}
        driver(session).execute(INSERT_AND_NOTIFY, dumped)


def added_where(changed: FromClause) -> Select[Any]:
    """Return a statement that adds an event when `changed` has a row, and then returns a row; its
    parameters are those of event().
    """
    event = select(bindparam("topic", type_=Text), bindparam("payload", type_=JSONB))
    stored = insert(table_of(CoreOutbox)).from_select(
        ["topic", "payload"], event.select_from(changed)
    )
    return select(bus.NOTIFY).select_from(stored.returning(CoreOutbox.id).cte("added"))


def event(topic: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a statement that adds an event and notifies the worker."""
    return {"topic": topic, "payload": payload, **bus.parameters(TOPIC)}


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register a handler for a topic.

    It opens its own transaction, and may be called again with the same payload.
    """

    def register(handler: Handler) -> Handler:
        _handlers[topic].append(handler)
        return handler

    return register


def relay(database: Database) -> int:
    """Deliver due events, oldest first, for at most ROUND_S; return how many were delivered or
    postponed.
    """
    table, deadline = TABLES[database], time.monotonic() + ROUND_S
    handled = 0
    with transaction(database) as session:
        session.execute(IDLE_TIMEOUT)
        due = (
            select(table)
            .where(table.due_at <= clock.now())
            .order_by(table.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)  # another worker delivers those
        )
        events = cast("Sequence[Event]", session.scalars(due).all())
        for group, is_delivered in _deliveries(events):
            for event in group:
                _delete_or_postpone(session, event, is_delivered=is_delivered)
            handled += len(group)
            if time.monotonic() >= deadline:
                break
    return handled


def _delete_or_postpone(session: Session, event: Event, *, is_delivered: bool) -> None:
    """Delete a delivered event, or postpone a failed one."""
    if is_delivered:
        session.delete(event)
        return
    event.attempts += 1
    event.due_at = clock.now() + retry_wait(event.attempts)


def retry_wait(attempts: int) -> timedelta:
    """Return the wait after a number of failed attempts: it doubles each time, up to an hour."""
    return timedelta(seconds=min(MAX_PAUSE_S, 2 ** min(attempts, 12)))


def _grouped(events: Sequence[Event]) -> list[list[Event]]:
    """Group consecutive events of a topic whose payloads are lists: one delivery of many costs
    little more than one of one.
    """
    groups: list[list[Event]] = []
    items = 0
    for event in events:
        items += _item_count(event)
        if (
            not groups
            or items > MAX_ITEMS_PER_DELIVERY
            or not _can_be_grouped(groups[-1][-1], event)
        ):
            groups.append([])
            items = _item_count(event)
        groups[-1].append(event)
    return groups


def _item_count(event: Event) -> int:
    return sum(len(value) for value in event.payload.values() if isinstance(value, list))


def _can_be_grouped(first: Event, second: Event) -> bool:
    have_lists = all(
        isinstance(value, list) for event in (first, second) for value in event.payload.values()
    )
    return have_lists and (first.topic, first.payload.keys()) == (
        second.topic,
        second.payload.keys(),
    )


def _deliveries(events: Sequence[Event]) -> Iterator[tuple[list[Event], bool]]:
    """Deliver events, and yield groups with whether the delivery succeeded."""
    for group in _grouped(events):
        if len(group) > 1 and _deliver(group[0].topic, _merged_payload(group)):
            yield group, True
        else:
            yield from (([event], _deliver(event.topic, event.payload)) for event in group)


def _merged_payload(group: list[Event]) -> dict[str, Any]:
    return {
        name: [item for event in group for item in event.payload[name]] for name in group[0].payload
    }


def _deliver(topic: str, payload: dict[str, Any]) -> bool:
    for handler in _handlers[topic]:
        try:
            handler(payload)
        except Unavailable as outage:
            log.warning("the outbox could not deliver %s: %s", topic, outage.detail)
            return False
        except Exception:
            log.exception("the outbox could not deliver %s", topic)
            return False
    return True
