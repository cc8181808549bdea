"""Cards of the lists in Settings: a title, buttons beside it, and facts below."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from pages._ui import text

WIDTH_PX = 760


@contextmanager
def card(title: str, draw_buttons: Callable[[], None]) -> Iterator[None]:
    """Draw a card with a title in Markdown and buttons on its right; the body goes below them."""
    with st.container(border=True, width=WIDTH_PX, gap="xsmall"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.markdown(title, width="content")
        with row.container(horizontal=True, width="content", gap="xsmall"):
            draw_buttons()
        yield


def button(label: str, icon: str, *, key: str, on_click: Callable[[], None] | None = None) -> bool:
    """Draw a button of a card; return whether it was clicked."""
    return st.button(label, key=key, type="tertiary", icon=f":material/{icon}:", on_click=on_click)


def draw_problem(detail: str | None) -> None:
    """Draw why the last connection test failed, if it did."""
    if detail:
        st.markdown(f":red[:material/error:] :small[{text.plain(detail)}]")
