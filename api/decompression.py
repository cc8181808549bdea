"""Decompress request bodies in small pieces, or whole with their memory reserved."""

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.bodies import LARGEST_BODY
from api.memory import Room
from api.threads import INGEST
from core.errors import Invalid

PIECE = 256 * 1024
AT_ONCE = 64 * 1024
MOST_MEMBERS = 10_000
# What a body may cost goes by what was sent: gzip makes any number of rows of little, and each costs the same to store.
FREE_ROWS, BYTES_OF_A_ROW = 10_000, 4
TIMES = 32  # so many times its bytes a body takes as objects, when nothing is in it but empty lists
SMALL = 2**20
SMALL_ONES = Room(128 * 2**20)  # bytes
LARGE_ONES = Room(2)  # bodies: each is held whole, and is made objects of a portion at a time (core/ingest/bodies.py)


class EncodingRefused(Invalid):
    """Content-Encoding may be gzip, or left out."""


class NoGzip(Invalid):
    """The body says that it is gzip, and is not, or ends too early."""


async def pieces(request: Request) -> AsyncIterator[tuple[bytes, int]]:
    """Yield the body in pieces of at most 256 KiB as they come, each with how many bytes had been sent by then.

    Raises EncodingRefused or NoGzip.
    """
    unpacking, sent = _Unpacking() if _is_packed(request) else None, 0
    async for came in request.stream():
        sent += len(came)
        for piece in unpacking.feed(came) if unpacking is not None else (came,):
            yield piece, sent
    if unpacking is not None:
        unpacking.end()


@asynccontextmanager
async def whole(request: Request) -> AsyncIterator[bytes]:
    """Give the whole body, while there is room in memory for what is made of it; answer 413 to one that is too large."""
    is_packed, sent = _is_packed(request), await request.body()
    body = await INGEST.run(_unpacked, sent, SMALL) if is_packed else sent
    if body is not None and len(body) <= SMALL:
        async with room(len(body)):
            yield body
        return
    # What is packed waits as it is: unpacked, a few of them would fill the memory.
    async with LARGE_ONES.taken(1):
        body = await INGEST.run(_unpacked, sent, LARGEST_BODY) if is_packed else sent
        if body is None:
            raise HTTPException(413, "A body has at most 20 MiB after decompression. NDJSON has no such limit.")
        yield body


def most_rows(sent: int) -> int:
    """Return how many rows, or messages, a body may hold of which so many bytes were sent."""
    return FREE_ROWS + sent // BYTES_OF_A_ROW


def room(size: int) -> AbstractAsyncContextManager[None]:
    """Return room for what is made of so many bytes of rows."""
    return SMALL_ONES.taken(size * TIMES)


def _is_packed(request: Request) -> bool:
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "gzip" | "x-gzip":
            return True
        case "identity" | "":
            return False
        case _:
            raise EncodingRefused


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """Return what was packed, or None when it is more than wanted."""
    found, unpacking = bytearray(), _Unpacking()
    for piece in unpacking.feed(packed):
        found += piece
        if len(found) > most:
            return None
    unpacking.end()
    return bytes(found)


class _Unpacking:
    """A gzip stream: it may hold several members, one after the other."""

    def __init__(self) -> None:
        self._members = 0
        self._member, self._is_within = zlib.decompressobj(zlib.MAX_WBITS | 16), False

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield what is in it. What comes after the end of a member is copied, each time: little is given at once."""
        for first in range(0, len(packed), AT_ONCE):
            yield from self._feed(packed[first : first + AT_ONCE])

    def _feed(self, left: bytes) -> Iterator[bytes]:
        while left:
            try:
                unpacked, self._is_within = self._member.decompress(left, PIECE), True
            except zlib.error:
                raise NoGzip from None
            if unpacked:
                yield unpacked
            left = self._member.unconsumed_tail
            if self._member.eof:
                left, self._is_within = self._member.unused_data, False
                self._members += 1
                if self._members > MOST_MEMBERS:
                    raise NoGzip(f"The body has more than {MOST_MEMBERS:,} members of gzip.")
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def end(self) -> None:
        """Raise NoGzip when there should be more."""
        if self._is_within:
            raise NoGzip
