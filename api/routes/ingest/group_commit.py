"""Group commit: store the rows of several concurrent senders in one transaction.

Requests that arrive while others are stored wait for the next round, which takes all of them. When
a round cannot be stored as a whole, its requests are stored separately.
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
from core.ingest.rows import NotAllNew, RowSource

MAX_ROUNDS = 2  # concurrent rounds; each keeps a CPU core of Postgres busy
MOST_ROWS = 10_000
# Rows; fewer wait for the running round to end, as one round costs as much as a larger one
MIN_ROWS_FOR_SECOND_ROUND = 100

Commit = Callable[[list[Any], RowSource, bool], int]


@dataclass(eq=False)
class _Sent:
    rows: list[Any]
    source: RowSource
    added: asyncio.Future[int]


class GroupCommit:
    """Stores rows of one kind for the senders of one event loop; only a round uses a thread."""

    def __init__(self, commit: Commit, *, most_rows: int = MOST_ROWS) -> None:
        """`commit` stores rows in a transaction and returns how many were new.

        Its last argument says whether all must be new; then it raises NotAllNew when one is not.
        """
        self._commit, self._most_rows = commit, most_rows
        self._waiting: deque[_Sent] = deque()
        self._rounds: set[asyncio.Task[None] | None] = set()

    async def store(self, rows: list[Any], source: RowSource) -> int:
        """Store rows and return how many of them were new; raise the errors of `commit`."""
        sent = _Sent(rows, source, asyncio.get_running_loop().create_future())
        self._waiting.append(sent)
        if not self._rounds or (
            len(self._rounds) < MAX_ROUNDS and self._rows_waiting() >= MIN_ROWS_FOR_SECOND_ROUND
        ):
            # In an empty context: a round belongs to several requests.
            self._rounds.add(asyncio.create_task(self._run_rounds(), context=Context()))
        return await sent.added

    def _rows_waiting(self) -> int:
        return sum(len(sent.rows) for sent in self._waiting)

    async def _run_rounds(self) -> None:
        try:
            while batch := self._next():
                await self._store(batch)
        finally:
            # Here, not in a callback of the task: a request in between would wait for a round that
            # has ended.
            self._rounds.discard(asyncio.current_task())

    def _next(self) -> list[_Sent]:
        """Return the requests that have waited longest, as many as can share a transaction."""
        if not self._waiting:
            return []
        batch = [first := self._waiting.popleft()]
        remaining_rows = self._most_rows - len(first.rows)
        # One source: a transaction's rows have one environment, time zone and origin
        for sent in takewhile(lambda sent: sent.source == first.source, list(self._waiting)):
            remaining_rows -= len(sent.rows)
            if remaining_rows < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _store(self, batch: list[_Sent]) -> None:
        outcomes: list[int | Exception]
        try:
            outcomes = await INGEST.run(self._commit_batch, batch)
        except Exception as error:  # noqa: BLE001  each sender raises it
            # Such as an outage, which storing each sender alone would meet again
            outcomes = [error] * len(batch)
        for sent, outcome in zip(batch, outcomes, strict=True):
            if sent.added.done():
                continue  # its request was cancelled meanwhile
            if isinstance(outcome, Exception):
                sent.added.set_exception(outcome)
            else:
                sent.added.set_result(outcome)

    def _commit_batch(self, batch: list[_Sent]) -> list[int | Exception]:
        first, rows = batch[0], [row for sent in batch for row in sent.rows]
        if len(batch) == 1:
            return [self._commit(rows, first.source, False)]
        try:
            self._commit(rows, first.source, True)
        except (Invalid, NotAllNew):
            return [self._commit_one(sent) for sent in batch]
        return [len(sent.rows) for sent in batch]

    def _commit_one(self, sent: _Sent) -> int | Exception:
        try:
            return self._commit(sent.rows, sent.source, False)
        except Exception as error:  # noqa: BLE001  returned to this sender only
            return error
