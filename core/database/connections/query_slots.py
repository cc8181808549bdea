"""Admit expensive queries: about as many at once as there are cores, fairly by account.

A waiting query holds no connection, and in the API no thread.
"""

import asyncio
import os
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager

from core.errors import Unavailable

CORES = os.cpu_count() or 1
# One account can't take all: another always finds a slot
AT_ONCE, OF_ONE_ACCOUNT = CORES + 1, CORES
LONGEST_WAIT_S = 30.0
MOST_WAITING = 200  # per account


class QueriesBusy(Unavailable):
    """Too many requests run at the moment; try again in a few seconds."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(retry_after_s=10)


class QuerySlots:
    """A number of slots, each held by one query."""

    def __init__(self, at_once: int = AT_ONCE, of_one_account: int = OF_ONE_ACCOUNT) -> None:
        """Limit slow queries to `at_once` in total and `of_one_account` per account."""
        self._at_once, self._of_one_account = at_once, of_one_account
        self._running: Counter[Hashable] = Counter()
        # The account whose turn is next comes first.
        self._waiting: OrderedDict[Hashable, deque[Future[None]]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, account: Hashable, longest_wait_s: float = LONGEST_WAIT_S) -> Iterator[None]:
        """Hold a slot, after waiting in this thread.

        Raises QueriesBusy when none is free in time.
        """
        with self._waited_for(account) as place:
            place.result(longest_wait_s)
        try:
            yield
        finally:
            self._free(account)

    @asynccontextmanager
    async def awaited(
        self, account: Hashable, longest_wait_s: float = LONGEST_WAIT_S
    ) -> AsyncIterator[None]:
        """Hold a slot, after waiting without a thread.

        Raises QueriesBusy when none is free in time.
        """
        with self._waited_for(account) as place:
            await asyncio.wait_for(asyncio.wrap_future(place), longest_wait_s)
        try:
            yield
        finally:
            self._free(account)

    @contextmanager
    def _waited_for(self, account: Hashable) -> Iterator[Future[None]]:
        place = self._queue(account)
        try:
            yield place
        except TimeoutError:
            self._leave(account, place)
            raise QueriesBusy from None
        except BaseException:
            self._leave(account, place)
            raise

    def _queue(self, account: Hashable) -> Future[None]:
        with self._lock:
            if len(self._waiting.get(account, ())) >= MOST_WAITING:
                raise QueriesBusy
            place: Future[None] = Future()
            self._waiting.setdefault(account, deque()).append(place)
            self._admit()
        return place

    def _leave(self, account: Hashable, place: Future[None]) -> None:
        if not place.cancel():  # a slot has just been assigned
            self._free(account)

    def _free(self, account: Hashable) -> None:
        with self._lock:
            self._running[account] -= 1
            if not self._running[account]:
                del self._running[account]
            self._admit()

    def _admit(self) -> None:
        while self._running.total() < self._at_once:
            account = next(
                (each for each in self._waiting if self._running[each] < self._of_one_account), None
            )
            if account is None:
                return
            # A query that has given up in the meantime is passed over
            if (place := self._next_place(account)).set_running_or_notify_cancel():
                self._running[account] += 1
                place.set_result(None)

    def _next_place(self, account: Hashable) -> Future[None]:
        """Return the account's first waiting query; its second waits for every other account."""
        places = self._waiting.pop(account)
        place = places.popleft()
        if places:
            self._waiting[account] = places
        return place


slots = QuerySlots()
