"""uvicorn's HTTP and websocket protocols with limits on what a client may send, leave unread, and take time for."""

import asyncio
import json
import socket
import struct
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from api import errors
from api.connections import Connections

LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 128  # as objects, small ones take ten times what they take on the wire; websockets takes no more either
PIECE = 8 * 1024
DEEPEST_PIPELINE = 16
HEAD_S = 10.0
# A slow body goes on for as long as it makes progress: so much in each half minute, which is less than the slowest modem's.
BODY_S, LEAST_OF_BODY = 30.0, 8 * 1024
# Whoever reads nothing of an answer for so long is gone.
UNREAD_S = 60.0
AT_ONCE = struct.pack("ii", 1, 0)
HEALTH = frozenset({"/healthz", "/readyz", "/health"})
TOO_MANY = "There are too many connections at the moment. Try again in a few seconds."


class Settings(uvicorn.Config):
    """uvicorn's settings, with the connections that its protocols share."""

    connections: Connections


class Unread:
    """Notices that a client reads nothing of what was sent."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._size, self._since = 0, 0.0

    def is_stuck(self, size: int, now: float) -> bool:
        """Whether an unsent rest of `size` bytes has not become smaller for too long."""
        if size < self._size or not self._size:
            self._since = now
        self._size = size
        return size > 0 and now - self._since > UNREAD_S


class Http(HttpToolsProtocol):
    """One connection: a head of at most 64 KiB within ten seconds, a body that makes progress, no trailers."""

    def __init__(
        self,
        config: Settings,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin before the first request."""
        super().__init__(config, server_state, app_state, _loop)
        self._connections = config.connections
        self._is_refused = self._is_in_head = False
        self._refusal: str | None = None
        self._overhead = 0  # bytes since the last one of a body, or the end of a request
        self._waits_since = self.loop.time()
        self._body_read, self._body_began_at = 0, 0.0
        self._body_mark = (0, 0.0)
        self._unread = Unread()

    @property
    def is_waiting(self) -> bool:
        """Whether no request is under way that has been read, or a stranger's of which the body is to come."""
        is_going = self.transport.is_closing() or self.transport.get_write_buffer_size() > 0
        return not is_going and (not self._is_busy or self._has_half_of_strangers)

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and (bool(self.pipeline) or not self.cycle.response_complete)

    @property
    def _has_half_of_strangers(self) -> bool:
        is_half = self.cycle.more_body and not self.cycle.response_started and not self.pipeline
        return bool(is_half and self.scope["state"].get("is_stranger", False))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count the connection; without room for it, serve no more than health checks."""
        super().connection_made(transport)
        if not self._connections.admit(transport, self, self.client[0] if self.client else None):
            self._is_refused = True
            self.app = partial(_only_health, self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._connections.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, a piece at a time, so that a head in one segment has the limit of a head in many."""
        begin = 0
        while begin < len(data) and self._is_reading():
            room = LARGEST_HEAD - self._overhead
            if room <= 0 or len(self.pipeline) > DEEPEST_PIPELINE:
                self.send_400_response("The head of this request is too large, or too many requests come at once.")
                return
            piece = data[begin : begin + min(PIECE, room)]
            begin += len(piece)
            self._overhead += len(piece)
            super().data_received(piece)

    def _is_reading(self) -> bool:
        return not self.transport.is_closing() and self.transport.get_protocol() is self

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head = True
        self._waits_since = self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head, and drop one that comes after the body: a proxy checks those of the head only."""
        if not self._is_in_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            self._refusal = f"A request has at most {MOST_HEADERS} headers."
            raise ValueError(self._refusal)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head; refuse one that does not name exactly one host."""
        self._is_in_head, self._overhead = False, 0
        self._body_read, self._body_began_at = 0, self.loop.time()
        self._body_mark = (0, self._body_began_at)
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            self._refusal = "A request names one host, in one Host header."
            raise ValueError(self._refusal)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._overhead = 0
        self._body_read += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._overhead = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, unless there is no room for it."""
        if self._is_refused:
            self._refuse(503, "too_many_connections", TOO_MANY)
            return
        super().handle_websocket_upgrade()
        upgraded = self.transport.get_protocol()
        if isinstance(upgraded, WebSocket) and not upgraded.handshake_initiated:  # by itself it would wait for ever
            self.send_400_response("This is no handshake of a websocket.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read."""
        self._refuse(400, errors.CODES[400], self._refusal or msg)

    def make_room(self) -> None:
        """Close it for another one; a request of which half is there is told why."""
        self._end(503, "too_many_connections", TOO_MANY)

    def check(self, now: float) -> None:
        """Close it when its client takes too long to send, or to read."""
        unsent = self.transport.get_write_buffer_size()
        if self._unread.is_stuck(unsent, now):
            _cut_off(self.transport)
        elif unsent or self.transport.is_closing():
            return
        elif not self._is_busy:
            if now - self._waits_since > HEAD_S:
                self._end(408, "too_slow", "The head of this request did not come in time.")
        elif self.cycle.more_body:
            self._check_body(now)

    def _check_body(self, now: float) -> None:
        read_before, since = self._body_mark
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:  # it is for us to go on
            self._body_mark = (self._body_read, now)
        elif self._has_half_of_strangers and now - self._body_began_at > HEAD_S:
            self._refuse(408, "too_slow", "The body of this request did not come in time.")
        elif now - since > BODY_S:
            if self._body_read - read_before < LEAST_OF_BODY:
                self._refuse(408, "too_slow", "The body of this request makes no progress.")
            self._body_mark = (self._body_read, now)

    def _end(self, status: int, code: str, words: str) -> None:
        if self._is_in_head or self._is_busy:
            self._refuse(status, code, words)
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, words: str) -> None:
        """Answer and close; an answer that has begun is cut off."""
        if self._is_busy and (self.cycle.response_started or self.pipeline):
            self.transport.abort()
            return
        body = json.dumps(errors.problem(status, code, words)).encode()
        head = f"content-type: {errors.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
        retry = "retry-after: 2\r\n" if status == 503 else ""
        self.transport.write(STATUS_LINE[status] + f"{head}{retry}\r\n".encode() + body)
        self.transport.close()


class WebSocket(WebSocketsSansIOProtocol):
    """One websocket, which counts as the connection that it was."""

    config: Settings

    @property
    def is_waiting(self) -> bool:
        """Whether its handshake is still to come."""
        return not self.handshake_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        super().connection_made(transport)
        self._unread, self._began_at = Unread(), self.loop.time()
        self.config.connections.upgrade(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.config.connections.leave(self.transport)
        super().connection_lost(exc)

    def make_room(self) -> None:
        """Close it for another one."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close it when its handshake takes too long, or its client reads nothing."""
        is_late = not self.handshake_complete and now - self._began_at > HEAD_S
        if is_late or self._unread.is_stuck(self.transport.get_write_buffer_size(), now):
            _cut_off(self.transport)


def _cut_off(transport: asyncio.Transport) -> None:
    """Close a connection and drop what the kernel still holds of it: megabytes, which it would offer for minutes."""
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    transport.abort()


async def _only_health(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] in HEALTH:
        await app(scope, receive, send)
        return
    answer = errors.response(errors.problem(503, "too_many_connections", TOO_MANY), {"Connection": "close"})
    await answer(scope, receive, send)
