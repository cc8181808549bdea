"""A column that a person maps is read in the unit of its name, and shows the values to be
stored.
"""

from typing import Any

from core.imports.mapping import Mapping
from core.imports.parsed import RowKind
from pages.system.settings.imports import column_table

COLUMNS: list[dict[str, Any]] = [
    {"path": "Wartedauer (s)", "samples": ["0,5", "12"]},
    {"path": "Latenz", "samples": ["120", "250"]},
]
LATENCY = {"total_latency_ms": {"path": "Latenz", "as": "duration", "unit": "ms"}}
MAPPING = {"kind": "ai_requests", "fields": LATENCY, "ignored": [], "open": ["total_latency_ms"]}


def lines(change: dict[str, str | None]) -> list[list[str | None]]:
    """Change the first line of the table, and return its lines as they then are."""
    chosen = MAPPING | column_table.changed(COLUMNS, MAPPING, RowKind.AI_REQUESTS, {0: change})
    assert chosen["open"] == []
    return [column_table.line(column, Mapping.model_validate(chosen)) for column in COLUMNS]


def test_a_column_becomes_a_latency_in_the_unit_of_its_name_with_its_values_as_stored() -> None:
    first, second = lines({"Field": "total_latency_ms"})

    assert first == [
        "Wartedauer (s)",
        "total_latency_ms",
        "seconds",
        "500 ms · 12,000 ms",
        "0,5 · 12",
    ]
    assert second[1] == "Keep as extra data"


def test_a_unit_that_a_person_chooses_holds() -> None:
    first, second = lines({"Field": "first_token_ms", "Unit": "minutes"})

    assert first[2:4] == ["minutes", "30,000 ms · 720,000 ms"]
    assert second[1:3] == ["total_latency_ms", "milliseconds"]
