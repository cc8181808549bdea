"""The field for the reason of a vote."""

from typing import Literal

import streamlit as st

from pages._ui import state


def draw(key: str, stored: str | None, *, width: int | Literal["stretch"] = "stretch") -> None:
    state.seed(key, stored or "")
    st.text_input(
        "Reason",
        key=key,
        max_chars=2000,
        placeholder="Reason (optional)",
        label_visibility="collapsed",
        width=width,
    )
