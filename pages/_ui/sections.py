"""The sections of a page or of what is open on it; the address names the one that is shown."""

from collections.abc import Callable, Iterable
from secrets import token_hex

import streamlit as st

from pages._ui import state

NAME = "section"


def choose(names: Iterable[str], key: str, *, on_change: Callable[[], None] | None = None) -> str:
    """Draw the choice and return the section of the address; without one, it is the first."""
    offered = list(names)
    named = st.query_params.get(NAME)
    section = named if named in offered else offered[0]
    if on_change is not None and shown_before(key, section) != section:
        on_change()  # by Back, or by a link
    control = control_of(key, section)

    def write() -> None:
        if chosen := pressed(control, section):
            show(chosen)
        if on_change is not None:
            on_change()

    st.segmented_control(
        "Section",
        offered,
        required=True,
        key=control,
        label_visibility="collapsed",
        on_change=write,
    )
    return section


def show(section: str) -> None:
    """Open a section, from a callback."""
    st.query_params[NAME] = section


def list_address(*item: str) -> dict[str, str]:
    """Return the address of the list that an item is open on: without the item's parameters and its
    section, and with the list's filters.
    """
    given = st.query_params.to_dict()
    return {name: value for name, value in given.items() if name not in (*item, NAME)}


def control_of(key: str, shown: str) -> str:
    """Return the key of the control of a choice, which shows what the address names.

    Back or a link that changes it makes a new control: what the browser asks for before it hears of
    the change would otherwise be taken for a press on what was shown before.
    """
    if shown_before(key, shown) != shown:
        state.put(f"{key}.control", f"{key}.{token_hex(4)}")
    control = state.get(f"{key}.control", key)
    state.put(control, shown)
    return control


def shown_before(key: str, shown: str) -> str:
    """Return what the control of a choice shows, `shown` before it is drawn."""
    return state.get(state.get(f"{key}.control", key), shown)


def pressed(control: str, shown: str) -> str | None:
    """Return what was chosen in a control that showed `shown`; None when the browser has only told
    again what a control showed that was replaced meanwhile.
    """
    chosen = state.get(control, shown)
    return chosen if chosen != shown else None
