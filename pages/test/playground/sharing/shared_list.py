"""The sessions that others share, below the account's own."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.paging import LARGEST_PAGE, Window
from core.playground.schemas import PlaygroundSessionView, SessionSummary
from core.playground.sharing import queries as readable
from pages._ui import frame, guard, text


def draw(current: PlaygroundSessionView, on_open: Callable[[UUID], None]) -> None:
    """Draw the newest shared sessions; nothing while there are none."""
    with guard.work() as (session, actor):
        shared = readable.list_shared(session, account=actor.id, window=Window(LARGEST_PAGE))
    if not shared.items:
        return
    frame.section("Shared with me")
    with st.container(key="list-shared", gap=None):
        for summary in shared.items:
            st.button(
                _label(summary),
                key=f"shared-{summary.session_id}",
                width="stretch",
                type="secondary" if summary.session_id == current.session_id else "tertiary",
                on_click=on_open,
                args=(summary.session_id,),
            )


def _label(summary: SessionSummary) -> str:
    name = text.plain(summary.name) if summary.name else "Empty session"
    changed = text.ago(summary.last_message_at or summary.created_at)
    owner = text.plain(summary.shared_by or "")
    return f"{name}  \n:gray[:small[{changed} · {owner}]]"
