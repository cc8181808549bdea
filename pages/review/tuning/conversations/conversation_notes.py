"""Notes of colleagues beside a conversation."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.conversations import service
from core.conversations.notes import (
    LONGEST_NOTE,
    Colleague,
    NewNote,
    NoteView,
    find_mentioned,
    mentionable_names,
)
from core.conversations.queries import notes
from core.errors import Invalid
from core.identity.schemas import Actor
from core.presentation import formatting
from pages._ui import dialogs, errors, guard, markdown, state, text, watch

BODY, MENTIONED = "notes.body", "notes.mentioned"


class NoNote(Invalid):
    """Write a note."""


def draw(conversation_id: UUID, zone: str) -> None:
    """Draw the notes, and the form of a new one."""
    with guard.work() as (session, actor):
        found = notes.list_notes(session, conversation_id, actor=actor)
        colleagues = notes.list_colleagues(session, actor=actor)
    with (
        watch.panel("Notes", "for colleagues · never exported"),
        st.container(border=True, gap="small", key="notes"),
    ):
        for each in found:
            _draw_note(each, zone, actor)
        _draw_form(conversation_id, colleagues, actor)


def _draw_note(note: NoteView, zone: str, actor: Actor) -> None:
    with st.container(gap="xsmall", key=f"note-{note.id}"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        who = f"{note.author_name} · {formatting.moment(note.created_at, zone)}"
        row.caption(text.plain(text.one_line(who)), width="content")
        if note.author_id == actor.id:
            row.button(
                "Delete note",
                key=f"notes.delete.{note.id}",
                type="tertiary",
                icon=":material/delete:",
                on_click=_ask,
                args=(note.id,),
            )
        markdown.draw(note.body)


def _draw_form(conversation_id: UUID, colleagues: list[Colleague], actor: Actor) -> None:
    names = mentionable_names(colleagues)
    others = {each.email: f"@{names[each.id]}" for each in colleagues if each.id != actor.id}
    with st.form("notes.form", border=False):
        st.text_area(
            "Note",
            key=state.own_key(BODY, conversation_id),
            height=80,
            max_chars=LONGEST_NOTE,
            placeholder="@name mentions them",
        )
        st.multiselect(
            "Mention",
            list(others),
            key=state.own_key(MENTIONED, conversation_id),
            format_func=others.__getitem__,
            placeholder="@name",
        )
        st.form_submit_button("Add note", on_click=add, args=(conversation_id, colleagues))


@errors.action
def add(conversation_id: UUID, colleagues: list[Colleague]) -> None:
    """Store the note of the form, with the chosen colleagues in front of it."""
    chosen: list[str] = state.get(state.own_key(MENTIONED, conversation_id), [])
    body = state.get(state.own_key(BODY, conversation_id), "").strip()
    if not body:
        raise NoNote
    mentioned, names = find_mentioned(body, colleagues), mentionable_names(colleagues)
    missing = [
        f"@{names[each.id]}"
        for each in colleagues
        if each.email in chosen and each not in mentioned
    ]
    try:
        given = NewNote(conversation_id=str(conversation_id), body=" ".join([*missing, body]))
    except ValidationError:
        raise NoNote(f"Use at most {LONGEST_NOTE:,} characters.") from None
    with guard.work() as (session, actor):
        service.add_note(session, given, actor=actor)
    # Not by `clear_on_submit`, which would also clear a note that was refused
    state.put(state.own_key(BODY, conversation_id), "")
    state.put(state.own_key(MENTIONED, conversation_id), [])
    told = [
        text.plain(text.one_line(each.name or each.email))
        for each in find_mentioned(given.body, colleagues)
    ]
    state.toast(f"Note added, {', '.join(told)} mentioned" if told else "Note added")


def _ask(note_id: UUID) -> None:
    body = "Colleagues no longer see it."
    dialogs.confirm("Delete this note?", body, "Delete note", delete, note_id, key="notes")


@errors.action
def delete(note_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.delete_note(session, note_id, actor=actor)
    state.toast("Note deleted")
