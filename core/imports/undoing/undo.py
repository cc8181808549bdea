"""The undo of one import: afterwards the tables are as if it had never been (docs/decisions/0017).

Some rows at a time, each time with all that was derived from them, in one transaction: whenever it is cut short, what is counted
is what is there. It goes on where it stopped by being called again, and on what is undone it does nothing. Nothing may be writing
for the same import meanwhile.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text

from core.activity import subjects
from core.database.db import Database, Session, transaction
from core.database.settings import Retention, Workspace, read
from core.database.staging import driver
from core.errors import Unavailable
from core.imports.models import Import
from core.imports.storing import made, marks
from core.imports.undoing import batch_runs, conversations, raw_rows, reviews, users, whole_rows
from core.imports.undoing.raw_rows import Raw
from core.imports.undoing.whole_rows import Whole
from core.platform import clock

# Of one statement: a connection has 30 s, which is enough for what somebody waits for.
LONGEST = "5min"
TRIES, PAUSE_S = 8, 0.25
# Before all ids.
NOBODY = UUID(int=0)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Removed:
    """How many rows of each table are gone so far. Rows that others have changed since, and that stay, do not count."""

    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(self.rows.values())


Progress = Callable[[Removed], None]


def undo(import_id: UUID, progress: Progress | None = None) -> Removed:
    """Take out everything that an import has brought, and return how much that was; `progress` is called outside transactions.

    Opens transactions of its own, many of them. What it raises in between is safe to try again; so is `progress` raising.
    """
    gone: Counter[str] = Counter()
    for found in _steps(import_id):
        gone.update(found)
        if progress is not None:
            progress(Removed(dict(gone)))
    return Removed({table: rows for table, rows in gone.items() if rows})


def since(session: Session) -> datetime:
    """Return since when an import must have begun to be undone exactly; what retention may have taken from others is sealed."""
    return clock.now() - timedelta(days=read(session, Retention).import_undo_days)


def _steps(import_id: UUID) -> Iterator[dict[str, int]]:
    """Do one transaction after the other. Users are last: by then it can be seen who else knows them."""
    _patiently(partial(marks.forget, import_id=import_id), Database.AI)
    yield from _raw_rows(import_id, raw_rows.REQUESTS)
    yield from _raw_rows(import_id, raw_rows.EVENTS)
    _patiently(lambda session: subjects.settle(driver(session)))
    yield {"releases": _patiently(partial(raw_rows.forget_releases, import_id=import_id))}
    if _patiently(partial(_is_made, import_id)):
        yield from _reviews_of_made(import_id)
    for whole in whole_rows.OF_AI:
        yield from _whole_rows(import_id, whole)
    yield from _conversations(import_id)
    yield from _items(import_id)
    yield from _batch_runs(import_id)
    yield from _users(import_id)


def _raw_rows(import_id: UUID, raw: Raw) -> Iterator[dict[str, int]]:
    latest = raw_rows.LATEST
    while True:
        taken = _patiently(partial(_take_raw, raw, import_id, latest))
        if taken is None and latest == raw_rows.LATEST:
            return
        latest = taken.since if taken is not None else raw_rows.LATEST
        yield {raw.table: taken.rows if taken is not None else 0}


def _take_raw(raw: Raw, import_id: UUID, latest: datetime, session: Session) -> raw_rows.TakenRows | None:
    return raw_rows.take_some(session, raw, import_id, latest=latest, zone=_zone(session))


def _whole_rows(import_id: UUID, whole: Whole) -> Iterator[dict[str, int]]:
    seen = 1
    while seen:
        seen, gone = _patiently(lambda session: whole.take_some(session, import_id), whole.database)
        yield {whole.table: gone}


def _conversations(import_id: UUID) -> Iterator[dict[str, int]]:
    seen = 1
    while seen:
        seen, gone, messages = _patiently(lambda session: conversations.take_some(session, import_id, zone=_zone(session)))
        yield {"conversations": gone, "messages": messages}


def _is_made(import_id: UUID, session: Session) -> bool:
    row = session.get(Import, import_id)
    return row is not None and made.find(row.mapping) is not None


def _reviews_of_made(import_id: UUID) -> Iterator[dict[str, int]]:
    """Let what people have said of messages that nobody ever wrote go with them; of a file's, which may come again, it stays."""
    last: UUID | None = NOBODY
    while last is not None:
        last = _patiently(partial(reviews.let_belong, import_id=import_id, after=last), Database.AI)
        yield {}


def _items(import_id: UUID) -> Iterator[dict[str, int]]:
    seen = 1
    while seen:
        seen, gone = _patiently(partial(reviews.take_items, import_id=import_id), Database.AI)
        yield {"review_items": gone}


def _batch_runs(import_id: UUID) -> Iterator[dict[str, int]]:
    seen = 1
    while seen:
        seen, gone = _patiently(lambda session: batch_runs.take_some(session, import_id))
        yield {"batch_run_history": gone}


def _users(import_id: UUID) -> Iterator[dict[str, int]]:
    last: UUID | None = NOBODY
    while last is not None:
        last, gone = _patiently(partial(users.take_plain, import_id=import_id, after=last))
        yield {"users": gone}
    seen = 1
    while seen:
        seen, gone = _patiently(lambda session: users.take_some(session, import_id))
        yield {"users": gone}


def _patiently(act: Callable[[Session], Answer], database: Database = Database.CORE) -> Answer:
    """Do something in a transaction of its own; again, when others hold what it needs, or hold each other up with it."""
    for number in range(TRIES):
        try:
            return _once(act, database)
        except Unavailable:
            time.sleep(PAUSE_S * (number + 1))
    return _once(act, database)


def _once(act: Callable[[Session], Answer], database: Database) -> Answer:
    with transaction(database) as session:
        session.execute(text("select set_config('statement_timeout', :longest, true)"), {"longest": LONGEST})
        return act(session)


def _zone(session: Session) -> str:
    return read(session, Workspace).reporting_time_zone
