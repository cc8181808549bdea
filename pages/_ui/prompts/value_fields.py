"""Fields for the values of a prompt's variables, by their types."""

import json
from typing import Any

import streamlit as st

from core.errors import Invalid
from core.prompts.schemas import PromptVariable, VariableType
from pages._ui import state, text


def draw(variable: PromptVariable, key: str) -> Any:  # noqa: ANN401  JSON
    """Draw the field of a variable; return its value, None when empty. Raises Invalid."""
    label, help_ = f"`{variable.name}`", text.plain(variable.description) or None
    placeholder = _default(variable)
    if variable.rules.choices or variable.type is VariableType.BOOLEAN:
        choices = variable.rules.choices or (True, False)
        st.selectbox(label, choices, index=None, key=key, help=help_, placeholder=placeholder)
    elif variable.type is VariableType.NUMBER:
        st.number_input(
            label, value=None, format="%g", key=key, help=help_, placeholder=placeholder
        )
    else:
        label = f"{label} (JSON)" if _is_json(variable) else label
        st.text_area(label, key=key, height=68, help=help_, placeholder=placeholder)
    return read(variable, key)


def read(variable: PromptVariable, key: str) -> Any:  # noqa: ANN401  JSON
    """Return the value of a field, None when it is empty. Raises Invalid."""
    entered: Any = state.get(key, None)
    if _is_json(variable) and entered is not None:
        return _parsed(variable, entered)
    if isinstance(entered, float) and entered.is_integer() and not variable.rules.choices:
        # The field makes each number a float, which the prompt would show as 3.0
        return int(entered)
    return None if entered == "" else entered


def _is_json(variable: PromptVariable) -> bool:
    is_list = variable.type in (VariableType.ARRAY, VariableType.OBJECT)
    return is_list and not variable.rules.choices


def _parsed(variable: PromptVariable, entered: str) -> Any:  # noqa: ANN401  JSON
    if not entered.strip():
        return None
    try:
        return json.loads(entered)
    except (ValueError, RecursionError):
        raise Invalid(f"{variable.name}: this is not JSON.") from None


def _default(variable: PromptVariable) -> str:
    if variable.default is None:
        return "Required" if variable.required else "Optional"
    return f"Default: {json.dumps(variable.default, ensure_ascii=False)[:60]}"
