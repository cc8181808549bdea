"""The review session of this tab: the message on screen, and what comes after it."""

import streamlit as st

from core.annotations.errors import NothingAssigned
from core.annotations.review_session import HistoryEntry, ReviewSession
from pages._ui import state
from pages._ui.review import review_form

HAS_KEYS, OPENED, SESSION = "review.has_keys", "review.opened", "review.session"
RESUMES = "working"  # in the address: a reviewer who comes back resumes the leased item


def current() -> ReviewSession:
    return state.get(SESSION, ReviewSession())


def on_screen() -> HistoryEntry:
    """Return the message on screen; raise NothingAssigned."""
    shown = current().shown
    if shown is None:
        raise NothingAssigned
    return shown


def show(now: ReviewSession) -> None:
    """Show the next message; stop when there is none."""
    if now.shown is None:
        put_down(now)
        state.toast("Queue finished: no more messages for you")
        return
    _change(now)
    st.query_params.update({"view": "queue", RESUMES: "yes"})


def put_down(now: ReviewSession) -> None:
    _change(now)
    st.query_params.pop(RESUMES, None)


def _change(now: ReviewSession) -> None:
    """Replace the session, and forget the form of the last message."""
    before = current().shown
    if before is not None:
        review_form.forget(before.item.message_id)
    state.forget(OPENED)
    state.put(SESSION, now)
