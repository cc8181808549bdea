"""Parquet, a part of a row group at a time. pyarrow takes 60 MB: this file is loaded when there is Parquet to read."""

import mmap
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.imports.containers import parquet_pages
from core.imports.containers.arrow_values import values_of
from core.imports.containers.files import MOST_TIMES, TOO_LONG, FileUnreadable, with_any_access
from core.ingest.bodies import LONGEST_ROW

AT_ONCE = 2_000
BYTES_AT_ONCE = 4 << 20
PLAIN_BYTES, MOST_CELLS = 16 << 20, 1_000_000  # of a row group: what has more, and so many times its size, is a bomb
PREFIXED = "DELTA_BYTE_ARRAY"
Cells = list[Any]
Record = tuple[int, int | None, Cells | None, str | None]


def columns_of(path: Path) -> tuple[list[str], int]:
    """Return the names of the columns, and how many rows there are."""
    with with_any_access(path) as plain:
        try:
            with _open(plain) as file:
                return list(file.schema_arrow.names), file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FileUnreadable(f"This Parquet file cannot be read: {str(error)[:200]}") from None


def records(path: Path, skip: int = 0) -> Iterator[Record]:
    """Yield the rows after the first `skip`, as lists of cells."""
    position = skip
    with with_any_access(path) as plain:
        try:
            with _open(plain) as file:
                groups, passed = _groups_after(file, skip)
                if not groups:
                    return
                for batch in _batches(file, groups):
                    for row in _rows(batch):
                        if passed > 0:
                            passed -= 1
                            continue
                        position += 1
                        is_too_large = _is_too_large(row)
                        yield position, None, None if is_too_large else row, TOO_LONG if is_too_large else None
        except (pa.ArrowException, OSError, ValueError) as error:
            yield position + 1, None, None, f"Invalid Parquet from here on: {str(error)[:200]}"


def _batches(file: pq.ParquetFile, groups: list[int]) -> Iterator[pa.RecordBatch]:
    """Yield rows group by group: pyarrow reads no texts within structs across two of them."""
    for group in groups:
        yield from file.iter_batches(_at_once(file, [group]), row_groups=[group])


def _groups_after(file: pq.ParquetFile, skip: int) -> tuple[list[int], int]:
    """Return the row groups to read, and how many rows of the first are passed over."""
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if skip < rows:
            return list(range(group, file.metadata.num_row_groups)), skip
        skip -= rows
    return [], 0


def _open(plain: Path) -> pq.ParquetFile:
    """Open a file with its texts as dictionaries; raise Unreadable for one that is far more than its bytes."""
    with pq.ParquetFile(plain) as file:
        schema, metadata = file.schema, file.metadata
        columns = [schema.column(place) for place in range(metadata.num_columns)]
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            chunks = [group.column(place) for place in range(metadata.num_columns)]
            _check(chunks, [column.max_repetition_level > 0 for column in columns], plain.stat().st_size)
            _check_pages(chunks, plain)
    if max((column.length or 0 for column in columns), default=0) > LONGEST_ROW:
        raise FileUnreadable(f"A column has cells of more than {LONGEST_ROW >> 20} MiB.")
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    return pq.ParquetFile(plain, pre_buffer=False, read_dictionary=texts)


def _check(chunks: list[pq.ColumnChunkMetaData], repeated: list[bool], size: int) -> None:
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    cells = max((chunk.num_values for chunk, is_list in zip(chunks, repeated, strict=True) if is_list), default=0)
    if unpacked > max(PLAIN_BYTES, MOST_TIMES * size) or cells > max(MOST_CELLS, MOST_TIMES * size):
        raise FileUnreadable(f"This unpacks to more than {MOST_TIMES} times its size, which is not allowed.")


def _check_pages(chunks: list[pq.ColumnChunkMetaData], plain: Path) -> None:
    """Check what the pages say themselves: what the file's end says of them need not be true."""
    unpacked, most = 0, max(PLAIN_BYTES, MOST_TIMES * plain.stat().st_size)
    with plain.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
        for chunk in chunks:
            begin = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)), default=0)
            try:
                for size in parquet_pages.sizes(data, begin, begin + chunk.total_compressed_size):
                    unpacked += size
                    if unpacked > most:
                        break
            except (ValueError, IndexError, KeyError):
                raise FileUnreadable("The file begins as Parquet, and its pages cannot be read.") from None
    if unpacked > most:
        raise FileUnreadable(f"This unpacks to more than {MOST_TIMES} times its size, which no honest file does.")


def _at_once(file: pq.ParquetFile, groups: list[int]) -> int:
    """Return how many rows are read together: fewer where they are large."""
    read = [file.metadata.row_group(group) for group in groups]
    packed = any(PREFIXED in group.column(place).encodings for group in read for place in range(group.num_columns))
    fixed = sum(file.schema.column(place).length or 0 for place in range(file.metadata.num_columns))
    usual: int = max(group.total_byte_size // max(group.num_rows, 1) for group in read)
    # A text that is told as the one before and a few letters more says nothing of its length.
    return max(1, min(AT_ONCE, BYTES_AT_ONCE // max(usual, fixed, LONGEST_ROW // 4 if packed else 1)))


def _rows(batch: pa.RecordBatch) -> Iterator[Cells]:
    columns = [values_of(column) for column in batch.columns]
    yield from (list(cells) for cells in zip(*columns, strict=True)) if columns else repeat([], batch.num_rows)


def _is_too_large(cells: Cells) -> bool:
    """Whether the texts of a row have more than any row may; those that are the same object count each time."""
    left, size = list(cells), 0
    while left and size <= LONGEST_ROW:
        match left.pop():
            case str() | bytes() as text:
                size += len(text)
            case list() | tuple() as inner:
                left += inner
                size += len(inner)
            case dict() as inner:
                left += inner.values()
                size += len(inner)
    return size > LONGEST_ROW
