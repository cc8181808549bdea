"""A few bytes of Parquet that say that they are gigabytes are refused before they are read."""

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.imports.containers import parquet
from core.imports.containers.files import FileUnreadable
from tests.imports import parquet_bytes as written

MANY = 2**28
ONES = written.page(b"\1\0\0\0", 1, written.PLAIN)
ONE = written.page(b"\1\0\0\0", 1, written.PLAIN, kind=written.DICTIONARY_PAGE)


def a_list_of_very_many_values() -> bytes:
    """Return one row, whose page has more values than the file's end says."""
    repetition = written.levels(written.run(0, 1), written.run(1, MANY - 1))
    body = repetition + written.levels(written.run(1, MANY)) + b"\0" + written.varint(MANY << 1)
    pages = ONE + written.page(body, MANY, written.BY_DICTIONARY)
    chunk = written.chunk(len(pages), 10, dictionary_bytes=len(ONE))
    columns = [written.column(b"a", repetition=written.REPEATED)]
    return written.file(pages, columns, 1, [written.group(1, [chunk])])


def very_many_rows() -> bytes:
    """Return a run of one value."""
    pages = ONE + written.page(b"\0" + written.varint(MANY << 1), MANY, written.BY_DICTIONARY)
    chunk = written.chunk(len(pages), MANY, dictionary_bytes=len(ONE))
    return written.file(pages, [written.column(b"a")], MANY, [written.group(MANY, [chunk])])


def rows_without_columns() -> bytes:
    """Return rows of nothing, which pyarrow ends the process for."""
    return written.file(b"", [], MANY, [written.group(MANY, [])])


def very_many_lengths() -> bytes:
    """Return a page of a thousand texts that begins with more lengths."""
    lengths = b"".join(map(written.varint, (MANY, 1, MANY, 0, 0))) + b"\0"
    page = written.page(lengths, 1000, written.DELTA_LENGTHS)
    chunk = written.chunk(len(page), 1000, kind=written.TEXTS)
    columns = [written.column(b"a", written.TEXTS)]
    return written.file(page, columns, 1000, [written.group(1000, [chunk])])


def a_size_that_comes_twice() -> bytes:
    """Return a page of a gigabyte whose header has, as another type, the size zero, too."""
    packed = pa.Codec("zstd").compress(bytes(MANY), asbytes=True)
    size, values = written.integer(2, MANY), written.integer(1, 1000)
    header = written.struct(
        written.integer(1, written.DATA_PAGE),
        size,
        written.integer(3, len(packed)),
        written.integer(2, 0, written.INT64),
        (5, written.STRUCT, written.struct(values, *(written.integer(it, 0) for it in (2, 3, 4)))),
    )
    chunk = written.chunk(len(header + packed), 1000, codec=6)
    return written.file(
        header + packed, [written.column(b"a")], 1000, [written.group(1000, [chunk])]
    )


def a_packed_end_of_very_many_columns() -> bytes:
    """Return what is a thousandth of its size, and its metadata a hundred times that."""
    chunks = [written.chunk(len(ONES), 1)] * 60_000
    return gzip.compress(
        written.file(ONES, [written.column(b"a")] * 60_000, 1, [written.group(1, chunks)])
    )


def wrong_statistics() -> bytes:
    """Return a histogram of levels that the column has not, which pyarrow ends the process for."""
    histogram = (16, written.STRUCT, written.struct(written.listed(3, written.INT64, [b"\2"] * 3)))
    chunk = written.chunk(len(ONES), 1, histogram)
    return written.file(ONES, [written.column(b"a")], 1, [written.group(1, [chunk])])


@pytest.mark.parametrize(
    "content",
    [
        a_list_of_very_many_values(),
        very_many_rows(),
        a_packed_end_of_very_many_columns(),
    ],
    ids=["values", "rows", "columns"],
)
def test_parquet_that_says_it_is_gigabytes_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    assert len(content) < 2**16
    with pytest.raises(FileUnreadable, match="times its size"):
        columns_of(tmp_path, content)


def test_a_page_header_with_two_sizes_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="pages cannot be read"):
        columns_of(tmp_path, a_size_that_comes_twice())


def test_wrong_statistics_of_levels_end_the_reading_and_no_process(tmp_path: Path) -> None:
    # pyarrow aborts the process for a histogram of the wrong length
    assert columns_of(tmp_path, wrong_statistics()) == (["a"], 1)
    ((_, _, row, wrong),) = parquet.records(tmp_path / "file.parquet")
    assert row is None
    assert wrong is not None
    assert wrong.startswith("Invalid Parquet from here on")


def test_parquet_with_rows_and_no_columns_cannot_be_read(tmp_path: Path) -> None:
    # pyarrow aborts the process for it
    with pytest.raises(FileUnreadable, match="has 0 columns"):
        columns_of(tmp_path, rows_without_columns())


def test_pages_that_many_groups_share_are_not_read_for_each(tmp_path: Path) -> None:
    pages = ONES * 100
    group = written.group(1, [written.chunk(len(pages), 1)])
    content = written.file(pages, [written.column(b"a")], 900, [group] * 900)
    with pytest.raises(FileUnreadable, match="pages cannot be read"):
        columns_of(tmp_path, content)


def test_a_group_with_fewer_columns_than_the_file_cannot_be_read(tmp_path: Path) -> None:
    content = written.file(ONES, [written.column(b"a")], 1, [written.group(1, [])])
    with pytest.raises(FileUnreadable, match="pages cannot be read"):
        columns_of(tmp_path, content)


def test_a_group_that_says_its_rows_twice_cannot_be_read(tmp_path: Path) -> None:
    chunks = written.listed(1, written.STRUCT, [written.chunk(len(ONES), 1)])
    rows = written.integer(3, 1, written.INT64)
    group = written.struct(chunks, written.integer(2, 100, written.INT64), rows, rows)
    content = written.file(ONES, [written.column(b"a")], 1, [group])
    with pytest.raises(FileUnreadable, match="pages cannot be read"):
        columns_of(tmp_path, content)


def test_texts_that_say_their_lengths_first_are_refused_by_the_name_of_their_encoding(
    tmp_path: Path,
) -> None:
    usual = io.BytesIO()
    encodings = {"a": "DELTA_LENGTH_BYTE_ARRAY"}
    table = pa.table({"a": ["x", "y"]})
    pq.write_table(table, usual, use_dictionary=False, column_encoding=encodings)
    for content in (very_many_lengths(), usual.getvalue()):
        with pytest.raises(FileUnreadable, match="DELTA_LENGTH_BYTE_ARRAY, which is not supported"):
            columns_of(tmp_path, content)


def test_parquet_written_by_hand_is_read_as_any_other(tmp_path: Path) -> None:
    group = written.group(1, [written.chunk(len(ONES), 1)])
    content = written.file(ONES, [written.column(b"a")], 1, [group])
    assert columns_of(tmp_path, content) == (["a"], 1)
    assert [row for _, _, row, _ in parquet.records(tmp_path / "file.parquet")] == [[1]]


def columns_of(folder: Path, content: bytes) -> tuple[list[str], int]:
    (path := folder / "file.parquet").write_bytes(content)
    return parquet.columns_of(path)
