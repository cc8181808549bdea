"""All imports, the latest first, each with what can be done with it."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.imports import queries, service
from core.imports.schemas import BUSY, ImportView
from core.paging import Window
from pages._ui import errors, frame, guard, import_detail, state, text

SHOWN = Window(limit=50)


def draw(opened: UUID | None, *, on_open: Callable[[UUID], None]) -> None:
    """List the imports but the one that is open."""
    with guard.work() as (session, actor):
        found = queries.list_imports(session, window=SHOWN, actor=actor)
    others = [each for each in found.items if each.id != opened]
    if not found.items:
        words = "A file that you choose above appears here, with what it has brought."
        with st.container(width=860):
            frame.empty_state("upload_file", "Nothing imported yet", words)
        return
    if others:
        frame.section("Imports", "the latest 50" if found.total_count > len(found.items) else "")
    for each in others:
        _draw_one(each, on_open)


def _draw_one(found: ImportView, on_open: Callable[[UUID], None]) -> None:
    with st.container(border=True, width=860, gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        row.markdown(f"**{text.plain(found.name)}**\u2002{import_detail.badge(found)}", width="content")
        with row.container(horizontal=True, width="content", gap="xsmall"):
            st.button(
                "Open",
                key=f"open-{found.id}",
                type="tertiary",
                icon=":material/open_in_full:",
                on_click=on_open,
                args=(found.id,),
            )
            if found.has_file and found.status not in BUSY:
                words = "Remove file"
                st.button(words, key=f"file-{found.id}", type="tertiary", icon=":material/delete:", on_click=_ask, args=(found,))
        facts = [import_detail.size(found.size_bytes), import_detail.brought(found)]
        facts.append(f"{text.since(found.created_at)} by {found.created_by_name.partition('@')[0]}")
        st.caption(text.plain(" · ".join([*facts, *([] if found.has_file else ["file removed"])])))


def _ask(found: ImportView) -> None:
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
