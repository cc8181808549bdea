"""Comparison: one message to several models or prompts, side by side, and votes."""

from uuid import UUID

import streamlit as st

from core.comparisons.schemas import ComparisonView
from core.comparisons.service import comparisons, turns
from core.errors import Failure
from core.identity.permissions import Permission
from core.playground.schemas import MAX_MESSAGE_CHARS
from pages._ui import dialogs, errors, frame, guard, state
from pages.test.playground import live_answer
from pages.test.playground.comparison import (
    answers,
    earlier_list,
    leaderboard,
    setup,
    shown_comparison,
)

MESSAGE = "comparison.message"


def main() -> None:
    guard.page(Permission.RUN_MODELS)
    shown = shown_comparison.read()
    with frame.header("Comparison", "Send one message to several models or prompts"):
        if shown is not None:  # without columns, nothing connects
            live_answer.connection()
            draw_actions(shown)
    if shown is None:
        setup.draw()
        with st.container():  # outside of one it is at the window's end, and the page scrolls there
            draw_field(None)
        places = st.columns([1, 1.5], gap="medium")
        with places[0]:
            earlier_list.draw(on_open=shown_comparison.show)
        with places[1]:
            leaderboard.draw()
        return
    answers.draw(shown, on_news=shown_comparison.stay)
    if shown.kept is None:
        draw_field(shown.id, disabled=shown.is_answering)


def draw_field(id_: UUID | None, *, disabled: bool = False) -> None:
    """Draw the message field of a comparison, or of a new one."""
    st.chat_input(
        "Message all columns",
        key=MESSAGE,
        max_chars=MAX_MESSAGE_CHARS,
        disabled=disabled,
        on_submit=send,
        args=(id_,),
    )


def draw_actions(shown: ComparisonView) -> None:
    if shown.is_answering:
        icon, args = ":material/stop_circle:", (shown.id,)
        st.button("Stop", icon=icon, shortcut="Esc", on_click=stop, args=args)
    st.button(
        "Delete comparison",
        key="icon-delete-comparison",
        icon=":material/delete:",
        type="tertiary",
        help="Delete comparison",
        on_click=ask_to_delete,
        args=(shown,),
    )
    st.button("New comparison", icon=":material/add:", on_click=shown_comparison.leave)


@errors.action
def send(id_: UUID | None) -> None:
    """Send the message, without an ID to a new comparison of the chosen columns; it stays in its
    field when it cannot be sent.
    """
    # A text that is put back a second time ends with a space, or the field would not take it
    message = state.get(MESSAGE, "").rstrip()
    try:
        new = setup.new_comparison() if id_ is None else None
        with guard.work() as (session, actor):  # one: without a turn, no comparison is left behind
            if new is not None:
                id_ = comparisons.begin(session, new, actor=actor).id
            sent = turns.send(session, id_ or UUID(int=0), message, actor=actor)
    except Failure:
        # Streamlit's field stays empty when it is given the same text twice in a row
        state.put_back_message(MESSAGE, message)
        raise
    shown_comparison.show(sent.id)


@errors.action
def stop(id_: UUID) -> None:
    with guard.work() as (session, actor):
        turns.stop(session, id_, actor=actor)


def ask_to_delete(shown: ComparisonView) -> None:
    body = "Its messages and votes will be permanently deleted. A kept session stays."
    label = "Delete comparison"
    dialogs.confirm(f"{label}?", body, label, delete, shown.id, key="comparison")


@errors.action
def delete(id_: UUID) -> None:
    with guard.work() as (session, actor):
        comparisons.remove(session, id_, actor=actor)
    shown_comparison.leave()
    state.toast("Comparison deleted")


with errors.InWords("Comparison"), state.keeping(MESSAGE):
    main()
