"""Files are opened: what they are is told by their first bytes, whatever their names say, and they are read as a stream.

Memory stays bounded whatever the file holds: one that unpacks to far more than it is, a line without an end, bytes that are no
text. Text is UTF-8, UTF-16 or UTF-32; single bytes that are no UTF-8 are taken for Windows-1252, which Latin-1 is a part of.
"""

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

from core.errors import Invalid
from core.imports import uploads
from core.ingest.bodies import LONGEST_ROW

SAMPLE = 1 << 20  # characters that are looked at to tell what a file is
LONGEST_LINE = 8 << 20  # of JSON: an export of many spans may stand in one
SUPPORTED = "Use CSV, TSV, JSON, JSONL or Parquet (gzip supported)."
TOO_LONG = f"longer than {LONGEST_ROW >> 20} MiB, the limit for a row"
MOST_BYTES = 32 << 30  # after unpacking
PLAIN_BYTES, MOST_TIMES = 64 << 20, 200  # what unpacks to more, and to so many times its size, is a bomb
MOST_CONTROLS = 0.02
PIECE = 1 << 20

GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV, and upload what is in it",
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
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class FileUnreadable(Invalid):
    """This file cannot be read."""


@dataclass(frozen=True)
class Opened:
    """What the first bytes of a file say."""

    is_packed: bool
    is_parquet: bool
    encoding: str
    sample: str  # the beginning, as text
    is_whole: bool  # whether the sample is all that there is

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of how the text is written."""
        found = [] if self.encoding == "utf-8" else [f"Text encoding: {self.encoding.upper()}."]
        if "\0" in self.sample:
            found.append("NUL characters are removed.")
        return found


def look(path: Path) -> Opened:
    """Return what a file is; raise Unreadable, in words, for what no import can read."""
    if path.stat().st_size == 0:
        raise FileUnreadable("The file is empty.")
    with _unpacked(path) as (stream, is_packed):
        head = _head(stream)
    if not head.strip():
        raise FileUnreadable("The file contains only whitespace.")
    if head.startswith(PARQUET):
        return Opened(is_packed, is_parquet=True, encoding="", sample="", is_whole=False)
    _refuse_foreign(head)
    encoding = _encoding(head)
    sample = head.decode(encoding, errors=RESCUE if encoding.startswith("utf-8") else "replace")
    _refuse_garbage(sample)
    return Opened(is_packed, is_parquet=False, encoding=encoding, sample=sample, is_whole=len(head) < SAMPLE)


def _head(stream: io.BufferedReader) -> bytes:
    found = b""
    try:
        while len(found) < SAMPLE and (piece := stream.read1(SAMPLE - len(found))):
            found += piece
        return found
    except (EOFError, OSError, zlib.error) as error:
        if found:
            return found
        raise FileUnreadable(f"Could not unpack the gzip file: {error}.") from None


def _refuse_foreign(head: bytes) -> None:
    for magic, words in FOREIGN.items():
        if head.startswith(magic):
            raise FileUnreadable(f"This is {words}. {SUPPORTED}")
    if head.startswith(GZIP):
        raise FileUnreadable("The file is compressed with gzip twice. Unpack it once.")


def _encoding(head: bytes) -> str:
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    # UTF-16 without a mark: of letters and digits, every other byte is zero.
    start = head[:4096]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > len(start) * 0.3 and even < len(start) * 0.05:
        return "utf-16-le"
    if even > len(start) * 0.3 and odd < len(start) * 0.05:
        return "utf-16-be"
    return "utf-8"


def _refuse_garbage(sample: str) -> None:
    start = sample[:65_536]
    controls = sum(1 for each in start if each < " " and each not in "\t\n\r\f\x1b") + start.count("\ufffd")
    if controls > max(8, len(start) * MOST_CONTROLS):
        raise FileUnreadable(f"Unsupported file type. {SUPPORTED}")


# Bytes that are no UTF-8

RESCUE = "attune-windows-1252"


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", errors="replace") for byte in wrong), error.end


codecs.register_error(RESCUE, _as_windows)


# Streams


class _Unpacking(io.RawIOBase):
    """A gzip stream that refuses to become endless."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self._packed, self._inner, self._size = packed, gzip.GzipFile(fileobj=packed), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what io calls it with
        data = self._inner.read1(len(buffer))  # what comes before a break is not lost
        buffer[: len(data)] = data
        self._size += len(data)
        if self._size > PLAIN_BYTES and self._size > MOST_TIMES * max(self._packed.tell(), 1):
            raise FileUnreadable(f"This unpacks to more than {MOST_TIMES} times its size, which is not allowed.")
        if self._size > MOST_BYTES:
            raise FileUnreadable(f"This unpacks to more than {MOST_BYTES >> 30} GB. Split it.")
        return len(data)


@contextmanager
def _unpacked(path: Path) -> "Iterator[tuple[io.BufferedReader[Any], bool]]":
    with path.open("rb") as raw:
        is_packed = raw.read(2) == GZIP
        raw.seek(0)
        if not is_packed:
            yield raw, False
            return
        with io.BufferedReader(_Unpacking(raw), 1 << 18) as stream:
            yield stream, True


def refuse_bomb(path: Path) -> None:
    """Raise Unreadable for what unpacks to far more than it is, before anything of it is stored."""
    with _unpacked(path) as (stream, is_packed):
        left = PLAIN_BYTES + PIECE if is_packed else 0
        while left > 0 and (piece := stream.read1(PIECE)):
            left -= len(piece)


@contextmanager
def as_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file as a stream of text, with its line ends as they are."""
    errors = RESCUE if encoding.startswith("utf-8") else "replace"
    with _unpacked(path) as (stream, _), io.TextIOWrapper(stream, encoding, errors=errors, newline="") as text:
        yield text


@contextmanager
def with_any_access(path: Path) -> Iterator[Path]:
    """Give a file that can be read at any place: one that is packed is unpacked beside it, for as long as it is used."""
    with _unpacked(path) as (stream, is_packed):
        # Parquet is read from its end, which no stream of gzip can be.
        if not is_packed:
            yield path
            return
        # By its name the import is known that needs it: what a kill leaves behind is removed later.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{uploads.UNPACKED}{path.name}-") as plain:
            _unpack(stream, plain)
            yield Path(plain.name)


def _unpack(packed: BinaryIO, plain: IO[bytes]) -> None:
    """Write a packed file as it was before; raise DiskFull while there is still room for the database."""
    with uploads.in_words():
        for number in count():
            if number % (uploads.LOOK_AGAIN_AFTER // PIECE) == 0:
                uploads.check_room(0, beside=Path(plain.name))
            if not (piece := packed.read(PIECE)):
                break
            plain.write(piece)
        plain.flush()


class TextLines:
    """The lines of a text, without NUL characters; of one that is too long, the rest is passed over and `cut` is set."""

    def __init__(self, text: TextIO, *, longest: int = LONGEST_LINE) -> None:
        """Read lines."""
        self._read, self._longest = text.readline, longest
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        """Return the lines that follow."""
        return self

    def __next__(self) -> str:
        """Return the next line, with its end."""
        line = self._read(self._longest)
        if not line:
            raise StopIteration
        if len(line) == self._longest and line[-1] not in "\r\n":
            self.cut = True
            self._pass_over()
        return line.replace("\0", "") if "\0" in line else line

    def _pass_over(self) -> None:
        while (more := self._read(self._longest)) and more[-1] not in "\r\n":
            pass
