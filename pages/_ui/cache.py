"""Reads of pages, cached for a few seconds and shared by everyone with the same rights. The key is
the question and the permissions; the page's guard has already checked who asks.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from core.cache import large_workspaces
from core.cache.cache import Cache
from core.database.connections.monitor import is_given_up
from core.database.connections.query_slots import slots
from core.database.db import Database, read_session
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.platform import clock
from pages._ui.shared_reads import ReadCancelled, SharedReads, was_cancelled

MAX_AGE_S = 5

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class ReaderQuestion:
    """The cache key: a reader, its arguments, the asker's permissions and the databases."""

    reader: str
    given: tuple[object, ...]
    named: tuple[tuple[str, object], ...]
    rights: tuple[str, ...]
    databases: tuple[Database, ...]


@dataclass
class Reads:
    """The reads of one page run; `as_of` is the time of the oldest."""

    actor: Actor
    as_of: datetime = field(default_factory=clock.now)

    def ask(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return `reader(session, *given, **named, actor=...)`, at most MAX_AGE_S old."""
        return self._ask(reader, (Database.CORE,), given, named)

    def ask_both(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return `reader(core, ai, *given, **named, actor=...)`, at most MAX_AGE_S old."""
        return self._ask(reader, (Database.CORE, Database.AI), given, named)

    def ask_ai(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return `reader(ai, *given, **named, actor=...)`, at most MAX_AGE_S old."""
        return self._ask(reader, (Database.AI,), given, named)

    def _ask(
        self,
        reader: Callable[..., Answer],
        databases: tuple[Database, ...],
        given: tuple[object, ...],
        named: dict[str, object],
    ) -> Answer:
        rights = tuple(sorted(each for each in Permission if may(self.actor, each)))
        name = f"{reader.__module__}.{reader.__qualname__}"
        question = ReaderQuestion(name, given, tuple(sorted(named.items())), rights, databases)
        answer: Answer
        key = repr(question)
        found = _reads.peek(key)
        if was_cancelled(name) and found is None:
            raise ReadCancelled
        answer, at = found or _shared.get(
            key, lambda: _reads.get(key, lambda: _read(question, reader, self.actor)), reader=name
        )
        self.as_of = min(self.as_of, at)
        return answer


def forget() -> None:
    _reads.clear()
    _shared.forget()
    large_workspaces.clear()


# By the question in writing: some contain lists.
_reads: Cache[str, tuple[Any, datetime]] = Cache("page reads", max_age_s=MAX_AGE_S, max_size=1000)
_shared = SharedReads()


def _read(
    question: ReaderQuestion, reader: Callable[..., Any], actor: Actor
) -> tuple[Any, datetime]:
    with ExitStack() as opened:
        # Apart from the account's slots in the API: its programs do not keep its pages waiting
        opened.enter_context(slots.taken(("pages", actor.id)))
        if is_given_up():  # while it waited for its turn
            raise ReadCancelled
        # Before the reads: no figure is older than the page says
        at = clock.now()
        sessions = [opened.enter_context(read_session(each)) for each in question.databases]
        return reader(*sessions, *question.given, **dict(question.named), actor=actor), at
