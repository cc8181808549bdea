"""All imports, latest first."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.imports import queries
from core.imports.schemas import BUSY, ImportView
from pages._ui import frame, guard, tables, text
from pages.system.settings.imports import import_labels, import_undo

AT, SHOWN = "imports", 25


def draw(opened: UUID | None, *, on_open: Callable[[UUID], None]) -> None:
    """List the imports except the open one."""
    with guard.work() as (session, actor):
        found = queries.list_imports(session, window=tables.window(AT, SHOWN), actor=actor)
    others = [each for each in found.items if each.id != opened]
    if not found.items:
        words = "Imports appear here with their results."
        frame.empty_state("upload_file", "No imports yet", words, width=860)
        return
    if others:
        note = f"{found.total_count:,}, latest first"
        with frame.section_row("Imports", note, width=860):
            frame.csv_link("/api/v1/imports?format=csv")
    for each in others:
        _draw_one(each, on_open)
    tables.draw_pages(found.total_count, SHOWN, AT)


def _draw_one(found: ImportView, on_open: Callable[[UUID], None]) -> None:
    with st.container(border=True, width=860, gap="xsmall"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        row.markdown(
            f"**{text.plain(found.name)}**\u2002{import_labels.badge(found)}", width="content"
        )
        with row.container(horizontal=True, width="content", gap="xsmall"):
            _draw_buttons(found, on_open)
        facts = [
            *([import_labels.size(found.size_bytes)] if found.size_bytes else []),
            import_labels.brought(found),
        ]
        facts.append(f"{text.since(found.created_at)} by {found.created_by_name.partition('@')[0]}")
        st.caption(text.plain(" · ".join([*facts, *([] if found.has_file else ["file removed"])])))


def _draw_buttons(found: ImportView, on_open: Callable[[UUID], None]) -> None:
    st.button(
        "Open",
        key=f"open-{found.id}",
        type="tertiary",
        icon=":material/open_in_full:",
        on_click=on_open,
        args=(found.id,),
    )
    if found.status in BUSY:
        return
    if found.counts:
        icon = ":material/undo:"
        st.button(
            "Undo import",
            key=f"undo-{found.id}",
            type="tertiary",
            icon=icon,
            on_click=import_undo.ask,
            args=(found,),
        )
    elif found.has_file and found.size_bytes:
        icon = ":material/delete:"
        st.button(
            "Remove file",
            key=f"file-{found.id}",
            type="tertiary",
            icon=icon,
            on_click=import_undo.ask_for_file,
            args=(found,),
        )
