"""What the row groups and pages of Parquet hold: pyarrow takes as much memory as those say.

pyarrow shows no headers of pages, ends the process for some metadata of columns that is wrong
("terminate called"), and limits nothing. Both are read here without it.
https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.imports.containers import thrift
from core.imports.containers.thrift import INT64, Struct

# Fields of the file's metadata, of a row group, of a column's chunk, and of its metadata
ROW_GROUPS = 4
CHUNKS, ROWS = 1, 3
ABOUT = 3
VALUES, BYTES, DATA_BEGINS, DICTIONARY_BEGINS = 5, 7, 9, 11
# Fields of a page's header
UNPACKED, PACKED, OF_DATA, OF_DICTIONARY, OF_DATA_V2 = 2, 3, 5, 7, 8
IN_PAGE = 1
ENCODING, ENCODING_V2 = 2, 4


@dataclass(frozen=True)
class ColumnChunk:
    """A column within a row group: its values, and where its pages are."""

    values: int
    begin: int
    size: int


@dataclass(frozen=True)
class RowGroup:
    """A row group: its rows and columns."""

    rows: int
    chunks: list[ColumnChunk]


@dataclass(frozen=True)
class ParquetPage:
    """A page: its unpacked bytes, its values, and how they are encoded."""

    size: int
    values: int
    encodings: frozenset[int]


def row_groups(metadata: memoryview) -> Iterator[RowGroup]:
    """Yield the row groups; raise ValueError, IndexError or KeyError for what is no metadata."""
    field = at = 0
    while True:
        field, kind, at = thrift.read_field(metadata, at, field)
        if not kind:
            return
        if field != ROW_GROUPS:
            _, at = thrift.read_value(metadata, at, kind, 0)
            continue
        count, _, at = thrift.read_list(metadata, at)
        for _ in range(count):
            group, at = thrift.read_struct(metadata, at)
            yield RowGroup(thrift.number(group, ROWS, INT64), _chunks(group))


def _chunks(group: Struct) -> list[ColumnChunk]:
    _, chunks = group[CHUNKS]
    return [_chunk(each) for each in chunks] if isinstance(chunks, list) else []


def _chunk(chunk: thrift.Value) -> ColumnChunk:
    about = thrift.within(chunk, ABOUT) if isinstance(chunk, dict) else {}
    begin = thrift.number(about, DATA_BEGINS, INT64)
    if DICTIONARY_BEGINS in about:
        begin = min(begin, thrift.number(about, DICTIONARY_BEGINS, INT64) or begin)
    values, size = (thrift.number(about, each, INT64) for each in (VALUES, BYTES))
    return ColumnChunk(values, begin, size)


def pages(data: memoryview, chunk: ColumnChunk) -> Iterator[ParquetPage]:
    """Yield the pages of a chunk; raise ValueError, IndexError or KeyError for what is no page."""
    at, end = chunk.begin, chunk.begin + chunk.size
    while at < end:
        header, at = thrift.read_struct(data, at)
        of_data, of_data_v2 = thrift.within(header, OF_DATA), thrift.within(header, OF_DATA_V2)
        held = (of_data, thrift.within(header, OF_DICTIONARY), of_data_v2)
        values = sum(thrift.number(each, IN_PAGE) for each in held if each)
        encodings = [thrift.number(of_data, ENCODING)] if of_data else []
        encodings += [thrift.number(of_data_v2, ENCODING_V2)] if of_data_v2 else []
        yield ParquetPage(thrift.number(header, UNPACKED), values, frozenset(encodings))
        at += thrift.number(header, PACKED)
