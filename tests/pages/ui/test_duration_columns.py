"""Durations of a table have one unit, as on cards: milliseconds below a second."""

import pytest
import streamlit as st

from core.insights.prompt_figures import LatencyEstimate
from pages._ui import columns
from pages._ui.tables import TableColumn
from pages.watch.ai_metrics import estimates


@pytest.mark.parametrize(
    ("durations", "format", "cells"),
    [
        ([89, 12.4, None], "%.0f ms", [89, 12.4, None]),
        ([89, 2400], "%.2f s", [0.089, 2.4]),
        ([None], "%.0f ms", [None]),
    ],
)
def test_a_column_is_in_milliseconds_when_all_its_durations_are_below_a_second(
    durations: list[float | None], format: str, cells: list[float | None]
) -> None:
    column: TableColumn[float | None] = columns.durations("p95", lambda row: row, durations)
    assert column.config == st.column_config.NumberColumn(format=format)
    assert [column.value(each) for each in durations] == cells


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (89, 80, 100, "89 ms (80 to 100)"),
        (89, None, None, "89 ms, n 4"),
        (940, 880, 1020, "0.94 s (0.88 to 1.02)"),
        (None, None, None, ""),
    ],
)
def test_a_latency_and_its_bounds_are_in_milliseconds_below_a_second(
    value: int | None, low: int | None, high: int | None, words: str
) -> None:
    found = LatencyEstimate(value=value, low=low, high=high, n=4)
    assert estimates.latency(found) == words
