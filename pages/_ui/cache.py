"""What pages read, kept for a few seconds: analysts who look at the same do not have it computed for each of them.

The one place for such readers. What is kept is keyed by the question and by everything that the asker is permitted, and is read
in the name of the one who came first; who may ask at all, the page's guard has found out in the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import streamlit as st

from core import clock
from core.db import Database, transaction
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import guard

FOR_S, MOST = 5, 1000

Answer = TypeVar("Answer")


@dataclass
class Reads:
    """The reads of one run of a page; `as_of` is when the oldest of them was made."""

    actor: Actor
    as_of: datetime = field(default_factory=clock.now)

    def ask(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(session, *given, **named, actor=...)` answers, if need be as it was a few seconds ago."""
        return self._ask(reader, given, named, both=False)

    def ask_both(self, reader: Callable[..., Answer], *given: object, **named: object) -> Answer:
        """Return what `reader(core, ai, *given, **named, actor=...)` answers."""
        return self._ask(reader, given, named, both=True)

    def _ask(self, reader: Callable[..., Answer], given: tuple[object, ...], named: dict[str, object], *, both: bool) -> Answer:
        rights = ",".join(sorted(each for each in Permission if may(self.actor, each)))
        name = f"{reader.__module__}.{reader.__qualname__}"
        answer, at = _kept(name, given, named, rights, _reader=reader, _both=both)
        self.as_of = min(self.as_of, at)
        return answer  # type: ignore[no-any-return]  # what is kept has no type of its own


def forget() -> None:
    """Have everything read anew."""
    _kept.clear()


@st.cache_data(ttl=FOR_S, max_entries=MOST, show_spinner=False)
def _kept(
    name: str, given: tuple[object, ...], named: dict[str, object], rights: str, *, _reader: Callable[..., Any], _both: bool
) -> tuple[Any, datetime]:
    at = clock.now()
    with guard.work() as (session, actor):
        if not _both:
            return _reader(session, *given, **named, actor=actor), at
        with transaction(Database.AI) as ai:
            return _reader(session, ai, *given, **named, actor=actor), at
