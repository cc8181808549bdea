"""Decompress request bodies in chunks, or as a whole with memory reserved for them."""

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.request_bodies.memory import MemoryBudget
from api.request_bodies.size_limits import MAX_BODY_BYTES
from api.threads import INGEST
from core.errors import Invalid

CHUNK_BYTES = 256 * 1024
INPUT_BYTES = 64 * 1024
MAX_MEMBERS = 10_000
# Rows are limited by the bytes sent: a small gzip body can contain any number of rows, each of
# which takes time to store.
FREE_ROWS, BYTES_PER_ROW = 10_000, 4
OBJECT_BYTES_PER_BYTE = 32  # memory of a body's objects per byte, in the worst case of empty lists
SMALL_BODY_BYTES = 2**20
SMALL_BODIES = MemoryBudget(128 * 2**20)  # bytes
# Bodies: each is in memory as a whole, and is decoded in batches (core/ingest/bodies.py)
LARGE_BODIES = MemoryBudget(2)


class EncodingRefused(Invalid):
    """Content-Encoding must be gzip or absent."""


class GzipInvalid(Invalid):
    """The body is not valid gzip, or it is incomplete."""


async def pieces(request: Request) -> AsyncIterator[tuple[bytes, int]]:
    """Yield the body in chunks of at most 256 KiB, each with the number of bytes sent so far.

    Raises EncodingRefused or GzipInvalid.
    """
    stream, sent = _GzipStream() if _is_compressed(request) else None, 0
    async for received in request.stream():
        sent += len(received)
        for piece in stream.feed(received) if stream is not None else (received,):
            yield piece, sent
    if stream is not None:
        stream.end()


@asynccontextmanager
async def whole(request: Request) -> AsyncIterator[bytes]:
    """Yield the whole body once memory for its objects is free; raise HTTP 413 when too large."""
    is_packed, sent = _is_compressed(request), await request.body()
    body = await INGEST.run(_decompressed, sent, SMALL_BODY_BYTES) if is_packed else sent
    if body is not None and len(body) <= SMALL_BODY_BYTES:
        async with room(len(body)):
            yield body
        return
    # A compressed body waits compressed: decompressed, a few of them would fill the memory.
    async with LARGE_BODIES.taken(1):
        body = await INGEST.run(_decompressed, sent, MAX_BODY_BYTES) if is_packed else sent
        if body is None:
            raise HTTPException(
                413, "A body may have at most 20 MiB after decompression. NDJSON has no such limit."
            )
        yield body


def max_rows(sent: int) -> int:
    """Return how many rows, or messages, a body may have for a number of bytes sent."""
    return FREE_ROWS + sent // BYTES_PER_ROW


def room(size: int) -> AbstractAsyncContextManager[None]:
    """Reserve memory for the objects of a body with this many bytes."""
    return SMALL_BODIES.taken(size * OBJECT_BYTES_PER_BYTE)


def _is_compressed(request: Request) -> bool:
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "gzip" | "x-gzip":
            return True
        case "identity" | "":
            return False
        case _:
            raise EncodingRefused


def _decompressed(compressed: bytes, max_bytes: int) -> bytes | None:
    """Return the decompressed body, or None when it has more than `max_bytes`."""
    body, stream = bytearray(), _GzipStream()
    for piece in stream.feed(compressed):
        body += piece
        if len(body) > max_bytes:
            return None
    stream.end()
    return bytes(body)


class _GzipStream:
    """A gzip stream, which may have several members."""

    def __init__(self) -> None:
        self._members = 0
        self._member, self._is_within = zlib.decompressobj(zlib.MAX_WBITS | 16), False

    def feed(self, compressed: bytes) -> Iterator[bytes]:
        """Yield decompressed parts.

        Data after the end of a member is copied each time, so input is passed in small parts.
        """
        for start in range(0, len(compressed), INPUT_BYTES):
            yield from self._feed(compressed[start : start + INPUT_BYTES])

    def _feed(self, remaining: bytes) -> Iterator[bytes]:
        while remaining:
            try:
                unpacked, self._is_within = self._member.decompress(remaining, CHUNK_BYTES), True
            except zlib.error:
                raise GzipInvalid from None
            if unpacked:
                yield unpacked
            remaining = self._member.unconsumed_tail
            if self._member.eof:
                remaining, self._is_within = self._member.unused_data, False
                self._members += 1
                if self._members > MAX_MEMBERS:
                    raise GzipInvalid(f"The body has more than {MAX_MEMBERS:,} members of gzip.")
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def end(self) -> None:
        """Raise GzipInvalid when the stream is incomplete."""
        if self._is_within:
            raise GzipInvalid
