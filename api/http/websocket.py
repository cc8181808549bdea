"""uvicorn's websockets with limits on unread data, time and fragments; frames are parsed in small
pieces, between which other connections are served.
"""

import asyncio

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from api.http.protocols import HEAD_S, Settings, Unread, abort

PIECE_BYTES = 2 * 1024  # hundreds of empty frames
MOST_FRAGMENTS = 10_000  # of one message; browsers send no small ones


class WebSocket(WebSocketsSansIOProtocol):
    """One websocket; it keeps the place of its connection in the limits."""

    config: Settings

    @property
    def is_waiting(self) -> bool:
        """Whether its handshake is incomplete."""
        return not self.handshake_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the connection."""
        super().connection_made(transport)
        self._unread, self._began_at = Unread(), self.loop.time()
        self._unparsed = bytearray()
        self.config.connections.upgrade(transport, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection."""
        self.config.connections.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the head as a whole, and what follows in pieces, one in each turn of the loop."""
        if not self.handshake_initiated:
            super().data_received(data)
            return
        is_waiting = bool(self._unparsed)
        self._unparsed += data
        if not is_waiting:
            self._parse_piece()

    def _parse_piece(self) -> None:
        if self.transport.is_closing():
            return
        piece = bytes(self._unparsed[:PIECE_BYTES])
        super().data_received(piece)
        del self._unparsed[:PIECE_BYTES]
        if self._unparsed:
            self.loop.call_soon(self._parse_piece)
        self._read_on()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message; what is not parsed yet comes before more is read."""
        message = await super().receive()
        self._read_on()
        return message

    def handle_cont(self, event: Frame) -> None:
        """Add a fragment to its message."""
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()

    def handle_text(self, event: Frame) -> None:
        """Take it as bytes, as no client has to send text."""
        self.handle_bytes(event)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_on()

    def _read_on(self) -> None:
        """Read more, unless there is enough to do, or answers to pings are not read: all of it
        would fill the memory.
        """
        if self.transport.is_closing():
            return
        if self.read_paused or self._unparsed or not self.writable.is_set():
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def make_room(self) -> None:
        """Close it for another connection."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close it when its handshake takes too long, or its client does not read."""
        is_late = not self.handshake_complete and now - self._began_at > HEAD_S
        if is_late or self._unread.is_stuck(self.transport.get_write_buffer_size(), now):
            abort(self.transport)
