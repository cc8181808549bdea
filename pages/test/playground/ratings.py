"""Thumbs and a note beside each answer, and the filter of the sessions that have some."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st

from core.playground.schemas import (
    MAX_NOTE_CHARS,
    AnswerFeedback,
    AnswerRating,
    PlaygroundMessageView,
    Thumbs,
)
from core.playground.service import ratings
from pages._ui import dialogs, errors, guard, state, text

FILTER, NOTE, MENU = "playground.feedback", "playground.note", "icon-filter"
CHOICES = (Thumbs.DOWN, Thumbs.UP)  # in the order of Streamlit's thumbs
LABELS = {
    AnswerFeedback.THUMBS_UP: "Thumbs up",
    AnswerFeedback.THUMBS_DOWN: "Thumbs down",
    AnswerFeedback.NOTE: "With a note",
}
ICONS = {
    AnswerFeedback.THUMBS_UP: ":material/thumb_up:",
    AnswerFeedback.THUMBS_DOWN: ":material/thumb_down:",
    AnswerFeedback.NOTE: ":material/sticky_note_2:",
}


def draw(session_id: UUID, message: PlaygroundMessageView) -> None:
    """Draw the thumbs of an answer; a rated one has a button for a note, too."""
    key = f"thumbs-{message.id}"
    # As stored: another tab may have changed it
    state.put(key, None if message.rating is None else CHOICES.index(message.rating))
    st.feedback("thumbs", key=key, on_change=rate, args=(session_id, message.id, key))
    if message.rating is not None or message.note:
        _draw_note_button(session_id, message)


def _draw_note_button(session_id: UUID, message: PlaygroundMessageView) -> None:
    label = "Edit note" if message.note else "Add note"
    st.button(
        label,
        key=f"icon-note-{message.id}",
        icon=":material/sticky_note_2:" if message.note else ":material/note_add:",
        type="tertiary",
        help=label,
        on_click=open_note,
        args=(session_id, message),
    )


@errors.action
def rate(session_id: UUID, message_id: UUID, key: str) -> None:
    """Store which thumb is pressed; none is after a second press."""
    pressed: int | None = state.get(key, None)
    rating = None if pressed is None else CHOICES[pressed]
    _store(session_id, message_id, AnswerRating(rating=rating))


def open_note(session_id: UUID, message: PlaygroundMessageView) -> None:
    state.put(NOTE, message.note or "")

    @st.dialog("Edit note" if message.note else "Add note")
    def form() -> None:
        st.text_area("Note", key=NOTE, max_chars=MAX_NOTE_CHARS, height=140)
        dialogs.submit("Save", partial(save_note, session_id, message.id), key="playground.note")

    form()


def save_note(session_id: UUID, message_id: UUID) -> None:
    _store(session_id, message_id, AnswerRating(note=state.get(NOTE, "")))


def _store(session_id: UUID, message_id: UUID, rating: AnswerRating) -> None:
    with guard.work() as (session, actor):
        ratings.rate(session, session_id, message_id, rating, actor=actor)


def draw_note(message: PlaygroundMessageView) -> None:
    """Draw the note on an answer, if there is one."""
    if message.note:
        st.caption(f":material/sticky_note_2: {text.plain(message.note)}")


def filtered() -> AnswerFeedback | None:
    """Return which feedback the listed sessions have."""
    return state.get(FILTER, None)


def draw_filter(on_change: Callable[[], None]) -> None:
    """Draw the menu that narrows the list of sessions."""
    st.menu_button(
        "Filter sessions",
        list(AnswerFeedback),
        key=MENU,
        icon=":material/filter_list:",
        type="tertiary",
        help="Filter by feedback",
        format_func=_label,
        on_click=_choose,
        args=(on_change,),
    )


def draw_chosen(on_change: Callable[[], None]) -> None:
    """Draw the chosen filter, with a press of which it ends."""
    chosen = filtered()
    if chosen is not None:
        st.button(
            LABELS[chosen],
            key="playground.feedback.clear",
            icon=":material/close:",
            help="Clear the filter",
            on_click=_put,
            args=(None, on_change),
        )


def _label(feedback: AnswerFeedback) -> str:
    return f"{ICONS[feedback]} {LABELS[feedback]}"


def _choose(on_change: Callable[[], None]) -> None:
    _put(state.get(MENU, None), on_change)


def _put(feedback: AnswerFeedback | None, on_change: Callable[[], None]) -> None:
    state.put(FILTER, feedback)
    on_change()
