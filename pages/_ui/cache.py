"""What pages read, kept for a few seconds: analysts who look at the same do not have it computed for each of them.

The one place for such readers. What is kept is keyed by the question and by everything that the asker is permitted, and is read
in the name of the one who came first; who may ask at all, the page's guard has found out in the same run.

For as long again as it is kept, what is older is still shown at once, and read anew behind the page for who comes next.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

import streamlit as st

from core.database.db import Database, transaction
from core.database.query_slots import slots
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.platform import clock

FOR_S, MOST = 5, 1000
BEHIND = "CacheBackgroundRefresh"  # how Streamlit names the threads that read anew

Answer = TypeVar("Answer")

_turn = threading.Lock()
_failures: dict[str, tuple[float, Exception]] = {}  # by the question in writing: some name lists


@dataclass(frozen=True)
class ReaderQuestion:
    """What is asked of a reader that reads these databases, and with which rights."""

    reader: str
    given: tuple[object, ...]
    named: tuple[tuple[str, object], ...]
    rights: tuple[str, ...]
    databases: tuple[Database, ...]


@dataclass
class Reads:
    """The reads of one run of a page; `as_of` is when the oldest of them was made."""

    actor: Actor
    as_of: datetime = field(default_factory=clock.now)

    def ask(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(session, *given, **named, actor=...)` answers, if need be as it was a few seconds ago."""
        return self._ask(reader, (Database.CORE,), given, named)

    def ask_both(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(core, ai, *given, **named, actor=...)` answers."""
        return self._ask(reader, (Database.CORE, Database.AI), given, named)

    def ask_ai(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(ai, *given, **named, actor=...)` answers."""
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
        answer, at = _kept(question, _reader=reader, _actor=self.actor, _asked_at=monotonic())
        self.as_of = min(self.as_of, at)
        return answer


def forget() -> None:
    """Have everything read anew."""
    _kept.clear()
    _failures.clear()


# Neither the reader nor who asks is part of the key: the question names the one, and what the other may.
@st.cache_data(ttl=FOR_S, max_entries=MOST, show_spinner=False, refresh_mode="background")
def _kept(question: ReaderQuestion, *, _reader: Callable[..., Any], _actor: Actor, _asked_at: float) -> tuple[Any, datetime]:
    failed_at, failure = _failures.get(repr(question), (0.0, None))
    if failure is not None and failed_at > _asked_at:
        raise failure  # who has waited for it does not repeat it
    with ExitStack() as all_:
        # Behind a page one after the other: all at once they would take every processor from those who draw theirs.
        if threading.current_thread().name.startswith(BEHIND):
            all_.enter_context(_turn)
        all_.enter_context(slots.taken(("pages", _actor.id)))
        at = clock.now()
        sessions = [all_.enter_context(transaction(each)) for each in question.databases]
        try:
            return _reader(*sessions, *question.given, **dict(question.named), actor=_actor), at
        except Exception as error:
            _note(question, error)
            raise


def _note(question: ReaderQuestion, failure: Exception) -> None:
    if len(_failures) >= MOST:
        _failures.clear()
    _failures[repr(question)] = (monotonic(), failure)
