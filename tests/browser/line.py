"""A network connection that can be blocked."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from playwright.sync_api import WebSocketRoute

from tests.browser.console import Window


class Line:
    """The network connection of a window's tabs, which can be blocked; created before the tabs."""

    def __init__(self, window: Window) -> None:
        """Lie between them."""
        self._waiting: list[Callable[[], None]] | None = None
        window.context.route_web_socket(re.compile("/_stcore/stream"), self._connect)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold what is said meanwhile, and pass it on afterwards."""
        waiting: list[Callable[[], None]] = []
        self._waiting = waiting
        try:
            yield
        finally:
            self._waiting = None
            for pass_on in waiting:
                pass_on()

    def _connect(self, socket: WebSocketRoute) -> None:
        program = socket.connect_to_server()
        socket.on_message(lambda said: self._say(partial(program.send, said)))

    def _say(self, pass_on: Callable[[], None]) -> None:
        if self._waiting is None:
            pass_on()
        else:
            self._waiting.append(pass_on)
