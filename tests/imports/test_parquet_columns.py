"""Columns of Parquet: maps are objects, and binary columns are the texts in them."""

from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from tests.imports.files import Folder, rows_of

AT = "2026-03-04T05:06:07Z"


def first_event(folder: Folder, **columns: pa.Array) -> dict[str, Any]:
    path = folder.path / "file"
    texts = {"id": ["e1"], "event_type": ["page.view"], "created_at": [AT]}
    pq.write_table(pa.table({**texts, **columns}), path, store_schema=False)
    return rows_of(path)[0]


def test_a_map_is_an_object(folder: Folder) -> None:
    # It became a list of pairs, and event_data of it {"value": [...]}
    plan = pa.array([[("plan", "pro"), ("seats", "3")]], pa.map_(pa.string(), pa.string()))
    assert first_event(folder, event_data=plan)["event_data"] == {"plan": "pro", "seats": "3"}


def test_texts_in_binary_columns_are_texts(folder: Folder) -> None:
    # ClickHouse, Impala and Spark write texts without a text type
    user = pa.array(["u1 ü".encode()], pa.binary())
    plan = pa.array([[(b"plan", b"pro")]], pa.map_(pa.binary(), pa.binary()))
    row = first_event(folder, user_id=user, event_data=plan)
    assert (row["user_id"], row["event_data"]) == ("u1 ü", {"plan": "pro"})


def test_bytes_that_are_no_text_are_hexadecimal(folder: Folder) -> None:
    key = UUID("0190a6e0-0000-7000-8000-0000000000ff")
    row = first_event(
        folder,
        user_id=pa.array([key.bytes], pa.binary(16)),
        session_id=pa.array([b"\xff\xfe"], pa.binary()),
    )
    assert (row["user_id"], row["session_id"]) == (key.hex, "fffe")


def test_a_text_that_is_not_utf_8_is_read_as_in_a_file_of_text(folder: Folder) -> None:
    name = pa.Array.from_buffers(pa.string(), 1, pa.array([b"M\xfcller"]).buffers())
    assert first_event(folder, user_id=name)["user_id"] == "Müller"
