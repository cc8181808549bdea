"""Feedback that names messages before they are stored, or by an ambiguous name (docs/decisions/0010).

Whoever stores messages says so to those above when one of them has been named. The two locks see to it that of a message and its
name, whichever is stored later knows of the other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.conversations.messages import MESSAGES
from core.database.locks import Lock
from core.database.staging import Connection, driver
from core.jobs import outbox

NAMED = "messages.named"
AT_ONCE = 1000
NOTE = """
insert into named_messages as present (id, name, named_at) values (%s, %s, %s)
on conflict (id) do update set name = excluded.name, named_at = excluded.named_at where excluded.named_at > present.named_at"""
AMONG = f"""
select distinct name from {MESSAGES.name} cross join lateral (
    select name from named_messages where name = external_id offset 0) as named
order by name"""  # noqa: S608  a name of our own
OF = text("select id, name, named_at from named_messages where name = any(:names) order by id")


class Name(NamedTuple):
    """That feedback of a time calls a message so."""

    feedback_id: UUID
    name: str
    named_at: datetime


def note(session: Session, names: Iterable[Name]) -> None:
    """Remember names; commit before looking for the messages."""
    rows = sorted(names)
    if rows:
        connection = driver(session)
        connection.execute("select pg_advisory_xact_lock(%s)", [Lock.NAMES_OF_MESSAGES])
        with connection.cursor() as cursor:
            cursor.executemany(NOTE, rows)


def list_names(session: Session, names: Sequence[str]) -> list[Name]:
    """Return which feedback calls messages so."""
    return [Name(*row) for row in session.execute(OF, {"names": list(names)})]


def named(connection: Connection) -> Iterable[tuple[str]]:
    """Return which of the messages that are staged have been named; this transaction holds who would name more."""
    # A statement of its own: the next one is to see what was committed while we waited.
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [Lock.NAMES_OF_MESSAGES])
    return connection.execute(AMONG.encode())


def tell_of(session: Session, names: Sequence[str]) -> None:
    """Tell those above that messages of these names are there."""
    for first in range(0, len(names), AT_ONCE):
        outbox.tell(session, NAMED, {"names": names[first : first + AT_ONCE]})
