"""The trash at the end of the list of sessions."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.database.paging import LARGEST_PAGE, Page, Window
from core.playground.schemas import TrashedSession
from core.playground.service import session_trash
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, state, text

OPEN = "playground.trash"


def draw(*, on_restored: Callable[[UUID], None]) -> None:
    """Draw the switch of the trash, and what is in it; nothing while it is empty."""
    with guard.work() as (session, actor):
        trash = session_trash.list_trash(session, owner=actor.id, window=Window(LARGEST_PAGE))
    if not trash.total_count:
        state.forget(OPEN)
        return
    is_open = state.get(OPEN, False)
    st.button(
        f"Trash ({trash.total_count:,})",
        key="playground.trash.toggle",
        icon=":material/expand_less:" if is_open else ":material/expand_more:",
        type="tertiary",
        on_click=state.put,
        args=(OPEN, not is_open),
    )
    if is_open:
        _draw_rows(trash, on_restored)


def _draw_rows(trash: Page[TrashedSession], on_restored: Callable[[UUID], None]) -> None:
    for row in trash.items:
        with st.container(
            horizontal=True, vertical_alignment="center", wrap=False, key=f"row-{row.session_id}"
        ):
            st.markdown(_label(row), width="stretch")
            _draw_buttons(row, on_restored)
    left = trash.total_count - len(trash.items)
    if left > 0:
        st.caption(f"{left:,} more, deleted earlier.")


def _draw_buttons(row: TrashedSession, on_restored: Callable[[UUID], None]) -> None:
    st.button(
        "Restore",
        key=f"icon-restore-{row.session_id}",
        icon=":material/restore_from_trash:",
        type="tertiary",
        help="Restore",
        on_click=restore,
        args=(row.session_id, on_restored),
    )
    st.button(
        "Delete now",
        key=f"icon-erase-{row.session_id}",
        icon=":material/delete_forever:",
        type="tertiary",
        help="Delete now",
        on_click=_ask_to_erase,
        args=(row,),
    )


def _label(row: TrashedSession) -> str:
    until = text.clock_time(row.erased_after, frame.time_zone())
    return f":small[{_name(row)}]  \n:gray[:small[until {until}]]"


def _name(row: TrashedSession) -> str:
    return text.plain(row.name) if row.name else "Empty session"


def _ask_to_erase(row: TrashedSession) -> None:
    messages = formatting.count(row.message_count, "message")
    body = f"“{_name(row)}” and its {messages} will be permanently deleted."
    dialogs.confirm("Delete now?", body, "Delete now", erase, row.session_id, key="playground")


@errors.action
def restore(session_id: UUID, on_restored: Callable[[UUID], None]) -> None:
    with guard.work() as (session, actor):
        session_trash.restore(session, session_id, actor=actor)
    on_restored(session_id)
    state.toast("Session restored")


@errors.action
def erase(session_id: UUID) -> None:
    with guard.work() as (session, actor):
        session_trash.erase(session, session_id, actor=actor)
    state.toast("Session permanently deleted")
