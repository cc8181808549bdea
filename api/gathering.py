"""Rows of several senders in one transaction: most of what a batch costs, it costs once, however many rows it has.

Whoever comes while others store waits for the next round, which takes all that wait. One of them does it for all; nobody does it
for longer than his own rows take. What a round may not answer for each sender apart, is stored apart.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Event, Lock
from typing import Any

from core.errors import Invalid
from core.intake import Source

AT_ONCE = 2  # rounds; each keeps a core of Postgres busy
MOST_ROWS = 5000

Commit = Callable[[list[Any], Source, int | None], int]


class NotAllNew(Exception):
    """Some of the rows of a round were there before: nothing is stored, for whose they were is not known."""


@dataclass(eq=False)
class _Sent:
    rows: list[Any]
    source: Source
    turn: Event = field(default_factory=Event)  # to lead, or to go on with what came of it
    done: Event = field(default_factory=Event)
    leads: bool = False
    added: int = 0
    error: Exception | None = None


class Gathering:
    """Stores rows of one kind."""

    def __init__(self, commit: Commit) -> None:
        """Take what stores rows in a transaction of its own, and returns how many were new.

        It is told how many must be, and raises NotAllNew when they are not; None: any number may be.
        """
        self._commit = commit
        self._lock = Lock()
        self._waiting: deque[_Sent] = deque()
        self._leaders = 0

    def store(self, rows: list[Any], source: Source) -> int:
        """Store rows and return how many of them are new; raise what storing them raises."""
        mine = _Sent(rows, source)
        with self._lock:
            self._waiting.append(mine)
            if self._leaders < AT_ONCE:
                self._leaders += 1
                mine.leads = True
        if not mine.leads:
            mine.turn.wait()
        if mine.leads:
            self._lead(mine)
        mine.done.wait()
        if mine.error is not None:
            raise mine.error
        return mine.added

    def _lead(self, mine: _Sent) -> None:
        try:
            while not mine.done.is_set() and (together := self._next()):
                self._store(together)
        finally:
            self._hand_on()

    def _next(self) -> list[_Sent]:
        """Take those who wait longest, as many as go together."""
        with self._lock:
            if not self._waiting:
                return []
            together = [first := self._waiting.popleft()]
            left = MOST_ROWS - len(first.rows)
            for each in takewhile(lambda each: each.source == first.source, list(self._waiting)):
                left -= len(each.rows)
                if left < 0:
                    break
                together.append(self._waiting.popleft())
            return together

    def _store(self, together: list[_Sent]) -> None:
        try:
            self._store_whole(together)
        except Exception as error:  # noqa: BLE001  as much theirs as ours: each raises it
            for sent in together:
                sent.error = error
        for sent in together:
            sent.done.set()
            sent.turn.set()

    def _store_whole(self, together: list[_Sent]) -> None:
        first, rows = together[0], [row for sent in together for row in sent.rows]
        if len(together) == 1:
            first.added = self._commit(rows, first.source, None)
            return
        try:
            self._commit(rows, first.source, len(rows))
        except (Invalid, NotAllNew):
            self._store_apart(together)
        else:
            for sent in together:
                sent.added = len(sent.rows)

    def _store_apart(self, together: list[_Sent]) -> None:
        for sent in together:
            try:
                sent.added = self._commit(sent.rows, sent.source, None)
            except Exception as error:  # noqa: BLE001
                sent.error = error

    def _hand_on(self) -> None:
        """Let one who waits lead from here on, if there is one."""
        with self._lock:
            heir = next((each for each in self._waiting if not each.leads), None)
            if heir is None:
                self._leaders -= 1
            else:
                heir.leads = True
                heir.turn.set()
