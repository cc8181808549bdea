"""The account's playground sessions."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.db import Session
from core.database.paging import Window
from core.playground.schemas import FoundSessions, PlaygroundSessionView, SessionSummary
from core.playground.service import session_search, session_trash, sessions
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, state, text
from pages.test.playground import details_dialog, ratings, transfer_menu, trash_list
from pages.test.playground.sharing import shared_list

SESSION = "playground.session"
SHOWN, SEARCH = "playground.shown", "playground.search"
STEP = 20


def shown_session_id() -> UUID | None:
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


def read(session: Session, *, owner: UUID) -> FoundSessions:
    """Return the sessions of the list, those that were searched for."""
    window = Window(limit=shown())
    feedback = ratings.filtered()
    return session_search.find(session, searched(), owner=owner, window=window, feedback=feedback)


def draw(
    current: PlaygroundSessionView,
    sessions: FoundSessions,
    *,
    on_open: Callable[[UUID], None],
) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(width="content"):
            frame.section("Sessions")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            if current.shared_by is None:
                _draw_actions(current)
    with st.container(height=600, border=False, key="pane-list-sessions"):
        with st.container(
            key="row-search",
            horizontal=True,
            wrap=False,
            vertical_alignment="center",
            gap="xsmall",
        ):
            st.text_input(
                "Search sessions",
                key=SEARCH,
                placeholder="Search sessions",
                label_visibility="collapsed",
                icon=":material/search:",
                max_chars=200,
                on_change=_begin_at_top,
            )
            ratings.draw_filter(on_change=_begin_at_top)
        ratings.draw_chosen(on_change=_begin_at_top)
        _draw_found(current, sessions, on_open)
        shared_list.draw(current, on_open)
        trash_list.draw(on_restored=show)


def _begin_at_top() -> None:
    state.forget(SHOWN)


def searched() -> str:
    """Return the words to search for."""
    return state.get(SEARCH, "")


def _draw_found(
    current: PlaygroundSessionView, sessions: FoundSessions, on_open: Callable[[UUID], None]
) -> None:
    if not sessions.items and (searched() or ratings.filtered()):
        advice = "Clear the filter." if ratings.filtered() else "Try fewer words."
        frame.empty_state("search_off", "No sessions found", advice, border=False)
    with (
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
                help=_facts(summary),
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
    if sessions.unsearched_count:
        older = formatting.count(sessions.unsearched_count, "older session")
        st.caption(f"The newest {session_search.MOST_SEARCHED} were searched, not {older}.")


def _draw_actions(current: PlaygroundSessionView) -> None:
    st.button(
        "Edit details",
        key="icon-details",
        icon=":material/edit:",
        type="tertiary",
        help="Edit details",
        on_click=details_dialog.open_dialog,
        args=(current,),
    )
    transfer_menu.draw(current, on_imported=show)
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
    if summary.is_shared and summary.shared_by is None:
        facts.append("shared")
    return f"{name}  \n:gray[:small[{' · '.join(facts)}]]"


def _facts(summary: SessionSummary) -> str:
    zone, last = frame.time_zone(), summary.last_message_at
    began = f"Created {text.clock_time(summary.created_at, zone)}"
    facts = [f"{began}, last message {text.clock_time(last, zone)}" if last else began]
    if summary.execution_count:
        calls = formatting.count(summary.execution_count, "call")
        facts.append(f"{calls}, {formatting.money(summary.total_cost)}")
    if summary.last_executed is not None:
        facts.append(f"Last call {text.clock_time(summary.last_executed, zone)}")
    if summary.project:
        facts.append(f"Project: {text.plain(summary.project)}")
    if summary.tags:
        facts.append(f"Tags: {text.plain(', '.join(summary.tags))}")
    if summary.description:
        facts.append(text.plain(summary.description))
    return "  \n".join(facts)


def _ask_to_clear(session: PlaygroundSessionView) -> None:
    messages = formatting.count(session.message_count, "message")
    body = f"{messages} of “{_name(session)}” will be permanently deleted. The session is kept."
    label, id_ = "Clear messages", session.session_id
    dialogs.confirm("Clear messages?", body, label, clear, id_, key="playground")


def _ask_to_delete(session: PlaygroundSessionView) -> None:
    messages = formatting.count(session.message_count, "message")
    with guard.work() as (database, _):
        days = formatting.count(session_trash.kept_for(database).days, "day")
    body = f"“{_name(session)}” and its {messages} can be restored from the trash for {days}."
    label, id_ = "Delete session", session.session_id
    dialogs.confirm("Delete session?", body, label, delete, id_, key="playground")


def _name(session: PlaygroundSessionView) -> str:
    return text.plain(session.name) if session.name else "Empty session"


@errors.action
def clear(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        sessions.clear(session, session_id, actor=actor)
    state.toast("Messages cleared")


@errors.action
def delete(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        sessions.remove(session, session_id, actor=actor)
    st.query_params.pop("session", None)
    state.forget(SESSION)
    state.toast("Session moved to the trash")
