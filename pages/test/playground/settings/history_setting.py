"""The setting beside the chat that says how many earlier turns are sent as context."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.playground.schemas import MAX_HISTORY_TURNS
from pages._ui import state


def _key(name: str, session_id: UUID) -> str:
    return f"playground.history_{name}.{session_id}"


def seed(session_id: UUID, turns: int | None) -> None:
    """Fill the widgets, keeping what was entered since; 0 turns is off, None is all."""
    state.seed(_key("on", session_id), turns != 0)
    state.seed(_key("turns", session_id), turns or None)


def turns(session_id: UUID) -> int | None:
    """Return how many turns to send: 0 when off, None for all."""
    if not state.get(_key("on", session_id), True):
        return 0
    return state.get(_key("turns", session_id), None)


def draw(session_id: UUID, on_change: Callable[[], None]) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        gap="xsmall",
        wrap=False,
        key="history-setting",
    ):
        is_on = st.toggle(
            "History as context",
            key=_key("on", session_id),
            on_change=on_change,
            help="Send earlier turns with each message: a turn is a message and its answer.",
        )
        st.number_input(
            "Turns to send",
            min_value=1,
            max_value=MAX_HISTORY_TURNS,
            key=_key("turns", session_id),
            on_change=on_change,
            placeholder="All" if is_on else "None",
            label_visibility="collapsed",
            disabled=not is_on,
            width=110,
        )
