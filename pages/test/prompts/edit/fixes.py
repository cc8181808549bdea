"""The annotations that a prompt's versions fix: chosen when a version is saved, shown with it."""

from uuid import UUID

import streamlit as st

from core.annotations.queries.annotation_list import list_annotations
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationStatus,
    AnnotationView,
)
from core.annotations.service import annotations
from core.database.paging import Window
from core.improvements.queries import open_annotations
from core.presentation import formatting
from core.prompts.views import PromptView
from core.system import workspace
from pages._ui import columns, errors, frame, guard, links, state, tables, text
from pages._ui.tables import TableColumn
from pages.test.prompts.edit.editor import PromptEditor

OFFERED, SHOWN = 100, 200


def choose(editor: PromptEditor) -> None:
    """Let the author choose which reviewed annotations the next version fixes."""
    with guard.ai_work() as (ai, actor):
        about_prompt = open_annotations(ai, editor.prompt.name, actor=actor)
    reviewed = _read(AnnotationFilter(status=AnnotationStatus.REVIEWED), OFFERED)
    titles = {each.id: title(each) for each in [*about_prompt, *reviewed]}
    # Others may have marked them applied in the meantime.
    chosen: list[UUID] = state.get(editor.key("fixes"), [])
    state.put(editor.key("fixes"), [id_ for id_ in chosen if id_ in titles])
    if not titles:
        return
    st.multiselect(
        "Fixes annotations",
        list(titles),
        key=editor.key("fixes"),
        format_func=titles.__getitem__,
        placeholder="Reviewed annotations that this version addresses",
        help="Lists annotations marked as reviewed. The version marks them applied.",
        persist_state="session",
    )


def mark(editor: PromptEditor, version: int) -> int:
    """Mark the chosen annotations applied by a version; return how many."""
    chosen: list[UUID] = state.get(editor.key("fixes"), [])
    change = AnnotationChangeBody(applied_version=f"{editor.prompt.name}@{version}")
    with guard.ai_work() as (ai, actor):
        for id_ in chosen:
            annotations.change(ai, id_, change, actor=actor)
    state.forget(editor.key("fixes"))
    return len(chosen)


@errors.part("Fixed annotations")
def draw(prompt: PromptView) -> None:
    """Draw the annotations that the prompt's versions fixed."""
    fixed = _read(AnnotationFilter(applied_version=prompt.name), SHOWN)
    if not fixed:
        return
    frame.section("Fixed by versions", "annotations marked applied · click a row to open it")
    shown: list[TableColumn[AnnotationView]] = [
        columns.text(
            "Version", lambda row: (row.applied_version or "").rpartition("@")[2], width=80
        ),
        columns.text("Type", lambda row: row.annotation_type.capitalize(), width=110),
        columns.text("Annotation", lambda row: row.content),
        columns.text("By", lambda row: row.applied_by_name, width=120),
        columns.moment("Applied", lambda row: row.applied_at, workspace.zone()),
    ]
    tables.draw(
        fixed,
        shown,
        formatting.count(len(fixed), "annotation"),
        key=f"prompts.fixed.{prompt.id}",
        on_open=_open,
        most=8,
    )


def _open(row: AnnotationView) -> None:
    links.go("tuning", view="annotations", row=str(row.id))


def _read(wanted: AnnotationFilter, most: int) -> list[AnnotationView]:
    with guard.ai_work() as (ai, actor):
        return list_annotations(ai, wanted, Window(most), actor=actor, count=False).items


def title(annotation: AnnotationView) -> str:
    """Return an annotation as one short line."""
    of = f"{annotation.prompt_version} · " if annotation.prompt_version else ""
    said = annotation.content or annotation.suggested_response or annotation.annotation_type
    return f"{of}{text.one_line(said)[:80]}"
