"""The undo of one import: afterwards the tables are as if it had never been (docs/decisions/0017).

Some rows at a time, each time with all that was derived from them, in one transaction: whenever it
is cut short, what is counted is what is there. It goes on where it stopped by being called again,
and on what is undone it does nothing. Nothing may be writing for the same import meanwhile.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select, text

from core.activity.ingest.funnel import subjects
from core.database.db import Database, Session, driver_connection, transaction
from core.database.locks import Lock
from core.database.settings import Retention, Sealed, read
from core.database.staging import driver
from core.errors import Unavailable
from core.imports.ingest import checkpoints, generators
from core.imports.models import Import
from core.imports.service.undo import (
    batch_runs,
    conversations,
    raw_rows,
    review_items,
    users,
    whole_rows,
)
from core.imports.service.undo.raw_rows import RawTable
from core.imports.service.undo.reported_rows import composed
from core.platform import clock

# Of one statement: the 30 s of a connection are meant for requests that somebody waits for.
LONGEST = text("set local statement_timeout = '5min'")
# Held between transactions, too, until the undo or its process ends
HOLD = "select pg_try_advisory_lock(%s, hashtext(%s))"
RELEASE = "select pg_advisory_unlock(%s, hashtext(%s))"
TRIES, PAUSE_S = 8, 0.25
Answer = TypeVar("Answer")

# Returns how many rows of which tables are gone, or None when there were none left to look at.
Take = Callable[[Session, UUID], dict[str, int] | None]


@dataclass(frozen=True)
class UndoProgress:
    """How many rows of each table are gone so far. Rows that others have changed since, and that
    stay, do not count.
    """

    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@contextmanager
def alone(import_id: UUID) -> Iterator[bool]:
    """Hold the undo of an import against other workers; false where another one holds it.

    A step may take so long that its worker is thought to be gone. A second one that is still busy
    after the first has finished would remove what is imported again by then.
    """
    key = [Lock.UNDO, str(import_id)]
    with driver_connection() as connection:
        held = connection.execute(HOLD, key).fetchone()
        if held is None or not held[0]:
            yield False
            return
        try:
            yield True
        finally:
            connection.execute(RELEASE, key)


def undo(import_id: UUID, progress: Callable[[UndoProgress], None] | None = None) -> UndoProgress:
    """Take out everything that an import has brought, and return how much that was; `progress` is
    called outside transactions.

    Opens transactions of its own, many of them. What it raises in between is safe to try again; so
    is `progress` raising.
    """
    gone: Counter[str] = Counter()
    for found in _steps(import_id):
        gone.update(found)
        if progress is not None:
            progress(UndoProgress(dict(gone)))
    return UndoProgress({table: rows for table, rows in gone.items() if rows})


def since(session: Session) -> datetime:
    """Return since when an import must have begun to be undone exactly: within the window, and
    after the last traces that retention deleted, which a longer window does not bring back.
    """
    within = clock.now() - timedelta(days=read(session, Retention).import_undo_days)
    return max(within, read(session, Sealed).import_traces or within)


def _steps(import_id: UUID) -> Iterator[dict[str, int]]:
    """Do one transaction after the other. Users are last: by then it can be seen who else knows
    them.
    """
    _patiently(checkpoints.forget, import_id, Database.AI)
    for raw in (raw_rows.REQUESTS, raw_rows.EVENTS):
        yield from _raw_rows(import_id, raw)
    _patiently(lambda session, _: subjects.settle(driver(session)), import_id)
    yield _patiently(_forget_first_seen, import_id)
    if _patiently(_remove_made, import_id):
        yield from _reviews_of_made(import_id)
    steps: list[tuple[Take, Database]] = [
        *((whole.take_some, Database.AI) for whole in whole_rows.OF_AI),
        (whole_rows.SCORES.take_some, Database.CORE),
        (conversations.take_some, Database.CORE),
        (review_items.take_some, Database.AI),
        (batch_runs.take_some, Database.CORE),
        (users.take_some, Database.CORE),
    ]
    for take, database in steps:
        while (gone := _patiently(take, import_id, database)) is not None:
            yield gone


def _raw_rows(import_id: UUID, raw: RawTable) -> Iterator[dict[str, int]]:
    """Remove raw rows, newest first, then those that arrived during the removal."""
    latest = raw_rows.LATEST
    while True:
        taken = _patiently(partial(raw_rows.take_some, raw=raw, latest=latest), import_id)
        if taken is None and latest == raw_rows.LATEST:
            return
        gone, latest = taken or (0, raw_rows.LATEST)
        yield {raw.table: gone}


def _reviews_of_made(import_id: UUID) -> Iterator[dict[str, int]]:
    """Delete reviews of messages that the demo made up; reviews of a file's messages stay, because
    the file may be imported again.
    """
    last: UUID | None = UUID(int=0)
    while last is not None:
        last = _patiently(partial(review_items.let_belong, after=last), import_id, Database.AI)
        yield {}


def _forget_first_seen(session: Session, import_id: UUID) -> dict[str, int]:
    gone = {}
    for table in ("releases", "dimension_values"):
        forget = composed("delete from {table} where import_id = %s", table)
        gone[table] = driver(session).execute(forget, [import_id]).rowcount
    return gone


def _remove_made(session: Session, import_id: UUID) -> bool:
    """Remove what a generator has stored beside its rows; return whether one has made the rows."""
    row = session.get(Import, import_id)
    generate = generators.find(row.mapping) if row is not None else None
    if row is None or row.mapping is None or generate is None:
        return False
    generate(row.mapping).remove(session)
    return True


def _patiently(
    act: Callable[[Session, UUID], Answer], import_id: UUID, database: Database = Database.CORE
) -> Answer:
    """Do something in a transaction of its own; again, when others hold what it needs, or hold each
    other up with it.
    """
    failures = 0
    while True:
        try:
            with transaction(database) as session:
                session.execute(LONGEST)
                # What one leaves to another import must not be where that one has looked before
                session.execute(select(func.pg_advisory_xact_lock(Lock.UNDO)))
                return act(session, import_id)
        except Unavailable:
            failures += 1
            if failures > TRIES:
                raise
            time.sleep(PAUSE_S * failures)
