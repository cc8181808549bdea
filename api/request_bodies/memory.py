"""Reserve memory for the objects of request bodies, so that all stay within one limit."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class MemoryBudget:
    """A limited amount that callers reserve for a while, first come, first served."""

    def __init__(self, size: int) -> None:
        """Start with `size` available."""
        self._size = self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, amount: int) -> AsyncIterator[None]:
        """Reserve `amount`, at most everything, and release it at the end."""
        amount = min(amount, self._size)
        if self._waiting or amount > self._free:
            await self._wait(amount)
        else:
            self._free -= amount
        try:
            yield
        finally:
            self._free += amount
            self._admit()

    async def _wait(self, amount: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            # It was admitted at the very moment its request was cancelled.
            if turn.done() and not turn.cancelled():
                self._free += amount
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting:
            amount, turn = self._waiting[0]
            if not turn.done() and amount > self._free:
                return
            self._waiting.popleft()
            if not turn.done():  # otherwise its request was cancelled
                self._free -= amount
                turn.set_result(None)
