"""Reserve memory for objects made of request bodies, so that concurrent senders stay within one bound."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Room:
    """So much of something, taken for a while; who comes when too little is left waits for those before."""

    def __init__(self, size: int) -> None:
        """Begin empty."""
        self._size = self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, wanted: int) -> AsyncIterator[None]:
        """Take as much as wanted, or all there is, and give it back."""
        wanted = min(wanted, self._size)
        if self._waiting or wanted > self._free:
            await self._turn(wanted)
        else:
            self._free -= wanted
        try:
            yield
        finally:
            self._free += wanted
            self._admit()

    async def _turn(self, wanted: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free += wanted
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting:
            wanted, turn = self._waiting[0]
            if not turn.done() and wanted > self._free:
                return
            self._waiting.popleft()
            if not turn.done():  # else its sender has gone
                self._free -= wanted
                turn.set_result(None)
