"""Start few requests in each turn of the event loop, so that a health check waits for few of them.

Hundreds of connections with requests ready would otherwise all be served between two looks at the
network, each of which takes a health check a step further.
"""

import asyncio
from collections import deque
from collections.abc import Callable

HEALTH = frozenset({"/healthz", "/readyz", "/health"})
STARTS_PER_TURN = 8


class Turns:
    """The requests that are about to start, first come, first served; used in one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def start(self, path: str, begin: Callable[[], None]) -> None:
        """Call `begin` soon; at once for a health check."""
        if path in HEALTH:
            begin()
            return
        self._waiting.append(begin)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._start_some)

    def _start_some(self) -> None:
        for _ in range(min(STARTS_PER_TURN, len(self._waiting))):
            self._waiting.popleft()()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._start_some)
