"""Taking things back: what an import has brought, and its file. Each is asked once, and names what goes."""

from uuid import UUID

import streamlit as st

from core.imports import service
from core.imports.schemas import ImportView
from pages._ui import errors, guard, import_words, state, text


def ask(found: ImportView) -> None:
    """Ask once whether what an import has brought is to go, and name it."""

    @st.dialog("Undo this import?")
    def confirm() -> None:
        st.write(f"{text.plain(found.name)} has brought {text.plain(import_words.brought(found))}.")
        st.write(
            "What only this file holds is removed, with everything derived from it: daily figures, funnel steps, users that "
            "nothing else names. Users, conversations, messages, batch runs, ratings and documents that other files hold too "
            "stay as those files tell them."
        )
        st.write(
            "Rows that arrived a second time unchanged belong to the import that brought them first. Events and AI requests "
            "that a later file repeated, and rows that a program sent again unchanged, are removed with it."
        )
        with st.container(horizontal=True):
            if st.button("Undo import", type="primary", key="imports.undo", on_click=undo, args=(found.id,)):
                st.rerun()
            if st.button("Cancel", key="imports.keep-rows"):
                st.rerun()

    confirm()


@errors.action
def undo(import_id: UUID) -> None:
    """Take back what an import has brought."""
    with guard.work() as (session, actor):
        service.undo(session, import_id, actor=actor)
    state.toast("Undo begins")


def ask_for_file(found: ImportView) -> None:
    """Ask once whether the file is to go."""

    @st.dialog("Remove this file?")
    def confirm() -> None:
        st.write(f"{text.plain(found.name)}: the uploaded file goes from the data folder. What was imported of it stays.")
        with st.container(horizontal=True):
            if st.button("Remove file", type="primary", key="imports.confirm", on_click=remove_file, args=(found.id,)):
                st.rerun()
            if st.button("Cancel", key="imports.cancel"):
                st.rerun()

    confirm()


@errors.action
def remove_file(import_id: UUID) -> None:
    """Remove the file of an import."""
    with guard.work() as (session, actor):
        service.remove_file(session, import_id, actor=actor)
    state.toast("File removed")
