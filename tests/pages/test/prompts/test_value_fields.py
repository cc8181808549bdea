"""The fields for a prompt's variables give the values that the API would be given."""

import pytest
from streamlit.testing.v1 import AppTest

from core.prompts.template import values

PAGE = """
import streamlit as st

from core.prompts.schemas import PromptVariable, VariableType
from pages._ui.prompts import value_fields

points = PromptVariable(name="points", type=VariableType.NUMBER, default=5)
st.session_state["read"] = value_fields.draw(points, "value")
"""


@pytest.mark.parametrize(("entered", "text"), [(3, "3"), (-0.0, "0"), (2.5, "2.5"), (None, "")])
def test_a_whole_number_reaches_the_prompt_without_decimals(
    entered: float | None, text: str
) -> None:
    app = AppTest.from_string(PAGE).run()
    app.number_input[0].set_value(entered).run()
    assert not app.exception
    assert values.text_of(app.session_state["read"]) == text
