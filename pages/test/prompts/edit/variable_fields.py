"""The variables of a prompt: type, default, description and rules of each."""

import streamlit as st

from core.prompts.schemas import VariableType
from core.prompts.template import syntax
from pages._ui import frame, state
from pages.test.prompts.edit.editor import PromptEditor

TYPES = {
    VariableType.STRING: "Text",
    VariableType.NUMBER: "Number",
    VariableType.BOOLEAN: "True or false",
    VariableType.ARRAY: "Array (JSON)",
    VariableType.OBJECT: "Object (JSON)",
}


def draw(editor: PromptEditor) -> None:
    names = editor.names()
    frame.section("Variables", "found in the text" if names else "none yet: write {{name}}")
    used = syntax.variables_in(*editor.texts())
    for name in names:
        _draw_variable(editor, name, is_used=name in used)


def _draw_variable(editor: PromptEditor, name: str, *, is_used: bool) -> None:
    def key(field: str) -> str:
        return editor.variable_key(name, field)

    state.seed(key("required"), True)
    kind = VariableType(state.get(key("type"), VariableType.STRING))
    with (
        st.container(border=True, key=f"variable-{name}"),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        with st.container(width=130, gap=None):
            st.markdown(f"`{name}`")
            st.toggle("Required", key=key("required"), persist_state="session")
        st.selectbox(
            "Type",
            list(VariableType),
            key=key("type"),
            persist_state="session",
            format_func=TYPES.__getitem__,
            width=125,
        )
        st.text_input(
            "Default", key=key("default"), persist_state="session", placeholder="None", width=130
        )
        st.text_input(
            "Description", key=key("description"), persist_state="session", max_chars=1000
        )
        with st.popover("Rules"):
            _draw_rules(editor, name, kind)
        if not is_used:
            st.badge("Not in the text", color="orange")
            st.button(
                "Remove", type="tertiary", key=key("drop"), on_click=editor.drop, args=(name,)
            )


def _draw_rules(editor: PromptEditor, name: str, kind: VariableType) -> None:
    def number(label: str, field: str, step: float) -> None:
        st.number_input(
            label,
            value=None,
            step=step,
            key=editor.variable_key(name, field),
            persist_state="session",
        )

    if kind in (VariableType.STRING, VariableType.ARRAY):
        unit = "characters" if kind is VariableType.STRING else "items"
        number(f"At least ({unit})", "min_length", 1)
        number(f"At most ({unit})", "max_length", 1)
    if kind is VariableType.NUMBER:
        number("At least", "minimum", 1.0)
        number("At most", "maximum", 1.0)
    if kind is VariableType.STRING:
        st.text_input(
            "Pattern (RE2)",
            key=editor.variable_key(name, "pattern"),
            persist_state="session",
            placeholder="[A-Z]{2}-[0-9]+",
        )
    if kind in (VariableType.STRING, VariableType.NUMBER):
        st.text_area(
            "Allowed values, one per line",
            key=editor.variable_key(name, "choices"),
            persist_state="session",
        )
