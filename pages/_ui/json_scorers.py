"""A field of scorers as JSON, for those that a form has no fields for."""

import json
from typing import Any

import streamlit as st

from core.errors import Invalid
from pages._ui import state


def draw(key: str, *, placeholder: str) -> None:
    st.text_area(
        "Other scorers (JSON)",
        key=key,
        height=100,
        label_visibility="collapsed",
        placeholder=placeholder,
    )


def read(key: str) -> list[Any]:
    """Return the scorers of the field; raise Invalid."""
    try:
        found = json.loads(state.get(key, "").strip() or "[]")
    except (ValueError, RecursionError):  # lists in lists, deeper than Python follows
        raise Invalid("The other scorers are not valid JSON.") from None
    if not isinstance(found, list):
        raise Invalid("The other scorers must be a JSON list.")
    return found
