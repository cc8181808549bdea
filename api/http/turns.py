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
    """The requests that are about to start, first come, first served; health checks have a line of
    their own. Used in one event loop.
    """

    def __init__(self) -> None:
        self._checks, self._others = _Line(), _Line()

    def start(self, path: str, begin: Callable[[], None]) -> None:
        """Call `begin`, in this turn or a later one."""
        (self._checks if path in HEALTH else self._others).start(begin)


class _Line:
    """Requests of which so many start in each turn."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._left = STARTS_PER_TURN

    def start(self, begin: Callable[[], None]) -> None:
        self._waiting.append(begin)
        if self._left == STARTS_PER_TURN:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._start_some()

    def _start_some(self) -> None:
        while self._waiting and self._left:
            self._left -= 1
            self._waiting.popleft()()

    def _next_turn(self) -> None:
        self._left = STARTS_PER_TURN
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next_turn)
            self._start_some()
