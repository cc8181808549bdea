"""Taking things back: what an import has brought, and its file. Each is asked once, and names what goes."""

from uuid import UUID

import streamlit as st

from core.imports import service
from core.imports.schemas import ImportView
from pages._ui import errors, guard, state, text
from pages.system.settings.imports import import_words


def ask(found: ImportView) -> None:
    """Ask once whether what an import has brought is to go, and name it."""

    @st.dialog("Undo this import?")
    def confirm() -> None:
        st.write(f"{text.plain(found.name)} imported {text.plain(import_words.brought(found))}.")
        st.write(
            "Deletes the rows that only this file provided and everything derived from them: daily metrics, funnel steps and "
            "users that appear nowhere else. Users, conversations, messages, batch runs, ratings and documents that other "
            "files also provide are kept as those files describe them."
        )
        st.write(
            "Unchanged duplicates belong to the import that stored them first: events and AI requests repeated by a later file, "
            "and rows sent again through the API unchanged, are deleted too."
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
    state.toast("Undoing import")


def ask_for_file(found: ImportView) -> None:
    """Ask once whether the file is to go."""

    @st.dialog("Remove this file?")
    def confirm() -> None:
        st.write(f"{text.plain(found.name)}: deletes the uploaded file from the data folder. Imported rows are kept.")
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
