"""The switch that lists only what the account owns; the address has it."""

import streamlit as st

from pages._ui import state

MINE = "mine"


def is_on() -> bool:
    return st.query_params.get(MINE) == "true"


def draw(page: str) -> None:
    key = f"{page}.{MINE}"
    # Back changes the address alone
    state.put(key, is_on())
    st.toggle("Only mine", key=key, on_change=_turn, args=(key,))


def _turn(key: str) -> None:
    if state.get(key, False):
        st.query_params[MINE] = "true"
    else:
        st.query_params.pop(MINE, None)
