"""Recognizing a file takes few tries: each cell that is read as a time in every way takes long."""

import pytest

from core.imports.cells import timestamps
from core.imports.cells.units import TRIED
from tests.imports.files import Folder, known

AT = "2026-03-04T05:06:07Z"
TEXTS = 40


def test_texts_of_a_small_table_are_tried_as_times_a_few_times_a_column(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    parse = timestamps.parse_time

    def noting(*given: object) -> object:
        tried.append(given[0])
        return parse(*given)

    monkeypatch.setattr(timestamps, "parse_time", noting)
    names = " ".join(f"note_{number}" for number in range(TEXTS))
    rows = [[AT, "gpt-4o", 80, *["what a user has said"] * TEXTS] for _ in range(200)]
    path = folder.table(f"timestamp model latency_ms {names}", *rows)
    assert known(path).mapping is not None
    assert 0 < tried.count("what a user has said") <= TEXTS * TRIED * 3 * 2
