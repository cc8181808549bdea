"""The sections of a page or of what is open on it; the address names the one that is shown."""

from collections.abc import Callable, Iterable

import streamlit as st

from pages._ui import state

NAME = "section"


def choose(names: Iterable[str], key: str, *, on_change: Callable[[], None] | None = None) -> str:
    """Draw the choice and return the section of the address; without one, it is the first."""
    offered = list(names)
    named = st.query_params.get(NAME)
    section = named if named in offered else offered[0]
    if state.get(key, section) != section and on_change is not None:
        on_change()  # by Back, or by a link
    state.put(key, section)

    def write() -> None:
        show(state.get(key, section))
        if on_change is not None:
            on_change()

    st.segmented_control(
        "Section",
        offered,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=write,
    )
    return section


def show(section: str) -> None:
    """Open a section, from a callback."""
    st.query_params[NAME] = section
