"""The start of a file's data is asked for in UTC, whatever zone it was given in."""

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
from types import SimpleNamespace
import streamlit as st
from core.imports.recognition.result import ImportQuestion, QuestionKind
from pages.system.settings.imports import import_questions

recognition = {
    "columns": [], "questions": [ImportQuestion(key=QuestionKind.START, text="Start").model_dump()]
}
found = SimpleNamespace(id="1", recognition=recognition, dry_run=None)
mapping = {"format": "dialogues", "kind": "conversations", "fields": {}, "open": []}
mapping["start"] = st.session_state["given"]
st.text(import_questions.draw(found, mapping)["start"])
"""


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-03-04T01:30:00+02:00", "2026-03-03T23:30:00+00:00"),
        ("2026-03-04T01:30:00Z", "2026-03-04T01:30:00+00:00"),
    ],
)
def test_a_start_given_in_another_zone_stays_the_same_moment(given: str, shown: str) -> None:
    app = AppTest.from_string(SCRIPT)
    app.session_state["given"] = given
    app.run()
    assert not app.exception
    assert app.text[0].value == shown
