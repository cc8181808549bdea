"""Characters that Unicode calls line separators stand within cells and texts, and end no line."""

import json

import pytest

from core.imports.mapping import Container
from tests.imports.files import Folder, mapping_of, rows_of

AT = "2026-03-04T05:06:07Z"


@pytest.mark.parametrize("apart", ["\u2028", "\u0085", "\x0c"])
def test_within_the_cells_of_a_table_they_end_no_row(folder: Folder, apart: str) -> None:
    rows = [(AT, f"chat.{number}", f"one{apart}two{apart}three") for number in range(4)]
    path = folder.table("timestamp event_type text", *rows)

    found = rows_of(path)

    assert [row["event_type"] for row in found] == ["chat.0", "chat.1", "chat.2", "chat.3"]


def test_within_texts_of_json_they_end_no_line(folder: Folder) -> None:
    said = json.dumps({"timestamp": AT, "event_type": "a", "note": "x\u2028y"}, ensure_ascii=False)
    path = folder.write(f"{said}\n" * 3)

    assert mapping_of(path).container is Container.JSONL
