"""A session that another account shares: its messages, to be read or forked."""

from uuid import UUID

import streamlit as st

from core.playground.schemas import FoundSessions, PlaygroundMessageView, PlaygroundSessionView
from core.playground.service import sharing
from pages._ui import errors, guard, state, text
from pages.test.playground import chat
from pages.test.playground.message_actions import stop
from pages.test.playground.sessions import session_list, shown_session


def draw(
    session: PlaygroundSessionView, messages: list[PlaygroundMessageView], sessions: FoundSessions
) -> None:
    left, right = st.columns([3.35, 1.05], gap="medium")
    with left:
        with st.container(border=True, height=640, key=chat.PANE, gap="xsmall", autoscroll=False):
            chat.draw(session, messages, on_stop=stop, on_news=shown_session.stay, controls=None)
        _draw_notice(session)
    with right:
        session_list.draw(
            session, sessions, may_export=False, on_open=errors.action(shown_session.show)
        )


def _draw_notice(session: PlaygroundSessionView) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key="shared-notice",
    ):
        owner = text.plain(session.shared_by or "")
        st.markdown(f":material/lock: Shared by **{owner}**, read-only", width="content")
        st.button(
            "Fork",
            icon=":material/fork_right:",
            key="playground.fork",
            help="Copy this session to your own, to continue it.",
            on_click=fork,
            args=(session.session_id,),
        )


@errors.action
def fork(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        made = sharing.fork(session, session_id, actor=actor)
    shown_session.show(made.session_id)
    state.toast("Session forked")
