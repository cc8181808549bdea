"""Threads with their own database connection, for work that must continue whatever else is busy."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from core.database import db
from core.database.db import Lane

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Threads:
    """The threads of a lane."""

    def __init__(self, lane: Lane, most: int) -> None:
        """Have at most so many; none runs before its first work."""
        self._lane = lane
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=lane)

    async def run(self, act: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Return what `act` returns, in the context of who asks."""
        context = copy_context()
        context.run(db.lane.set, self._lane)
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: context.run(act, *args, **kwargs))

    async def iterate(self, items: Iterator[Result]) -> AsyncIterator[Result]:
        """Yield the items, each made in a thread."""
        while (item := await self.run(next, items, None)) is not None:
            yield item


SIGN_IN = Threads(Lane.SIGN_IN, 8)
INGEST = Threads(Lane.INGEST, 10)
EXPORTS = Threads(Lane.GENERAL, 8)  # those that wait for a turn keep no thread from other routes
