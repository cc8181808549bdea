"""Parquet, a part of a row group at a time. pyarrow takes 60 MB: this file is loaded when there is Parquet to read."""

from collections.abc import Iterator
from datetime import UTC
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.imports.files import Unreadable, with_any_access

AT_ONCE = 2_000
Cells = list[Any]
Record = tuple[int, int | None, Cells | None, str | None]


def columns_of(path: Path) -> tuple[list[str], int]:
    """Return the names of the columns, and how many rows there are."""
    with with_any_access(path) as plain:
        try:
            with pq.ParquetFile(plain) as file:
                return list(file.schema_arrow.names), file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Unreadable(f"The file begins as Parquet, and cannot be read: {str(error)[:200]}") from None


def records(path: Path, skip: int = 0) -> Iterator[Record]:
    """Yield the rows after the first `skip`, as lists of cells."""
    position = skip
    with with_any_access(path) as plain:
        try:
            with pq.ParquetFile(plain, pre_buffer=False) as file:
                groups, passed = _groups_after(file, skip)
                if not groups:
                    return
                for batch in file.iter_batches(AT_ONCE, row_groups=groups):
                    for row in _rows(batch):
                        if passed > 0:
                            passed -= 1
                            continue
                        position += 1
                        yield position, None, row, None
        except (pa.ArrowException, OSError, ValueError) as error:
            yield position + 1, None, None, f"The file stops being Parquet here: {str(error)[:200]}"


def _groups_after(file: pq.ParquetFile, skip: int) -> tuple[list[int], int]:
    """Return the row groups to read, and how many rows of the first are passed over."""
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if skip < rows:
            return list(range(group, file.metadata.num_row_groups)), skip
        skip -= rows
    return [], 0


def _rows(batch: pa.RecordBatch) -> Iterator[Cells]:
    columns = [_values(column) for column in batch.columns]
    yield from (list(cells) for cells in zip(*columns, strict=True)) if columns else repeat([], batch.num_rows)


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        zone = kind.tz
        # Python has no nanoseconds.
        micros = pc.cast(column, pa.timestamp("us", tz=zone), safe=False)
        if zone is None:
            return list(micros.to_pylist())
        # Arrow keeps UTC whatever zone it names, and a zone that Python does not know would be refused.
        return [None if at is None else at.replace(tzinfo=UTC) for at in pc.cast(micros, pa.timestamp("us")).to_pylist()]
    if pa.types.is_decimal(kind):
        return [None if each is None else str(each) for each in column.to_pylist()]
    # With its unit, for a column's name may claim another.
    if pa.types.is_duration(kind):
        micros = pc.cast(pc.cast(column, pa.duration("us"), safe=False), pa.int64())
        return [None if each is None else f"{each / 1000} ms" for each in micros.to_pylist()]
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode())
    return list(column.to_pylist())
