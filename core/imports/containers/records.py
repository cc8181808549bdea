"""The records of any file that can be read, one after another, whatever its container."""

import csv
import zlib
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from sys import getsizeof
from typing import Any, cast

from core.imports.containers import json_files, tables
from core.imports.containers.files import FileUnreadable, Opened, Record
from core.imports.mapping import Container, Mapping
from core.imports.parsed import FILE_ENDS

BROKEN = (EOFError, OSError, UnicodeError, zlib.error, csv.Error)
# Not imported before there is Parquet to read: pyarrow takes 60 MB
PARQUET = "core.imports.containers.parquet"
MOST_LOOKED_AT = 16 << 20  # bytes, about


def columns(path: Path, opened: Opened, mapping: Mapping) -> list[str] | None:
    """Return the names of the columns; None where records are objects."""
    if mapping.container is Container.PARQUET:
        return parquet_columns(path)[0]
    if mapping.container is not Container.CSV:
        return None
    try:
        return tables.columns_of(
            path, opened.encoding, mapping.delimiter or ",", header=mapping.header
        )
    except BROKEN as error:
        raise FileUnreadable(f"The file ends within its first row: {error}.") from None


def parquet_columns(path: Path) -> tuple[list[str], int]:
    """Return the names of the columns of a Parquet file, and how many rows it has."""
    return cast("tuple[list[str], int]", import_module(PARQUET).columns_of(path))


def raw(path: Path, opened: Opened, mapping: Mapping, skip: int = 0) -> Iterator[Record]:
    """Yield records: lists of cells where there are columns, else objects. Where the file breaks
    off, the last one says so.
    """
    position = skip
    try:
        for record in _raw(path, opened, mapping, skip):
            position = record[0]
            yield record
    except BROKEN as error:
        yield position + 1, None, None, f"{FILE_ENDS}: {error}"


def _raw(path: Path, opened: Opened, mapping: Mapping, skip: int) -> Iterator[Record]:
    match mapping.container:
        case Container.CSV:
            return tables.records(
                path, opened.encoding, mapping.delimiter or ",", header=mapping.header, skip=skip
            )
        case Container.PARQUET:
            return cast("Iterator[Record]", import_module(PARQUET).records(path, skip))
        case Container.JSONL:
            return json_files.lines(path, opened.encoding, skip)
        case Container.JSON:
            has_nan = json_files.has_nan(opened.sample)
            return json_files.documents(
                path, opened.encoding, mapping.records, has_nan=has_nan, skip=skip
            )


def objects(path: Path, opened: Opened, mapping: Mapping, skip: int = 0) -> Iterator[Record]:
    """Yield records as objects, those of tables too: empty cells are left out."""
    names = columns(path, opened, mapping)
    for position, line, record, wrong in raw(path, opened, mapping, skip):
        if names is not None and record is not None:
            record = {
                name: cell
                for name, cell in zip(names, record, strict=False)
                if cell not in ("", None)
            }
        yield position, line, record, wrong


def first(path: Path, opened: Opened, mapping: Mapping, most: int) -> list[dict[str, Any]]:
    """Return the first readable records as objects, `most` of them or as many as fit into
    memory.
    """
    found: list[dict[str, Any]] = []
    left = MOST_LOOKED_AT
    for _, _, record, wrong in islice(objects(path, opened, mapping), most * 2):
        if wrong is None:
            found.append(record)
            left -= _size(record)
        if len(found) == most or left < 0:
            break
    return found


def _size(record: dict[str, Any]) -> int:
    """Return about how many bytes of memory a record takes."""
    values, size = list(record.values()), 0
    while values:
        value = values.pop()
        size += 64 + (getsizeof(value) if isinstance(value, str) else 0)
        if isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
    return size
