"""Bodies as they were before somebody packed them: in small pieces, so that a bomb costs no memory."""

import zlib
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.bodies import LARGEST_BODY
from core.errors import Invalid

PIECE = 256 * 1024


class EncodingRefused(Invalid):
    """Content-Encoding may be gzip, or left out."""


class NoGzip(Invalid):
    """The body says that it is gzip, and is not, or ends too early."""


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in pieces of at most 256 KiB; raise EncodingRefused or NoGzip."""
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "gzip" | "x-gzip":
            unpacked = _unpacked(request)
        case "identity" | "":
            unpacked = request.stream()
        case _:
            raise EncodingRefused
    async for piece in unpacked:
        yield piece


async def whole(request: Request) -> bytes:
    """Return the whole body; answer 413 to one that is too large."""
    read = bytearray()
    async for piece in pieces(request):
        read += piece
        if len(read) > LARGEST_BODY:
            raise HTTPException(413, "A body has at most 20 MiB after decompression. NDJSON has no such limit.")
    return bytes(read)


async def _unpacked(request: Request) -> AsyncIterator[bytes]:
    packed, is_within = zlib.decompressobj(zlib.MAX_WBITS | 16), False
    async for piece in request.stream():
        left = piece
        while left:
            try:
                unpacked, is_within = packed.decompress(left, PIECE), True
            except zlib.error:
                raise NoGzip from None
            if unpacked:
                yield unpacked
            left = packed.unconsumed_tail
            if packed.eof:  # gzip may hold several members, one after the other
                left, is_within = packed.unused_data, False
                packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
    if is_within:
        raise NoGzip
