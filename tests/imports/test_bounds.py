"""What a small file holds is bounded before it is in memory, whatever its format."""

import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.imports.containers import parquet, tables
from core.imports.containers.files import FileUnreadable
from core.imports.containers.json_files import MOST_VALUES, decode, documents
from core.imports.recognition import recognize

LARGE = "x" * 2**20


def written(folder: Path, table: pa.Table, **how: Any) -> Path:  # noqa: ANN401  pyarrow's options
    path = folder / "file.parquet"
    pq.write_table(table, path, **how)
    return path


def test_a_long_text_of_a_dictionary_is_one_object_in_all_rows(tmp_path: Path) -> None:
    table = pa.table({"note": [LARGE[:700_000]] * 30, "said": [[LARGE[:100_000]] * 2] * 30})
    rows = [
        cells
        for _, _, cells, _ in parquet.records(written(tmp_path, table, compression="zstd"))
        if cells is not None
    ]
    assert len(rows) == 30
    batches = 30 / 5  # of rows of nearly a mebibyte, about so many are read together
    assert len({id(cells[0]) for cells in rows}) <= batches
    assert len({id(text) for cells in rows for text in cells[1]}) <= batches


@pytest.mark.parametrize(
    "cell",
    [LARGE + "x", [LARGE[:1000]] * 1100, {"a": LARGE + "x"}],
    ids=["a text", "a list", "an object"],
)
def test_a_row_of_parquet_with_more_than_a_mebibyte_is_rejected_alone(
    tmp_path: Path, cell: object
) -> None:
    # A dictionary's string is shared by rows: 12.6 KB took a gigabyte
    small = "x" if isinstance(cell, str) else ["x"] if isinstance(cell, list) else {"a": "x"}
    path = written(tmp_path, pa.table({"a": pa.array([small, cell, small])}))
    assert [wrong is None for *_, wrong in parquet.records(path)] == [True, False, True]


@pytest.mark.parametrize(
    "column", [["x" * (40 << 20)], [[None] * 3_000_000]], ids=["a packed text", "a list of nothing"]
)
def test_parquet_that_unpacks_to_far_more_than_it_is_cannot_be_read(
    tmp_path: Path, column: list[Any]
) -> None:
    path = written(
        tmp_path,
        pa.table(
            {
                "a": pa.array(
                    column, pa.string() if isinstance(column[0], str) else pa.list_(pa.string())
                )
            }
        ),
        compression="zstd",
    )
    with pytest.raises(FileUnreadable, match="times its size"):
        parquet.columns_of(path)


def test_parquet_of_very_many_lists_without_anything_in_a_few_bytes_cannot_be_read(
    tmp_path: Path,
) -> None:
    # 900,000 empty lists in 1.2 KB added 117 MB
    lists = pa.array([[[]] * 500_000], pa.list_(pa.list_(pa.int8())))
    path = written(tmp_path, pa.table({"a": lists}), compression="zstd")
    with pytest.raises(FileUnreadable, match="times its size"):
        parquet.columns_of(path)


def test_structures_and_maps_are_read_as_objects(tmp_path: Path) -> None:
    cells = [{"r": "a", "c": ["q", None]}, None, {"r": None, "c": None}]
    pairs = pa.array([[("k", "v")], None, []], pa.map_(pa.string(), pa.string()))
    path = written(tmp_path, pa.table({"s": cells, "m": pairs, "b": [b"1", None, b"2"]}))
    assert [row for _, _, row, _ in parquet.records(path)] == [
        [cells[0], {"k": "v"}, "1"],
        [None, None, None],
        [cells[2], {}, "2"],
    ]


def test_a_row_of_a_table_within_an_open_quotation_mark_ends_somewhere(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text('a,b\n1,"' + ("x" * 1000 + "\n") * 3000 + "2,3\n4,5\n")
    found = list(tables.records(path, "utf-8", ",", header=True))
    assert max(len(cell) for _, _, row, _ in found if row for cell in row) <= 2**20
    assert found[0][3] is not None


def test_a_line_of_json_with_too_many_values_is_rejected() -> None:
    assert "values" in str(decode('{"a": [' + "[]," * MOST_VALUES + "[]]}")[1])


def test_a_record_of_a_document_with_too_many_values_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"a": [' + "[]," * MOST_VALUES * 2 + "[]]}]")
    assert [wrong is None for *_, wrong in documents(path, "utf-8", "item", has_nan=False)] == [
        False
    ]


def test_a_record_that_is_nested_too_deeply_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[{"a": 1}, {"a": ' + "[" * 100 + "]" * 100 + '}, {"a": 2}]')
    assert [wrong is None for *_, wrong in documents(path, "utf-8", "item", has_nan=False)] == [
        True,
        False,
        True,
    ]
    assert recognize.recognize(path).columns[0].path == "a"


def test_the_first_records_are_no_more_than_memory_holds(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps([{"a": [[]] * 100_000}] * 40))
    assert recognize.recognize(path).columns


def test_pages_of_parquet_are_believed_and_not_what_its_end_says_of_them(tmp_path: Path) -> None:
    path = written(
        tmp_path, pa.table({"a": ["z" * 2**26]}), compression="zstd", use_dictionary=False
    )
    told = pq.ParquetFile(path).metadata.row_group(0).total_byte_size
    content = path.read_bytes()
    for size in (told, told - 1, told + 1):  # of the group and of its column, as Thrift writes them
        as_thrift = bytes(
            [size << 1 >> 7 * place & 127 | 128 for place in range(3)] + [size << 1 >> 21]
        )
        content = content[:4] + content[4:].replace(as_thrift, bytes([0x90, 0x80, 0x80, 0]))
    header = path.read_bytes()[4:40]
    path.write_bytes(content[:4] + header + content[40:])
    assert pq.ParquetFile(path).metadata.row_group(0).total_byte_size < 100
    with pytest.raises(FileUnreadable, match="unpacks to more than 200 times"):
        parquet.columns_of(path)


@pytest.mark.parametrize(
    "how", [{}, {"data_page_version": "2.0", "use_dictionary": False, "write_page_checksum": True}]
)
def test_texts_within_structs_are_read_across_groups_of_rows(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    # pyarrow can't read them together with the first group
    table = pa.table({"said": [{"role": "user", "parts": ["a", "b"]}] * 5000})
    path = written(tmp_path, table, row_group_size=1500, data_page_size=512, **how)
    assert [wrong for *_, wrong in parquet.records(path)] == [None] * 5000


def test_objects_keyed_by_ids_are_recognized_in_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    seen = {f"page-{number}": 1 for number in range(60_000)}
    event = {"seen": seen, "user_id": "u1", "event_type": "login", "created_at": "2026-11-30"}
    path.write_text(json.dumps(event) + "\n")
    began_at = time.thread_time()
    mapping = recognize.recognize(path).mapping
    # Each key was compared with the names of all fields of all kinds, in 22 s
    assert time.thread_time() - began_at < 5
    assert mapping is not None
    assert mapping.fields.keys() >= {"user_id", "event_type", "created_at"}
