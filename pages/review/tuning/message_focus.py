"""Scrolling to a message, once it is drawn."""

from pathlib import Path

import streamlit as st

from pages._ui import frame

PARTS = Path(__file__).parent / "parts"
_focus = st.components.v2.component("attune_focus", js=frame.read("focus.js", PARTS))


def scroll_to(selector: str, *, token: str, key: str, block: str = "center") -> None:
    """Scroll an element to the middle or an end of the page; again only with another token."""
    with st.container(key=f"unseen-{key}"):
        _focus(key=key, data={"selector": selector, "block": block, "token": token})
