"""The socket and the server."""

import errno
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from core.config import Config
from core.errors import StartRefused

PATIENCE_S = 30
BACKLOG = 512


class Departure:
    """That we are to go: at the first signal answers may end for half a minute, at a second they are not waited for."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.hurry = threading.Event()
        self._ends_at: float | None = None

    @property
    def patience_s(self) -> float:
        """How long answers may still take."""
        return PATIENCE_S if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def heed_signals(self) -> None:
        """Make SIGTERM and SIGINT leave through the house's doors, from now on: what was brought up is taken down."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)

    def begin(self) -> None:
        """Begin to go; a signal from now on hurries us."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + PATIENCE_S

    def heed(self) -> None:
        """Take note of a signal."""
        if self._ends_at is not None:
            self.hurry.set()
        self.begin()

    def _leave(self, _number: int, _frame: object) -> None:
        is_first = self._ends_at is None
        self.heed()
        if is_first:
            raise SystemExit(0)


class Server(uvicorn.Server):
    """A server that goes as `departure` says; uvicorn's own would send itself the signal again when it has ended."""

    def __init__(self, config: uvicorn.Config, departure: Departure) -> None:
        """Be ready to serve."""
        super().__init__(config)
        self._departure = departure

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End when the answers have; at once at the second signal."""
        self._departure.heed()
        self.should_exit, self.force_exit = True, self._departure.hurry.is_set()


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


def serve(app: ASGIApp, listening: socket.socket, departure: Departure) -> None:
    """Serve until a signal says stop."""
    server = Server(
        uvicorn.Config(
            app,
            lifespan="on",
            ws="websockets-sansio",
            ws_max_size=16 * 1024 * 1024,
            ws_ping_interval=30,
            ws_ping_timeout=30,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=PATIENCE_S,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        ),
        departure,
    )
    server.run(sockets=[listening])
