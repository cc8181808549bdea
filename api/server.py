"""The listening socket and the uvicorn server."""

import asyncio
import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from api import connections, protocols
from core.embedded.child import HURRIED_S
from core.errors import StartRefused
from core.platform.config import Config

# All of it fits into the 30 s that container platforms and systemd units commonly allow before they kill.
ANSWERS_S = 20.0  # running answers may still end
GOODBYE_S = 3.0  # whoever follows an answer takes its end
CHILDREN_S = 27.0  # worker and model server have ended; Postgres takes one or two more
BACKLOG = 512


class Departure:
    """That we are to go: at the first signal answers may end for 20 s, at a second they are not waited for.

    While we start, a first signal is heeded between two steps: an exception in the middle of an import or a migration may come
    out as anything. Only a second one, or one during a wait, leaves at once.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.hurry = threading.Event()
        self._asked_at: float | None = None
        self._is_waiting = self._is_leaving = False

    @property
    def is_asked(self) -> bool:
        """Whether we are to go."""
        return self._asked_at is not None

    @property
    def answers_s(self) -> float:
        """How long answers may still take."""
        return self._left_s(ANSWERS_S)

    @property
    def children_s(self) -> float:
        """How long worker and model server may still take to end."""
        return max(HURRIED_S, self._left_s(CHILDREN_S))

    def _left_s(self, whole_s: float) -> float:
        return whole_s if self._asked_at is None else max(0.0, self._asked_at + whole_s - time.monotonic())

    def heed_signals(self) -> None:
        """Make SIGTERM and SIGINT ask us to go, from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def step(self) -> None:
        """Raise SystemExit, through the house's doors, when we are to go."""
        if self.is_asked:
            raise SystemExit(0)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Say that we wait for somebody, and may be called away at any moment."""
        self._is_waiting = True
        try:
            self.step()
            yield
        finally:
            self._is_waiting = False

    def leave(self) -> None:
        """Say that we go, for whatever reason: what was brought up is being taken down, and no signal is to break into that."""
        self._is_leaving = True
        if self._asked_at is None:
            self._asked_at = time.monotonic()

    def ask(self) -> None:
        """Take note of a signal."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        else:
            self.hurry.set()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.ask()
        if not self._is_leaving and (self._is_waiting or self.hurry.is_set()):
            raise SystemExit(0)


class Server(uvicorn.Server):
    """A server that goes as `departure` says; uvicorn's own would send itself the signal again when it has ended."""

    def __init__(self, config: uvicorn.Config, departure: Departure, end_answers: Callable[[], None]) -> None:
        """Be ready to serve."""
        super().__init__(config)
        self._departure, self._end_answers = departure, end_answers

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        self._departure.ask()
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, unless a signal came just before signals were ours."""
        await super().startup(sockets)
        self.should_exit = self.should_exit or self._departure.is_asked

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more calls and let the answers end: who follows one is told how it ended, and then lets go by himself."""
        # A thread of its own: those of the loop may all be waiting for a database that hangs.
        with ThreadPoolExecutor(1, thread_name_prefix="end answers") as own:
            answers = asyncio.get_running_loop().run_in_executor(own, self._end_answers)
            await super().shutdown(sockets)
            await answers


@contextmanager
def listen(config: Config) -> Iterator[socket.socket]:
    """Take the port, before anything else is started.

    Raises StartRefused when it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's delay on each connection; without, a small answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
            listening.listen(BACKLOG)
        except OSError as refused:
            raise StartRefused(_advice(refused, config)) from refused
        yield listening


def _advice(refused: OSError, config: Config) -> str:
    match refused.errno:
        case errno.EADDRINUSE:
            return f"Port {config.port} is taken by another program. Choose another: make run PORT={config.port + 1}"
        case errno.EACCES:
            return f"Port {config.port} needs rights that you do not have. Choose one above 1024: make run PORT=8501"
        case _:
            return f"HOST={config.host} is no address of this machine. Leave it out, or use 0.0.0.0 for all addresses."


def serve(app: ASGIApp, config: Config, listening: socket.socket, departure: Departure, end_answers: Callable[[], None]) -> None:
    """Serve until a signal says stop, then let answers end as `end_answers` does."""
    Server(how_to_serve(app, config), departure, end_answers).run(sockets=[listening])


def how_to_serve(app: ASGIApp, config: Config) -> protocols.Settings:
    """Return uvicorn's settings."""
    settings = protocols.Settings(
        app,
        lifespan="on",
        http=protocols.Http,
        ws=protocols.WebSocket,
        ws_max_size=16 * 1024 * 1024,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=int(ANSWERS_S + GOODBYE_S),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    settings.connections = connections.Connections(connections.limits(config), config.attune_trusted_proxies)
    return settings
