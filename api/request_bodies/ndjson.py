"""Read NDJSON bodies of any length, in batches of lines that are stored together."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import Request

from api.request_bodies import decompression
from api.request_bodies.size_limits import MAX_BODY_BYTES
from core.errors import Invalid
from core.ingest.bodies import MAX_ROW_BYTES, PORTION_BYTES
from core.ingest.rows import MOST_ROWS

# Bytes within which there must be a row: longer blank stretches take time without storing anything.
MAX_GAP_BYTES = 16 * 2**20
MAX_BLANK_LINES = 1_000_000
MAX_COUNTED_ROWS = 100_000
# A body may decompress to this many times its size, plus the limit of other bodies
MAX_DECOMPRESSION_RATIO = 100
BYTES_A_ROW = 1024  # for the rate limit of rows


class NoRows(Invalid):
    """This body has more than 16 MiB, or a million blank lines, without a row. A line may have up
    to 1 MiB.
    """

    code = "no_rows"


class TooDense(Invalid):
    """This body has over 10,000 rows and over one per 4 bytes sent, or decompresses to over 20 MiB
    and 100 times its size.

    Earlier lines may be stored: send it again as several bodies.
    """

    code = "too_dense"


@dataclass
class NumberedLines:
    """Lines that are not blank, each with its number, and the number of bytes read for them."""

    numbered: list[tuple[int, bytes]] = field(default_factory=list)
    held: int = 0
    count: int = 0
    read: int = 0

    @property
    def cost(self) -> int:
        """How many rows they count for the rate limit."""
        return max(self.count, self.read // BYTES_A_ROW)

    @property
    def is_full(self) -> bool:
        """Whether they should be stored, or at least counted, now."""
        return (
            self.held >= PORTION_BYTES
            or len(self.numbered) >= MOST_ROWS
            or self.cost >= MAX_COUNTED_ROWS
        )


async def lines(request: Request) -> AsyncIterator[NumberedLines]:
    """Yield batches of lines; too long lines are shortened to one byte above the limit.

    Raises TooDense or NoRows.
    """
    reader = _Reader()
    async for piece, sent in decompression.pieces(request):
        full_batches = reader.feed(piece)
        if (
            reader.rows > decompression.max_rows(sent)
            or reader.read > MAX_BODY_BYTES + MAX_DECOMPRESSION_RATIO * sent
        ):
            raise TooDense
        for batch in full_batches:
            yield batch
    for batch in reader.feed(b"\n"):
        yield batch
    yield reader.batch


class _Reader:
    def __init__(self) -> None:
        self.batch = NumberedLines()
        self.rows = self.read = 0
        self._rest = bytearray()
        self._number = self._gap = self._blank = 0

    def feed(self, piece: bytes) -> "list[NumberedLines]":
        """Add a chunk, and return the batches that are full."""
        self.batch.read += len(piece)
        self.read += len(piece)
        self._gap += len(piece)
        self._rest += piece
        full_batches: list[NumberedLines] = []
        # Only the new chunk is searched: the rest has no line end.
        if b"\n" in piece:
            *complete, incomplete = bytes(self._rest).split(b"\n")
            self._rest = bytearray(incomplete)
            for line in complete:
                self._add(line)
                if self.batch.is_full:
                    full_batches.append(self.batch)
                    self.batch = NumberedLines()
        del self._rest[MAX_ROW_BYTES + 1 :]
        if self._gap > MAX_GAP_BYTES or self._blank > MAX_BLANK_LINES:
            raise NoRows
        return full_batches

    def _add(self, line: bytes) -> None:
        self.batch.count += 1
        if line and not line.isspace():
            shortened = line[: MAX_ROW_BYTES + 1]
            self.batch.numbered.append((self._number, shortened))
            self.batch.held += len(shortened)
            self._gap = self._blank = 0
            self.rows += 1
        else:
            self._blank += 1
        self._number += 1
