"""The socket and the server."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.config import Config
from core.errors import StartRefused

STREAMS_MAY_END_S = 30
BACKLOG = 512
LARGEST_HEAD = 64 * 1024


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


class BoundedHead(HttpToolsProtocol):
    """Reads no more of a request's head than any of ours has: by itself, uvicorn keeps all that a stranger sends."""

    _read = 0
    _is_in_head = False

    def data_received(self, data: bytes) -> None:
        """Take what has arrived; refuse a head that does not end."""
        super().data_received(data)
        self._read = self._read + len(data) if self._is_in_head else 0
        if self._read > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of this request is too large.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: bodies have limits of their own."""
        self._is_in_head = False
        super().on_headers_complete()


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until a signal says stop."""
    uvicorn.Server(how_to_serve(app)).run(sockets=[listening])


def how_to_serve(app: ASGIApp) -> uvicorn.Config:
    """Return uvicorn's settings."""
    return uvicorn.Config(
        app,
        lifespan="on",
        http=BoundedHead,
        ws="websockets-sansio",
        ws_max_size=16 * 1024 * 1024,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STREAMS_MAY_END_S,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
