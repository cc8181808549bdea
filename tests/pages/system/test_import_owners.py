"""Events that would belong to nobody are said to, before they are imported."""

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
from types import SimpleNamespace
import streamlit as st
from pages.system.settings.imports import import_columns

columns = [{"path": "who", "samples": ["u1"]}, {"path": "what", "samples": ["signed up"]}]
about = {"recognition": {"columns": columns}, "mapping": True, "started_at": None}
found = SimpleNamespace(id="1", **about)
fields = {name: {"path": "who", "as": "text"} for name in st.session_state["owners"]}
mapping = {"format": "table", "kind": st.session_state["kind"], "fields": fields, "open": []}
import_columns.draw(found, mapping)
"""


@pytest.mark.parametrize(
    ("kind", "owners", "is_warned"),
    [
        ("events", [], True),
        ("events", ["user_id"], False),
        ("events", ["session_id"], False),
        ("batch_runs", [], False),
    ],
)
def test_events_without_the_id_of_a_user_or_session_are_warned_of(
    kind: str, owners: list[str], is_warned: bool
) -> None:
    # They are in no funnel, and nothing said so
    app = AppTest.from_string(SCRIPT)
    app.session_state["owners"], app.session_state["kind"] = owners, kind
    app.run()
    assert not app.exception
    assert ["in no funnel" in each.value for each in app.warning] == [True] * is_warned
