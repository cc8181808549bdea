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

from api.http import connections, protocols, websocket
from core.embedded.child import HURRY_TIMEOUT_S
from core.errors import StartRefused
from core.platform.config import Config

# In total less than the 30 s that container platforms and systemd units commonly wait before they
# kill.
ANSWERS_S = 20.0  # for running answers to end
LAST_RESPONSES_S = 3.0  # for clients to receive the end of an answer
CHILDREN_S = 27.0  # for the worker and the model server; Postgres takes one or two more
BACKLOG = 512
MAX_CONSOLE_MESSAGE_BYTES = (
    4 * 1024 * 1024
)  # four of the longest texts; 16 MiB can hold 690 MB of empty widgets


class Shutdown:
    """The state of a shutdown: after the first signal, answers may end within 20 s; a second signal
    ends them at once.

    During startup, a first signal takes effect between two steps, because an exception inside an
    import or a migration could surface as any error. A second signal, or one during `waiting`,
    exits at once.
    """

    def __init__(self) -> None:
        self.hurry = threading.Event()
        self._asked_at: float | None = None
        self._is_waiting = self._is_leaving = False

    @property
    def is_requested(self) -> bool:
        """Whether a shutdown was requested."""
        return self._asked_at is not None

    @property
    def answers_s(self) -> float:
        """Seconds that answers may still take."""
        return self._left_s(ANSWERS_S)

    @property
    def children_s(self) -> float:
        """Seconds that the worker and the model server may still take to end."""
        return max(HURRY_TIMEOUT_S, self._left_s(CHILDREN_S))

    def _left_s(self, limit_s: float) -> float:
        return (
            limit_s
            if self._asked_at is None
            else max(0.0, self._asked_at + limit_s - time.monotonic())
        )

    def handle_signals(self) -> None:
        """Handle SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def exit_if_requested(self) -> None:
        """Raise SystemExit when a shutdown was requested."""
        if self.is_requested:
            raise SystemExit(0)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Allow a signal to interrupt this block."""
        self._is_waiting = True
        try:
            self.exit_if_requested()
            yield
        finally:
            self._is_waiting = False

    def begin(self) -> None:
        """Begin the shutdown for any reason; signals no longer interrupt it."""
        self._is_leaving = True
        if self._asked_at is None:
            self._asked_at = time.monotonic()

    def ask(self) -> None:
        """Record a signal."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        else:
            self.hurry.set()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.ask()
        if not self._is_leaving and (self._is_waiting or self.hurry.is_set()):
            raise SystemExit(0)


class Server(uvicorn.Server):
    """A uvicorn server that follows `shutdown`, and does not send itself the signal again."""

    def __init__(
        self, config: uvicorn.Config, shutdown_state: Shutdown, end_answers: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._shutdown_state, self._end_answers = shutdown_state, end_answers

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown."""
        self._shutdown_state.ask()
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, unless a signal arrived just before."""
        await super().startup(sockets)
        self.should_exit = self.should_exit or self._shutdown_state.is_requested

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more requests, and let running answers end."""
        # A separate thread, because those of the loop may all be waiting for the database.
        with ThreadPoolExecutor(1, thread_name_prefix="end answers") as executor:
            answers = asyncio.get_running_loop().run_in_executor(executor, self._end_answers)
            await super().shutdown(sockets)
            await answers


@contextmanager
def listen(config: Config) -> Iterator[socket.socket]:
    """Bind the port before anything else is started.

    Raises StartRefused when the port is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # With the protocol set, asyncio disables Nagle's algorithm, which delays small responses by 40
    # ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        # Else a restart could not bind while connections of before are in TIME_WAIT
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise StartRefused(_advice(error, config)) from error
        yield listener


def _advice(error: OSError, config: Config) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {config.port} is taken by another program. Choose another: make run "
                f"PORT={config.port + 1}"
            )
        case errno.EACCES:
            return (
                f"Port {config.port} requires permissions that you don't have. Choose one above "
                "1024: make run PORT=8501"
            )
        case _:
            return (
                f"HOST={config.host} is not an address of this machine. Leave it out, or use "
                "0.0.0.0 for all addresses."
            )


def serve(
    app: ASGIApp,
    config: Config,
    listener: socket.socket,
    shutdown: Shutdown,
    end_answers: Callable[[], None],
) -> None:
    """Serve until a signal, then let answers end with `end_answers`."""
    Server(uvicorn_settings(app, config), shutdown, end_answers).run(sockets=[listener])


def uvicorn_settings(app: ASGIApp, config: Config) -> protocols.Settings:
    """Return uvicorn's settings."""
    settings = protocols.Settings(
        app,
        # Else a start that failed would be served as if nothing had happened
        lifespan="on",
        http=protocols.Http,
        ws=websocket.WebSocket,
        ws_max_size=MAX_CONSOLE_MESSAGE_BYTES,
        # Proxies close a silent connection (nginx after 60 s)
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=True,  # a first visit's messages are 42 kB instead of 106
        timeout_graceful_shutdown=int(ANSWERS_S + LAST_RESPONSES_S),
        log_config=None,
        access_log=False,
        server_header=False,
        # The gate reads these itself, of trusted proxies only
        proxy_headers=False,
    )
    settings.connections = connections.Connections(
        connections.limits(config), config.attune_trusted_proxies
    )
    return settings
