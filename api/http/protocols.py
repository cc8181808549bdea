"""uvicorn's HTTP with limits on what a client may send or leave unread, and on time."""

import asyncio
import json
import socket
import struct
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from api import errors
from api.http.connections import TOO_MANY_CONNECTIONS, Connections, only_health

MAX_HEAD_BYTES = 64 * 1024
# Small headers take ten times their size as objects; the websockets library has the same limit
MOST_HEADERS = 128
PIECE = 8 * 1024
# uvicorn keeps pipelined requests in memory until those before them have been answered.
DEEPEST_PIPELINE = 16
HEAD_S = 10.0
# A slow body may continue while at least this many bytes arrive in each half minute, which any
# modem manages.
BODY_S, MIN_BODY_PROGRESS = 30.0, 8 * 1024
# A client that reads nothing of a response for this long is disconnected; without sign-in, a
# response that takes longer than the shorter time makes room for new connections.
UNREAD_S, READ_S = 60.0, 3.0
LINGER_NONE = struct.pack("ii", 1, 0)


class Settings(uvicorn.Config):
    """uvicorn's settings, with the connections that its protocols share."""

    connections: Connections


class Unread:
    """Detects that a client does not read what was sent."""

    def __init__(self) -> None:
        self._size, self._since = 0, 0.0

    def is_stuck(self, size: int, now: float) -> bool:
        """Whether the unsent `size` bytes have not decreased for UNREAD_S."""
        if size < self._size or not self._size:
            self._since = now
        self._size = size
        return size > 0 and now - self._since > UNREAD_S


class Http(HttpToolsProtocol):
    """One connection: a head of 64 KiB in ten seconds, a body in progress, no trailers."""

    def __init__(
        self,
        config: Settings,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._connections = config.connections
        self._is_refused = self._is_in_head = False
        self._refusal: str | None = None
        self._running: RequestResponseCycle | None = None
        self._overhead = 0  # bytes since the last byte of a body, or the end of a request
        self._waits_since = self.loop.time()
        self._body_read, self._body_began_at = 0, 0.0
        self._body_checkpoint = (0, 0.0)
        self._unread = Unread()

    @property
    def is_waiting(self) -> bool:
        """Whether no complete request is in progress; an anonymous one that is incomplete, or whose
        response is not read, waits, too.
        """
        if self.transport.get_write_buffer_size() > 0:
            is_late = self.loop.time() - self._body_began_at > READ_S
            return is_late and (self._is_refused or self._is_anonymous)
        is_going = self.transport.is_closing()
        return not is_going and (not self._is_busy or self._is_incomplete_anonymous)

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and (bool(self.pipeline) or not self.cycle.response_complete)

    @property
    def _is_incomplete_anonymous(self) -> bool:
        is_half = self.cycle.more_body and not self.cycle.response_started and not self.pipeline
        return bool(is_half and self._is_anonymous)

    @property
    def _is_anonymous(self) -> bool:
        # Of the one at work, not of those that wait for it
        running = self._running.scope["state"] if self._running is not None else {}
        return bool(running.get("is_anonymous", False))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Register the connection; when there is no room for it, serve health checks only."""
        super().connection_made(transport)
        if not self._connections.admit(transport, self, self.client[0] if self.client else None):
            self._is_refused = True
            self.app = partial(only_health, self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection, and tell the request at work, which uvicorn only tells the last of
        several.
        """
        self._connections.leave(self.transport)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        begin = partial(self._begin, cycle, app)
        self._connections.turns.start(cycle.scope["path"], begin)

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        if not self.transport.is_closing():
            self._running = cycle
            super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Parse the data in pieces, so that the head's limit does not depend on segments."""
        begin = 0
        while begin < len(data) and self._is_reading():
            room = MAX_HEAD_BYTES - self._overhead
            if room <= 0 or len(self.pipeline) > DEEPEST_PIPELINE:
                self.send_400_response(
                    "The head of this request is too large, or too many requests are pipelined."
                )
                return
            piece = data[begin : begin + min(PIECE, room)]
            begin += len(piece)
            self._overhead += len(piece)
            super().data_received(piece)

    def _is_reading(self) -> bool:
        return not self.transport.is_closing() and self.transport.get_protocol() is self

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._waits_since = self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header of the head, and drop trailers, which proxies do not check."""
        if not self._is_in_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            self._refusal = f"A request may have at most {MOST_HEADERS} headers."
            raise ValueError(self._refusal)
        if name.lower() == b"cookie":  # Python before 3.11.10 undoes escapes in quadratic time
            value = value.replace(b"\\", b"")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head; reject one that a proxy may read otherwise."""
        self._is_in_head, self._overhead = False, 0
        self._body_read, self._body_began_at = 0, self.loop.time()
        self._body_checkpoint = (0, self._body_began_at)
        self._refusal = self._ambiguity()
        if self._refusal is not None:
            raise ValueError(self._refusal)
        super().on_headers_complete()

    def _ambiguity(self) -> str | None:
        is_old = self.parser.get_http_version() == "1.0"
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and not is_old):
            return "A request must have exactly one Host header."
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (is_old or codings != [b"chunked"]):
            return "The only transfer encoding is chunked, of HTTP/1.1."
        return None

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._body_read += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._overhead = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Pass the connection to the websocket protocol, unless there is no room for it."""
        if self._is_refused:
            self._refuse(503, "too_many_connections", TOO_MANY_CONNECTIONS)
            return
        super().handle_websocket_upgrade()
        upgraded = self.transport.get_protocol()
        # Otherwise it would wait forever
        if isinstance(upgraded, WebSocketsSansIOProtocol) and not upgraded.handshake_initiated:
            self.send_400_response("This is not a websocket handshake.")

    def send_400_response(self, msg: str) -> None:
        """Reject a request that cannot be parsed."""
        self._refuse(400, errors.CODES[400], self._refusal or msg)

    def make_room(self) -> None:
        """Close it for another connection; an incomplete request gets 503."""
        if self.transport.get_write_buffer_size() > 0:
            abort(self.transport)
        else:
            self._end(503, "too_many_connections", TOO_MANY_CONNECTIONS)

    def check(self, now: float) -> None:
        """Close it when its client takes too long to send or to read."""
        unsent = self.transport.get_write_buffer_size()
        if self._unread.is_stuck(unsent, now):
            abort(self.transport)
        # A client that still reads a response is not late with its next request.
        elif unsent or self.transport.is_closing():
            return
        elif not self._is_busy:
            if now - self._waits_since > HEAD_S:
                self._end(408, "too_slow", "The head of this request did not come in time.")
        elif self.cycle.more_body:
            self._check_body(now)

    def _check_body(self, now: float) -> None:
        previous_read, since = self._body_checkpoint
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:  # it waits for the server
            self._body_checkpoint = (self._body_read, now)
        elif self._is_incomplete_anonymous and now - self._body_began_at > HEAD_S:
            self._refuse(408, "too_slow", "The body of this request did not come in time.")
        elif now - since > BODY_S:
            if self._body_read - previous_read < MIN_BODY_PROGRESS:
                self._refuse(408, "too_slow", "The body of this request makes no progress.")
            self._body_checkpoint = (self._body_read, now)

    def _end(self, status: int, code: str, message: str) -> None:
        if self._is_in_head or self._is_busy:
            self._refuse(status, code, message)
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Send a problem and close; a response that has begun is aborted."""
        if self._is_busy and (self.cycle.response_started or self.pipeline):
            self.transport.abort()
            return
        body = json.dumps(errors.problem(status, code, message)).encode()
        head = f"content-type: {errors.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        more = "connection: close\r\n" + ("retry-after: 2\r\n" if status == 503 else "")
        self.transport.write(STATUS_LINE[status] + f"{head}{more}\r\n".encode() + body)
        self.transport.close()


def abort(transport: asyncio.Transport) -> None:
    """Close a connection and discard data that the kernel would try to send for minutes."""
    plain_socket = transport.get_extra_info("socket")
    if plain_socket is not None:
        plain_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    transport.abort()
