"""The field for the reason of a vote."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from pages._ui import state


def draw(
    key: str,
    stored: str | None,
    on_change: Callable[[], None] | None,
    *,
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """Draw the field; `on_change` stores a reason that is entered after the vote."""
    state.seed(key, stored or "")
    st.text_input(
        "Reason",
        key=key,
        max_chars=2000,
        placeholder="Reason (optional)",
        label_visibility="collapsed",
        width=width,
        on_change=on_change,
    )
