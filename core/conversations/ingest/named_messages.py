"""Feedback and scores that refer to messages before they are stored, or by an ambiguous name.

When messages are stored whose names they have used, other features are notified. Two locks make
sure that, of a message and the row that names it, the one stored later sees the other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database.locks import Lock
from core.database.staging import Connection, driver
from core.jobs import outbox

NAMED = "messages.named"
AT_ONCE = 1000
NOTE = """
insert into named_messages as present (id, name, named_at) values (%s, %s, %s)
on conflict (id) do update set name = excluded.name, named_at = excluded.named_at
    where excluded.named_at > present.named_at"""
# `offset 0` keeps the lookup by index: of a table that was just filled, Postgres has no statistics
AMONG = b"""
select distinct name from staged_messages cross join lateral (
    select name from named_messages where name = external_id offset 0) as named
order by name"""
OF = text("select id, name, named_at from named_messages where name = any(:names) order by id")


class MessageName(NamedTuple):
    """A name that feedback or a score of a time uses for a message."""

    row_id: UUID
    name: str
    named_at: datetime


def store(session: Session, names: Iterable[MessageName]) -> None:
    """Store names; commit before looking up the messages."""
    rows = sorted(names)
    if rows:
        connection = driver(session)
        connection.execute("select pg_advisory_xact_lock(%s)", [Lock.NAMES_OF_MESSAGES])
        with connection.cursor() as cursor:
            cursor.executemany(NOTE, rows)


def list_names(session: Session, names: Sequence[str]) -> list[MessageName]:
    """Return the feedback and scores that use these names for messages."""
    return [MessageName(*row) for row in session.execute(OF, {"names": list(names)})]


def named(connection: Connection) -> Iterable[tuple[str]]:
    """Return staged messages that a row names; locks against new names until the end."""
    # A separate statement, so that the next one sees what was committed during the wait.
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [Lock.NAMES_OF_MESSAGES])
    return connection.execute(AMONG)


def notify_stored(session: Session, names: Sequence[str]) -> None:
    """Notify other features that messages with these names are stored."""
    for first in range(0, len(names), AT_ONCE):
        outbox.add(session, NAMED, {"names": names[first : first + AT_ONCE]})
