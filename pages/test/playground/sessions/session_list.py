"""The account's playground sessions."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.db import Session
from core.database.paging import Window
from core.playground.schemas import FoundSessions, PlaygroundSessionView, SessionSummary
from core.playground.service import session_search
from core.presentation import formatting
from pages._ui import frame, state, text
from pages.test.playground import ratings
from pages.test.playground.sessions import session_actions, shown_session, trash_list
from pages.test.playground.sharing import shared_list

SHOWN, SEARCH = "playground.shown", "playground.search"
STEP = 20


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
    may_export: bool,
    on_open: Callable[[UUID], None],
) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        with st.container(width="content"):
            frame.section("Sessions")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            if current.shared_by is None:
                session_actions.draw(current, may_export=may_export)
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
        trash_list.draw(on_restored=shown_session.show)


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


def _label(summary: SessionSummary) -> str:
    name = (
        text.plain(summary.name)
        if summary.name
        # Its end: IDs begin with the time, so those of one minute begin alike
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
