"""Group commit: store the rows of several concurrent senders in one transaction.

Whoever comes while others are stored waits for the next round, which takes all that wait. What a round may not answer for each
sender apart, is stored apart.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from api.threads import INGEST
from core.errors import Invalid
from core.ingest.intake import NotAllNew, RowSource

AT_ONCE = 2  # rounds; each keeps a core of Postgres busy
MOST_ROWS = 10_000
WORTH_A_ROUND = 100  # rows; fewer wait for the round that runs: it costs the same for one as for all that have come

Commit = Callable[[list[Any], RowSource, bool], int]


@dataclass(eq=False)
class _Sent:
    rows: list[Any]
    source: RowSource
    added: asyncio.Future[int]


class Gathering:
    """Stores rows of one kind, for senders of one event loop: there they wait, and only a round takes one of the threads."""

    def __init__(self, commit: Commit, *, most_rows: int = MOST_ROWS) -> None:
        """Take what stores rows in a transaction of its own, and returns how many were new.

        It is told whether all must be, and raises NotAllNew when one is not.
        """
        self._commit, self._most_rows = commit, most_rows
        self._waiting: deque[_Sent] = deque()
        self._rounds: set[asyncio.Task[None] | None] = set()

    async def store(self, rows: list[Any], source: RowSource) -> int:
        """Store rows and return how many of them are new; raise what storing them raises."""
        mine = _Sent(rows, source, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if not self._rounds or (len(self._rounds) < AT_ONCE and self._rows_waiting() >= WORTH_A_ROUND):
            # In no request's context: the next round is of other senders.
            self._rounds.add(asyncio.create_task(self._go_round(), context=Context()))
        return await mine.added

    def _rows_waiting(self) -> int:
        return sum(len(sent.rows) for sent in self._waiting)

    async def _go_round(self) -> None:
        try:
            while together := self._next():
                await self._store(together)
        finally:
            # Not when the task is done, which is later: who comes in between would wait for nobody.
            self._rounds.discard(asyncio.current_task())

    def _next(self) -> list[_Sent]:
        """Take those who wait longest, as many as go together."""
        if not self._waiting:
            return []
        together = [first := self._waiting.popleft()]
        left = self._most_rows - len(first.rows)
        for each in takewhile(lambda each: each.source == first.source, list(self._waiting)):
            left -= len(each.rows)
            if left < 0:
                break
            together.append(self._waiting.popleft())
        return together

    async def _store(self, together: list[_Sent]) -> None:
        outcomes: list[int | Exception]
        try:
            outcomes = await INGEST.run(self._store_whole, together)
        except Exception as error:  # noqa: BLE001  as much theirs as ours: each raises it
            outcomes = [error] * len(together)
        for sent, outcome in zip(together, outcomes, strict=True):
            if sent.added.done():
                continue  # its sender was sent away meanwhile
            if isinstance(outcome, Exception):
                sent.added.set_exception(outcome)
            else:
                sent.added.set_result(outcome)

    def _store_whole(self, together: list[_Sent]) -> list[int | Exception]:
        first, rows = together[0], [row for sent in together for row in sent.rows]
        if len(together) == 1:
            return [self._commit(rows, first.source, False)]
        try:
            self._commit(rows, first.source, True)
        except (Invalid, NotAllNew):
            return [self._store_apart(sent) for sent in together]
        return [len(sent.rows) for sent in together]

    def _store_apart(self, sent: _Sent) -> int | Exception:
        try:
            return self._commit(sent.rows, sent.source, False)
        except Exception as error:  # noqa: BLE001  nobody else's
            return error
