"""Thread pools with own database connections, for work that continues while others are busy."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from core.database.connections import engines
from core.database.connections.engines import Lane

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Threads:
    """The threads of a lane."""

    def __init__(self, lane: Lane, max_threads: int) -> None:
        """Use at most `max_threads` threads, which are started when needed."""
        self._lane = lane
        self._pool = ThreadPoolExecutor(max_threads, thread_name_prefix=lane)

    async def run(
        self,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Return the result of `function`, run in a thread with the caller's context."""
        context = copy_context()
        context.run(engines.lane.set, self._lane)
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: context.run(function, *args, **kwargs)
        )

    async def iterate(self, items: Iterator[Result]) -> AsyncIterator[Result]:
        """Yield the items, each created in a thread."""
        while (item := await self.run(next, items, None)) is not None:
            yield item


# Each lane has as many connections to `core` (core/processes/startup.py).
SIGN_IN = Threads(Lane.SIGN_IN, 8)
INGEST = Threads(Lane.INGEST, 10)
# Exports that wait for a query slot use no threads of other routes
EXPORTS = Threads(Lane.GENERAL, 8)
