"""What pages read, kept for a few seconds: analysts who look at the same do not have it computed for each of them.

The one place for such readers. What is kept is keyed by the question and by everything that the asker is permitted, and is read
in the name of the one who came first; who may ask at all, the page's guard has found out in the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import streamlit as st

from core import clock
from core.db import Database, transaction
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import guard

FOR_S, MOST = 5, 1000

Answer = TypeVar("Answer")
Of = Literal["core", "ai", "both"]  # which databases a reader reads


@dataclass(frozen=True)
class Question:
    """What is asked of a reader, and with which rights."""

    reader: str
    given: tuple[object, ...]
    named: tuple[tuple[str, object], ...]
    rights: tuple[str, ...]
    of: Of


@dataclass
class Reads:
    """The reads of one run of a page; `as_of` is when the oldest of them was made."""

    actor: Actor
    as_of: datetime = field(default_factory=clock.now)

    def ask(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(session, *given, **named, actor=...)` answers, if need be as it was a few seconds ago."""
        found: Answer = self._noted(_kept(self._question(reader, given, named, of="core"), _reader=reader))
        return found

    def ask_both(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(core, ai, *given, **named, actor=...)` answers."""
        found: Answer = self._noted(_kept(self._question(reader, given, named, of="both"), _reader=reader))
        return found

    def ask_ai(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(ai, *given, **named, actor=...)` answers."""
        found: Answer = self._noted(_kept(self._question(reader, given, named, of="ai"), _reader=reader))
        return found

    def _question(self, reader: Callable[..., Any], given: tuple[object, ...], named: dict[str, object], *, of: Of) -> Question:
        rights = tuple(sorted(each for each in Permission if may(self.actor, each)))
        return Question(f"{reader.__module__}.{reader.__qualname__}", given, tuple(sorted(named.items())), rights, of)

    def _noted(self, found: tuple[Any, datetime]) -> Any:  # noqa: ANN401  what is kept has no type of its own
        self.as_of = min(self.as_of, found[1])
        return found[0]


def forget() -> None:
    """Have everything read anew."""
    _kept.clear()


# The reader is not part of the key: the question names it.
@st.cache_data(ttl=FOR_S, max_entries=MOST, show_spinner=False)
def _kept(question: Question, *, _reader: Callable[..., Any]) -> tuple[Any, datetime]:
    return _read(question, _reader)


def _read(question: Question, reader: Callable[..., Any]) -> tuple[Any, datetime]:
    at = clock.now()
    with guard.work() as (session, actor):
        if question.of == "core":
            return reader(session, *question.given, **dict(question.named), actor=actor), at
        with transaction(Database.AI) as ai:
            sessions = (ai,) if question.of == "ai" else (session, ai)
            return reader(*sessions, *question.given, **dict(question.named), actor=actor), at
