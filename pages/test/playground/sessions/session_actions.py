"""What can be done with a session: details, files, clear, delete."""

from uuid import UUID

import streamlit as st

from core.playground.schemas import PlaygroundSessionView
from core.playground.service import session_trash, sessions
from core.presentation import formatting
from pages._ui import dialogs, errors, guard, state, text
from pages.test.playground.sessions import details_dialog, shown_session, transfer_menu


def draw(current: PlaygroundSessionView, *, may_export: bool) -> None:
    st.button(
        "Edit details",
        key="icon-details",
        icon=":material/edit:",
        type="tertiary",
        help="Edit details",
        on_click=details_dialog.open_dialog,
        args=(current,),
    )
    transfer_menu.draw(current, may_export=may_export, on_imported=shown_session.show)
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


def _ask_to_clear(session: PlaygroundSessionView) -> None:
    messages = formatting.count(session.message_count, "message")
    body = f"{messages} of “{_name(session)}” will be permanently deleted. The session is kept."
    label, id_ = "Clear messages", session.session_id
    dialogs.confirm("Clear messages?", body, label, clear, id_, key="playground")


@errors.action
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
    state.forget(shown_session.SESSION)
    state.toast("Session moved to the trash")
