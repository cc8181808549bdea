"""The answer that is being written, which the browser draws as it arrives."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import streamlit as st

from pages._ui import frame

PARTS = Path(__file__).with_name("parts")

# It reads a websocket: six open event streams would block all other requests of a browser
_live = st.components.v2.component(
    "attune_live",
    html='<div class="live" aria-live="polite" hidden></div>',
    css=frame.read("live.css", PARTS),
    js=frame.read("live.js", PARTS),
)


def draw(
    session_id: UUID,
    revision: int,
    pending: UUID | None,
    waiting: str,
    *,
    key: str,
    on_news: Callable[[], None],
) -> None:
    """Draw the pending answer of a session as it grows, `waiting` until it begins; `on_news`
    follows other changes of the session.
    """
    data = {
        "session": str(session_id),
        "revision": revision,
        "pending": str(pending) if pending else None,
        "waiting": waiting,
    }
    _live(key=key, data=data, height="content", on_changed_change=on_news)


def connection() -> None:
    """Show whether the page is connected; the live part updates it."""
    st.html('<span class="attune-connection" role="status"></span>', width="content")
