"""Results of imports as people read them."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from core.imports.parsed import RowKind
from core.imports.schemas import DryRun, ImportView, RowCounts, RowProblem, SampleRow

DRAW = """
import streamlit as st
from pages.system.settings.imports import import_results

import_results.draw_dry_run(st.session_state["dry_run"])
"""


def test_a_time_in_the_future_is_refused_in_plain_words() -> None:
    error = "created_at: in_future, more than 24 hours ahead"
    problem = RowProblem(position=1, line=2, error=error)
    app = AppTest.from_string(DRAW)
    app.session_state["dry_run"] = DryRun(records=1, counts={}, rejected=1, problems=[problem])
    app.run()
    assert not app.exception
    assert list(app.dataframe[0].value["Error"]) == [
        "created_at: in the future, more than 24 hours ahead"
    ]


def test_a_preview_shows_nested_values_as_json() -> None:
    row = {"model": "m", "extra": {"who": "Zoë", "is_new": True}, "tags": ["a"], "score": 5}
    sample = SampleRow(position=1, kind=RowKind.AI_REQUESTS, row=row)
    app = AppTest.from_string(DRAW)
    app.session_state["dry_run"] = DryRun(
        records=1, counts={}, rejected=0, problems=[], samples=[sample]
    )
    app.run()
    assert not app.exception
    [shown] = app.dataframe[0].value.to_dict("records")
    assert shown == {
        "model": "m",
        "extra": '{"who": "Zoë", "is_new": true}',
        "tags": '["a"]',
        "score": "5",
    }


def test_digits_of_imported_rows_are_grouped_as_everywhere() -> None:
    app = AppTest.from_string(DRAW.replace("dry_run(", "brought("))
    fields: dict[str, Any] = {
        "counts": {RowKind.EVENTS: RowCounts(accepted=2349)},
        "problems": [],
        "first_at": None,
        "last_at": None,
        "same_file": [],
    }
    app.session_state["dry_run"] = ImportView.model_construct(**fields)
    app.run()
    assert not app.exception
    config = json.loads(app.dataframe[0].proto.columns)
    assert config["New"]["type_config"]["format"] == "localized"
