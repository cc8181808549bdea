"""The size of a row that waits as objects is about what it takes in memory."""

import sys

import pytest

from attune_client.rows import copy_row


def held_bytes(value: object) -> int:
    parts: list[object] = []
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    return sys.getsizeof(value) + sum(held_bytes(part) for part in parts)


def item(number: int) -> dict[str, object]:
    return {"sku": f"A-{number:05}", "count": number, "price": number / 7}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([item(number) for number in range(600)], id="copied objects"),
        pytest.param([item(number) for number in range(5000)], id="objects kept as they are"),
        pytest.param([[item(1)] * 50 for _ in range(3000)], id="lists of objects"),
        pytest.param({str(at): item(at) for at in range(5000)}, id="objects by name"),
        pytest.param([{"of": item(at), "text": "x" * 500} for at in range(3000)], id="nested"),
    ],
)
def test_a_row_of_many_objects_counts_with_what_it_holds(value: object) -> None:
    row, size = copy_row("events", {"event_type": "a", "event_data": {"items": value}}, {})
    assert isinstance(row, dict)
    assert 0.6 < size / held_bytes(row) < 1.6
