"""Read NDJSON bodies without a length limit, as many lines at a time as are stored at once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import Request

from api import decompression
from api.bodies import LARGEST_BODY
from core.errors import Invalid
from core.ingest.bodies import LONGEST_ROW, PORTION
from core.ingest.intake import MOST_ROWS

# In which there must be a row. More of nothing is no body of rows, and takes as long to read.
LONGEST_GAP = 16 * 2**20
MOST_BLANK = 1_000_000
MOST_COUNTED = 100_000
TIMES = 100  # so many times its size may a body unpack to, and what a body of another kind may have
BYTES_A_ROW = 1024  # as a limit of rows counts them


class NoRows(Invalid):
    """This body goes on and on without a row: a line holds up to 1 MiB, and blank lines are passed over, but not without end."""

    code = "no_rows"


class TooDense(Invalid):
    """This body holds more than 10,000 rows and one for each 4 bytes sent, or unpacks to more than 20 MiB and 100 times its size.

    Of what came before, lines may be stored: send it again as several bodies.
    """

    code = "too_dense"


@dataclass
class NumberedLines:
    """Lines with something in them, each with its number, and what was read to find them."""

    numbered: list[tuple[int, bytes]] = field(default_factory=list)
    held: int = 0
    count: int = 0
    read: int = 0

    @property
    def cost(self) -> int:
        """As how many rows they count."""
        return max(self.count, self.read // BYTES_A_ROW)

    @property
    def is_full(self) -> bool:
        """Whether it is enough to be stored, or at least to be counted."""
        return self.held >= PORTION or len(self.numbered) >= MOST_ROWS or self.cost >= MOST_COUNTED


async def lines(request: Request) -> AsyncIterator[NumberedLines]:
    """Yield lines, of one that is too long as much as shows that; raise TooDense, or NoRows for one without any."""
    reader = _Reader()
    async for piece, sent in decompression.pieces(request):
        full = reader.feed(piece)
        if reader.rows > decompression.most_rows(sent) or reader.read > LARGEST_BODY + TIMES * sent:
            raise TooDense
        for found in full:
            yield found
    for found in reader.feed(b"\n"):
        yield found
    yield reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = NumberedLines()
        self.rows = self.read = 0
        self._rest = bytearray()
        self._number = self._gap = self._blank = 0

    def feed(self, piece: bytes) -> "list[NumberedLines]":
        """Take what has come, and return what is enough to be stored."""
        self.found.read += len(piece)
        self.read += len(piece)
        self._gap += len(piece)
        self._rest += piece
        full: list[NumberedLines] = []
        # Looked for in what is new alone: what stands before it has been looked through.
        if b"\n" in piece:
            *whole, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
            for line in whole:
                self._add(line)
                if self.found.is_full:
                    full.append(self.found)
                    self.found = NumberedLines()
        del self._rest[LONGEST_ROW + 1 :]
        if self._gap > LONGEST_GAP or self._blank > MOST_BLANK:
            raise NoRows
        return full

    def _add(self, line: bytes) -> None:
        self.found.count += 1
        if line and not line.isspace():
            kept = line[: LONGEST_ROW + 1]
            self.found.numbered.append((self._number, kept))
            self.found.held += len(kept)
            self._gap = self._blank = 0
            self.rows += 1
        else:
            self._blank += 1
        self._number += 1
