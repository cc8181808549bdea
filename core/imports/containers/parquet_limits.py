"""What a Parquet file may hold, looked at before pyarrow reads any of it: a hundred bytes may say
that they are gigabytes.
"""

import mmap
import os
from pathlib import Path

import pyarrow.parquet as pq

from core.imports.containers import parquet_pages
from core.imports.containers.files import MOST_TIMES, PARQUET, FileUnreadable
from core.imports.containers.parquet_pages import ColumnChunk, RowGroup
from core.ingest.bodies import MAX_ROW_BYTES

# Of a row group: what has more, and MOST_TIMES the file's size, is a bomb
PLAIN_BYTES, MOST_CELLS = 16 << 20, 400_000
MOST_COLUMNS = 5_000
# The metadata at the end takes a hundred times its size once read
FOOTER_BYTES = 256 << 10
ENDING_BYTES = 8  # the length of the metadata, and PAR1
# Both name the lengths of all texts of a page first, of which the file says as many as it likes
DELTA_ENCODINGS = {6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}
DELTA = (
    "This Parquet file has texts encoded as {}, which is not supported. Write it with "
    "dictionaries or plain texts."
)
BOMB = f"This unpacks to more than {MOST_TIMES} times its size, which is not allowed."
BROKEN_PAGES = "The file begins as Parquet, and its pages cannot be read."


def check_footer(plain: Path, packed_bytes: int) -> None:
    """Raise FileUnreadable for metadata that is far longer than the file on the wire."""
    if _footer_bytes(_ending(plain)) > max(FOOTER_BYTES, packed_bytes):
        raise FileUnreadable(BOMB)


def _ending(plain: Path) -> bytes:
    with plain.open("rb") as file:
        file.seek(-min(ENDING_BYTES, plain.stat().st_size), os.SEEK_END)
        return file.read()


def check(file: pq.ParquetFile, plain: Path) -> None:
    """Raise FileUnreadable for what holds far more than its size, or cannot be read."""
    count = file.metadata.num_columns
    if not 0 < count <= MOST_COLUMNS:
        raise FileUnreadable(
            f"The Parquet file has {count:,} columns; an import takes 1 to {MOST_COLUMNS:,}."
        )
    columns = [file.schema.column(place) for place in range(count)]
    if any((column.length or 0) > MAX_ROW_BYTES for column in columns):
        raise FileUnreadable(f"A column has cells of more than {MAX_ROW_BYTES >> 20} MiB.")
    levels = [column.max_repetition_level for column in columns]
    with (
        plain.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        try:
            _check_groups(data, levels)
        except (ValueError, IndexError, KeyError):
            raise FileUnreadable(BROKEN_PAGES) from None


def _check_groups(data: memoryview, levels: list[int]) -> None:
    end = len(data) - ENDING_BYTES
    # A copy: what is kept of a part of the mapped file, as by an error, would keep it from closing
    metadata = memoryview(bytes(data[end - _footer_bytes(bytes(data[end:])) : end]))
    # A page belongs to one chunk: the same ones for many would be read for hours
    left = len(data)
    for group in parquet_pages.row_groups(metadata):
        left -= sum(chunk.size for chunk in group.chunks)
        if left < 0:
            raise ValueError("pages of several columns")
        _check_group(group, levels, data)


def _check_group(group: RowGroup, levels: list[int], data: memoryview) -> None:
    most_bytes, most_cells = (
        max(least, MOST_TIMES * len(data)) for least in (PLAIN_BYTES, MOST_CELLS)
    )
    unpacked = in_lists = 0
    for chunk, level in zip(group.chunks, levels, strict=True):
        size, values = _sizes(chunk, data)
        cells = max(chunk.values, group.rows, values)
        unpacked, in_lists = unpacked + size, in_lists + cells * min(level, 1)
        if max(cells, in_lists) > most_cells or unpacked > most_bytes:
            raise FileUnreadable(BOMB)


def _sizes(chunk: ColumnChunk, data: memoryview) -> tuple[int, int]:
    """Return how many bytes and values the pages of a chunk unpack to."""
    size = values = 0
    for page in parquet_pages.pages(data, chunk):
        size, values = size + page.size, values + page.values
        if unread := page.encodings & DELTA_ENCODINGS.keys():
            raise FileUnreadable(DELTA.format(DELTA_ENCODINGS[min(unread)]))
    return size, values


def _footer_bytes(ending: bytes) -> int:
    return int.from_bytes(ending[:4], "little") if ending[4:] == PARQUET else 0
