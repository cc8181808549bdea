"""The account's playground sessions."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.paging import Page
from core.playground import service
from core.playground.schemas import PlaygroundSessionView, SessionSummary
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, state, text

SESSION = "playground.session"
SHOWN = "playground.shown"
STEP = 20


def wanted() -> UUID | None:
    """Return the session of the address, else the last of this tab."""
    named = st.query_params.get("session") or state.get(SESSION, "")
    try:
        return UUID(named)
    except ValueError:
        return None


def show(session_id: UUID) -> None:
    """Make a session that of this tab and its address."""
    state.put(SESSION, str(session_id))
    st.query_params["session"] = str(session_id)


def stay() -> None:
    """Keep the session of this tab: news arrives with the address from before a switch."""
    if present := state.get(SESSION, ""):
        st.query_params["session"] = present


def shown() -> int:
    return state.get(SHOWN, STEP)


def draw(
    current: PlaygroundSessionView,
    sessions: Page[SessionSummary],
    *,
    on_open: Callable[[UUID], None],
) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(width="content"):
            frame.section("Sessions")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            _draw_actions(current)
    with (
        st.container(height=600, border=False, key="pane-list-sessions"),
        st.container(key="list-sessions", gap=None),
    ):
        for summary in sessions.items:
            st.button(
                _label(summary),
                key=f"session-{summary.session_id}",
                width="stretch",
                type="secondary" if summary.session_id == current.session_id else "tertiary",
                on_click=on_open,
                args=(summary.session_id,),
                help=_dates(summary),
            )
        left = sessions.total_count - len(sessions.items)
        if left > 0:
            st.button(
                f"Show {left:,} more",
                key="playground.more",
                type="tertiary",
                on_click=state.put,
                args=(SHOWN, shown() + STEP),
            )


def _draw_actions(current: PlaygroundSessionView) -> None:
    st.button(
        "Clear messages",
        key="icon-clear",
        icon=":material/mop:",
        type="tertiary",
        help="Clear messages",
        disabled=current.message_count == 0,
        on_click=_ask_to_clear,
        args=(current,),
    )
    st.button(
        "Delete session",
        key="icon-delete",
        icon=":material/delete:",
        type="tertiary",
        help="Delete session",
        on_click=_ask_to_delete,
        args=(current,),
    )


def _label(summary: SessionSummary) -> str:
    name = (
        text.plain(summary.name)
        if summary.name
        else f"Empty session `{str(summary.session_id)[-6:]}`"
    )
    facts = [text.ago(summary.last_message_at or summary.created_at)]
    if summary.message_count:
        facts.append(formatting.count(summary.message_count, "message"))
    if summary.has_custom_prompt:
        facts.append("custom prompt")
    return f"{name}  \n:gray[:small[{' · '.join(facts)}]]"


def _dates(summary: SessionSummary) -> str:
    zone = frame.time_zone()
    began = f"Created {text.clock_time(summary.created_at, zone)}"
    last = summary.last_message_at
    return f"{began}, last message {text.clock_time(last, zone)}" if last else began


def _ask_to_clear(session: PlaygroundSessionView) -> None:
    messages = formatting.count(session.message_count, "message")
    body = f"{messages} of “{_name(session)}” will be permanently deleted. The session is kept."
    label, id_ = "Clear messages", session.session_id
    dialogs.confirm("Clear messages?", body, label, clear, id_, key="playground")


def _ask_to_delete(session: PlaygroundSessionView) -> None:
    messages = formatting.count(session.message_count, "message")
    body = f"“{_name(session)}” and its {messages} will be permanently deleted."
    label, id_ = "Delete session", session.session_id
    dialogs.confirm("Delete session?", body, label, delete, id_, key="playground")


def _name(session: PlaygroundSessionView) -> str:
    return text.plain(session.name) if session.name else "Empty session"


@errors.action
def clear(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.clear(session, session_id, actor=actor)
    state.toast("Messages cleared")


@errors.action
def delete(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.remove(session, session_id, actor=actor)
    st.query_params.pop("session", None)
    state.forget(SESSION)
    state.toast("Session deleted")
