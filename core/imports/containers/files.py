"""Open a file as a stream: its first bytes say what it is, never its name.

Memory stays bounded for a gzip bomb, a line without an end and binary data. Text is UTF-8, UTF-16
or UTF-32; bytes that are not UTF-8 are read as Windows-1252, which includes Latin-1. pyarrow does
not do this: it reads one encoding and stops at other bytes.
"""

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from core.errors import Invalid
from core.imports import uploads
from core.imports.errors import FileGone
from core.ingest.bodies import MAX_ROW_BYTES

SAMPLE = 1 << 20  # characters that are looked at to tell what a file is
SUPPORTED = "Use CSV, TSV, JSON, JSONL or Parquet (gzip supported)."
TOO_LONG = f"longer than {MAX_ROW_BYTES >> 20} MiB, the limit for a row"
MOST_BYTES = 32 << 30  # after unpacking
# What unpacks to more, and to so many times its size, is a bomb
PLAIN_BYTES, MOST_TIMES = 64 << 20, 200
MOST_CONTROLS = 0.02
PIECE = 1 << 20
AS_WINDOWS = "attune-windows-1252"

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
UNSUPPORTED = {
    b"PK\x03\x04": (
        "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV, and upload what "
        "is in it"
    ),
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"BZh": "packed with bzip2: unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it, and upload what is in it",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3\x00": "an SQLite database: export its tables as CSV",
    b"ORC": "an ORC file: write it as Parquet",
    b"Obj\x01": "an Avro file: write it as Parquet or JSONL",
    b"ARROW1": "an Arrow file: write it as Parquet",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileUnreadable(Invalid):
    """This file cannot be read."""


# Position from 1, line, cells or object, what is wrong with it
Record = tuple[int, int | None, Any, str | None]


@dataclass(frozen=True)
class Opened:
    """What the first bytes of a file say."""

    is_parquet: bool = False
    encoding: str = ""
    sample: str = ""  # the beginning, as text
    is_whole: bool = False  # whether the sample is the whole file

    @property
    def notes(self) -> list[str]:
        """What the import page says about how the text is written."""
        is_usual = self.encoding in ("utf-8", "utf-8-sig") or self.is_parquet
        notes = [] if is_usual else [f"Text encoding: {self.encoding.upper()}."]
        return [*notes, "NUL characters are removed."] if "\0" in self.sample else notes


def inspect(path: Path) -> Opened:
    """Return what a file is; raise FileUnreadable for what no import can read, and FileGone for
    one that was removed since its import was found.
    """
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        raise FileGone from None
    if size_bytes == 0:
        raise FileUnreadable("The file is empty.")
    with _unpacked(path) as (stream, _):
        head = _head(stream)
    if not head.strip():
        raise FileUnreadable("The file contains only whitespace.")
    if head.startswith(PARQUET):
        return Opened(is_parquet=True)
    for magic, described in UNSUPPORTED.items():
        if head.startswith(magic):
            raise FileUnreadable(f"This is {described}. {SUPPORTED}")
    if head.startswith(GZIP):
        raise FileUnreadable("The file is compressed with gzip twice. Unpack it once.")
    encoding = _encoding(head)
    sample = head.decode(encoding, errors=_on_error(encoding))
    start = sample[:65_536]
    controls = sum(1 for each in start if each < " " and each not in "\t\n\r\f\x1b") + start.count(
        "\ufffd"
    )
    if controls > max(8, len(start) * MOST_CONTROLS):
        raise FileUnreadable(f"Unsupported file type. {SUPPORTED}")
    return Opened(encoding=encoding, sample=sample, is_whole=len(head) < SAMPLE)


def _head(stream: io.BufferedReader) -> bytes:
    head = b""
    try:
        while len(head) < SAMPLE and (piece := stream.read1(SAMPLE - len(head))):
            head += piece
    except (EOFError, OSError, zlib.error) as error:
        if not head:
            raise FileUnreadable(f"Could not unpack the gzip file: {error}.") from None
    return head


def _encoding(head: bytes) -> str:
    for bom, encoding in BOMS:
        if head.startswith(bom):
            return encoding
    # UTF-16 without a byte order mark: of letters and digits, every other byte is zero.
    start = head[:4096]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > len(start) * 0.3 and even < len(start) * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > len(start) * 0.3 and odd < len(start) * 0.05 else "utf-8"


def _on_error(encoding: str) -> str:
    return AS_WINDOWS if encoding.startswith("utf-8") else "replace"


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(
        bytes([byte]).decode("cp1252", "replace") for byte in error.object[error.start : error.end]
    ), error.end


codecs.register_error(AS_WINDOWS, _as_windows)


class _BoundedGzip(gzip.GzipFile):
    """A gzip stream that ends with FileUnreadable where it unpacks to what only a bomb does."""

    def read1(self, size: int = -1) -> bytes:
        piece = super().read1(size)
        unpacked, packed = self.tell(), max(self.fileobj.tell(), 1)  # type: ignore[union-attr]  # open
        if unpacked > max(PLAIN_BYTES, MOST_TIMES * packed):
            raise FileUnreadable(
                f"This unpacks to more than {MOST_TIMES} times its size, which is not allowed."
            )
        if unpacked > MOST_BYTES:
            raise FileUnreadable(f"This unpacks to more than {MOST_BYTES >> 30} GB. Split it.")
        return piece


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Any, bool]]:
    with path.open("rb") as raw:
        is_packed = raw.peek(2)[:2] == GZIP
        if not is_packed:
            yield raw, False
            return
        with _BoundedGzip(fileobj=raw) as stream:
            yield stream, True


def refuse_bomb(path: Path) -> None:
    """Raise FileUnreadable for a file that unpacks to far more than its size, before any of it is
    stored.
    """
    with _unpacked(path) as (stream, is_packed):
        left = PLAIN_BYTES + PIECE if is_packed else 0
        while left > 0 and (piece := stream.read1(PIECE)):
            left -= len(piece)


@contextmanager
def as_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file as a stream of text, with its line ends as they are."""
    with (
        _unpacked(path) as (stream, _),
        io.TextIOWrapper(stream, encoding, errors=_on_error(encoding), newline="") as text,
    ):
        yield text


@contextmanager
def with_any_access(path: Path) -> Iterator[Path]:
    """Yield a file that can be read at any place: a packed one is unpacked beside it for as long as
    it is used.

    Parquet is read from its end. Raise DiskFull while there is still room for the database.
    """
    with _unpacked(path) as (stream, is_packed):
        if not is_packed:
            yield path
            return
        # The name contains the import's id: what a kill leaves behind is removed later.
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f"{uploads.UNPACKED}{path.name}-"
        ) as plain:
            with uploads.translate_disk_full():
                left = 0
                while piece := stream.read1(PIECE):
                    if left <= 0:
                        uploads.check_room(0, beside=path)
                        left = uploads.LOOK_AGAIN_AFTER
                    left -= plain.write(piece)
                plain.flush()
            yield Path(plain.name)


def lines_of(text: TextIO, longest: int) -> Iterator[tuple[str, bool]]:
    """Yield each line without NUL characters, and whether it was cut at `longest` characters."""
    while line := text.readline(longest):
        is_cut = len(line) == longest and line[-1] not in "\r\n"
        while is_cut and (more := text.readline(longest)) and more[-1] not in "\r\n":
            pass
        yield line.replace("\0", ""), is_cut


def lines_of_sample(sample: str) -> list[str]:
    """Return the lines of a sample, which end as those of the file do."""
    # splitlines would end them at U+2028, too, which texts of the web have within cells
    return list(io.StringIO(sample, newline=""))
