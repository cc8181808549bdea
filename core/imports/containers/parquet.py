"""Parquet, read by pyarrow a part of a row group at a time.

pyarrow's own `to_pylist` makes a string of each dictionary value anew for every row (12 KB of file
were 1 GB), refuses nanoseconds and unknown time zones: so cells become Python's values here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.imports.containers import parquet_limits
from core.imports.containers.files import (
    AS_WINDOWS,
    TOO_LONG,
    FileUnreadable,
    Record,
    with_any_access,
)
from core.ingest.bodies import MAX_ROW_BYTES

AT_ONCE = 2_000  # rows
BYTES_AT_ONCE = 4 << 20
CELL_BYTES = 100  # of Python's, about, however small its value is
BROKEN = (pa.ArrowException, OSError, ValueError)


def columns_of(path: Path) -> tuple[list[str], int]:
    """Return the names of the columns and the number of rows; raise FileUnreadable."""
    try:
        with _opened(path) as file:
            return list(file.schema_arrow.names), file.metadata.num_rows
    except BROKEN as error:
        raise FileUnreadable(f"This Parquet file cannot be read: {str(error)[:200]}") from None


def records(path: Path, skip: int = 0) -> Iterator[Record]:
    """Yield the rows after the first `skip` as lists of cells."""
    position = 0
    try:
        with _opened(path) as file:
            # Group by group: pyarrow reads no texts within structs across two of them.
            for group in range(file.metadata.num_row_groups):
                if position + file.metadata.row_group(group).num_rows <= skip:
                    position += file.metadata.row_group(group).num_rows
                    continue
                for batch in file.iter_batches(_at_once(file, group), row_groups=[group]):
                    for row in (
                        zip(*map(_values, batch.columns), strict=True)
                        if batch.columns
                        else [()] * batch.num_rows
                    ):
                        position += 1
                        if position > skip:
                            is_too_large = _is_too_large(row)
                            yield (
                                position,
                                None,
                                None if is_too_large else list(row),
                                TOO_LONG if is_too_large else None,
                            )
    except BROKEN as error:
        yield (
            max(position, skip) + 1,
            None,
            None,
            f"Invalid Parquet from here on: {str(error)[:200]}",
        )


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file with its texts as dictionaries; raise FileUnreadable for one that unpacks to far
    more than its size.
    """
    with with_any_access(path) as plain:
        parquet_limits.check_footer(plain, path.stat().st_size)
        with pq.ParquetFile(plain) as file:
            parquet_limits.check(file, plain)
            columns = [file.schema.column(place) for place in range(file.metadata.num_columns)]
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        with pq.ParquetFile(plain, pre_buffer=False, read_dictionary=texts) as file:
            yield file


def _at_once(file: pq.ParquetFile, place: int) -> int:
    """Return how many rows of a group are read together: fewer where they are large."""
    group, columns = file.metadata.row_group(place), range(file.metadata.num_columns)
    fixed = sum(file.schema.column(each).length or 0 for each in columns)
    usual: int = group.total_byte_size // max(group.num_rows, 1)
    cells = CELL_BYTES * len(columns)
    return max(1, min(AT_ONCE, BYTES_AT_ONCE // max(usual, fixed, cells)))


def _is_too_large(cells: tuple[Any, ...]) -> bool:
    """Whether the texts of a row have more than any row may; those that are the same object count
    each time.
    """
    left, size = list(cells), 0
    while left and size <= MAX_ROW_BYTES:
        cell = left.pop()
        if isinstance(cell, str | bytes | list | tuple | dict):
            size += len(cell)
        if isinstance(cell, list | tuple | dict):
            left += [*cell, *cell.values()] if isinstance(cell, dict) else cell
    return size > MAX_ROW_BYTES


def _values(column: pa.Array) -> list[Any]:
    """Return the cells of a column; what a dictionary holds once is one object, however many cells
    have it.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        used = pc.unique(column.indices).drop_null()
        known = dict(zip(used.to_pylist(), _values(column.dictionary.take(used)), strict=True))
        return [None if place is None else known[place] for place in column.indices.to_pylist()]
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        is_map = pa.types.is_map(kind)
        inner = (
            list(zip(_values(column.keys), _values(column.items), strict=True))
            if is_map
            else _values(column.values)
        )
        ends = column.offsets.to_pylist()
        kept = dict if is_map else list  # an object, as the same column has it in JSON
        pairs = enumerate(column.is_valid().to_pylist())
        return [
            kept(inner[ends[place] : ends[place + 1]]) if is_there else None
            for place, is_there in pairs
        ]
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        cells = zip(*map(_values, column.flatten()), strict=True) if names else [()] * len(column)
        present = zip(cells, column.is_valid().to_pylist(), strict=True)
        return [
            dict(zip(names, each, strict=True)) if is_there else None for each, is_there in present
        ]
    if pa.types.is_timestamp(kind):
        # Python has no nanoseconds; Arrow keeps UTC whatever zone it names, and Python may not know
        # that zone.
        micros = _listed(
            pc.cast(pc.cast(column, pa.timestamp("us", tz=kind.tz), safe=False), pa.timestamp("us"))
        )
        return (
            micros
            if kind.tz is None
            else [at.replace(tzinfo=UTC) if isinstance(at, datetime) else at for at in micros]
        )
    if pa.types.is_decimal(kind):
        return [None if each is None else str(each) for each in column.to_pylist()]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if each is None else _text(each) for each in column.to_pylist()]
    if pa.types.is_fixed_size_binary(kind):
        return [None if each is None else each.hex() for each in column.to_pylist()]
    if pa.types.is_duration(kind):  # with its unit, for a column's name may claim another
        micros = pc.cast(pc.cast(column, pa.duration("us"), safe=False), pa.int64()).to_pylist()
        return [None if each is None else f"{each / 1000} ms" for each in micros]
    return _listed(column)


def _text(cell: bytes) -> str:
    """Return bytes as what they are: Impala, Spark and ClickHouse write texts without saying so."""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.hex()


def _listed(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        # Parquet has years that Python has not: such a time is wrong in its own row
        return [_cell(each) for each in column]


def _cell(scalar: Any) -> Any:  # noqa: ANN401  pyarrow's, of any type
    try:
        return scalar.as_py()
    except UnicodeDecodeError:  # as in a file of text
        return str(scalar.as_buffer().to_pybytes(), "utf-8", AS_WINDOWS)
    except (OverflowError, ValueError):
        return f"{scalar.value} {scalar.type}"
