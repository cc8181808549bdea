"""Annotations: what reviewers have said, the newest first; who decides takes them from pending to reviewed to applied."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import pandas as pd
import streamlit as st

from core import words
from core.annotations import annotations
from core.annotations.charts import NAMES
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
    Severity,
)
from core.db import Database, transaction
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.paging import Page, Window
from core.system import workspace
from pages._ui import annotation_card, annotation_document, annotation_edit, errors, frame, guard, state, tables, user_list, watch
from pages._ui.cache import Reads
from pages._ui.review_form import SEVERITIES

SHOWN = user_list.SHOWN
STATUSES: dict[AnnotationStatus, str] = {
    AnnotationStatus.PENDING: "Pending",
    AnnotationStatus.REVIEWED: "Reviewed",
    AnnotationStatus.APPLIED: "Applied",
}
CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "status": ("Any status", {str(key): said for key, said in STATUSES.items()}),
    "type": ("Any type", {str(key): said for key, said in NAMES.items()}),
    "severity": ("Any severity", {str(key): said for key, said in SEVERITIES.items()}),
    "author": ("By anybody", {"me": "By me"}),
}
FILTERED = (*CHOICES, "tag")
column = st.column_config
COLUMNS = {
    "At": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "Type": column.MultiselectColumn(options=list(NAMES.values()), color=["blue", "blue", "orange", "green"], width=110),
    "Severity": column.TextColumn(width=90),
    "Comment": column.TextColumn(width=250),
    "Tags": column.ListColumn(width=130),
    "Status": column.MultiselectColumn(options=list(STATUSES.values()), color=["gray", "blue", "green"], width=100),
    "By": column.TextColumn(width=140),
    "Model": column.TextColumn(width=140),
}


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the filters, the annotations that they match, and the one that is selected."""
    _take_over()
    _draw_filters()
    number = state.get(_page_key(), 1)
    page = read(wanted(reads.actor.id), Window(SHOWN, (number - 1) * SHOWN))
    zone = workspace.zone()
    header.caption.caption(f"{header.about} · {words.count(page.total_count, 'annotation')} · {zone}")
    if not page.items:
        _draw_nothing()
        return
    picked = tables.choose(
        _table(page.items, zone), words.count(len(page.items), "annotation"), key=f"{_page_key()}.{number}", columns=COLUMNS
    )
    tables.draw_pages(page.total_count, SHOWN, _page_key().removesuffix(".page"))
    if picked is None:
        st.caption("Select one to read it.")
        return
    chosen = page.items[picked]
    with watch.panel("The annotation", text_of(chosen)), st.container(border=True, key=f"annotation-{chosen.id}"):
        if annotation_edit.is_open(chosen):
            annotation_edit.draw(chosen)
        else:
            _draw_one(chosen, zone, reads.actor)
    annotation_card.draw_history(chosen, zone)


def read(asked: AnnotationFilter, window: Window) -> Page[AnnotationView]:
    """Read a page of annotations."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        return annotations.list_annotations(ai, asked, window, actor=actor)


def wanted(me: UUID) -> AnnotationFilter:
    """Return which annotations the address wants; what it says and we do not know is no filter."""
    given = {name: _value(name) for name in FILTERED}
    return AnnotationFilter(
        status=AnnotationStatus(given["status"]) if given["status"] in set(AnnotationStatus) else None,
        type=AnnotationType(given["type"]) if given["type"] in set(AnnotationType) else None,
        severity=Severity(given["severity"]) if given["severity"] in set(Severity) else None,
        author=me if given["author"] == "me" else None,
        tag=given["tag"].strip().lower() or None,
    )


def text_of(one: AnnotationView) -> str:
    """Return in grey beside the heading where it stands."""
    return "decided between reviewers" if one.round > 2 else f"review {one.round}"


def _draw_one(chosen: AnnotationView, zone: str, actor: Actor) -> None:
    annotation_card.draw(chosen, zone, original=None)
    _draw_actions(chosen, is_mine=annotation_edit.may_edit(chosen, actor), decides=may(actor, Permission.DECIDE_REVIEWS))
    annotation_document.draw(chosen, may_propose=may(actor, Permission.ANNOTATE))


def _draw_filters() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters-annotations"):
        for name, (_, said) in CHOICES.items():
            st.selectbox(
                name.capitalize(),
                ["", *said],
                key=_key(name),
                format_func=partial(_say, name),
                label_visibility="collapsed",
                width=168,
                on_change=_write,
            )
        st.text_input("Tag", key=_key("tag"), placeholder="Tag", label_visibility="collapsed", width=168, on_change=_write)
        if any(_value(name) for name in FILTERED):
            st.button("Clear filters", type="tertiary", key=_key("clear"), on_click=_clear)


def _say(name: str, value: str) -> str:
    every, said = CHOICES[name]
    return said.get(value, value) if value else every


def _draw_nothing() -> None:
    if any(_value(name) for name in FILTERED):
        frame.empty_state("filter_alt_off", "No annotations match", "Other filters, or none, may show some.")
    else:
        frame.empty_state(
            "rate_review", "No annotations yet", "They appear here once a reviewer has said something of a message."
        )


def _draw_actions(one: AnnotationView, *, is_mine: bool, decides: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if decides and one.status is AnnotationStatus.PENDING:
            st.button("Mark as reviewed", key="annotation.reviewed", on_click=move, args=(one.id, AnnotationStatus.REVIEWED))
        if decides and one.status is AnnotationStatus.REVIEWED:
            st.button("Mark as applied", key="annotation.applied", on_click=move, args=(one.id, AnnotationStatus.APPLIED))
        if decides and one.status is not AnnotationStatus.PENDING:
            st.button(
                "Back to pending",
                key="annotation.pending",
                type="tertiary",
                on_click=move,
                args=(one.id, AnnotationStatus.PENDING),
            )
        st.button(
            "Its conversation",
            key="annotation.open",
            icon=":material/forum:",
            type="tertiary",
            on_click=open_,
            args=(str(one.conversation_id), str(one.message_id)),
        )
        if is_mine:
            st.button(
                "Edit",
                key="annotation.edit",
                icon=":material/edit:",
                type="tertiary",
                on_click=annotation_edit.begin,
                args=(one,),
            )
            with st.popover("Delete", icon=":material/delete:", type="tertiary"):
                st.caption(
                    "The audit log keeps that it was deleted; its history, which admins can read over the API, what it said."
                )
                st.button("Delete this annotation", key="annotation.delete", on_click=delete, args=(one.id,))


@errors.action
def move(id_: UUID, status: AnnotationStatus) -> None:
    """Take an annotation to another status."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        annotations.change(ai, id_, AnnotationChangeBody(status=status), actor=actor)
    state.toast(f"Marked as {STATUSES[status].lower()}")


@errors.action
def delete(id_: UUID) -> None:
    """Delete an annotation."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        annotations.remove(ai, id_, actor=actor)
    state.toast("Deleted")


def open_(conversation: str, message: str) -> None:
    """Go to a message in its conversation, from a callback."""
    st.query_params.from_dict({"view": "annotations", "conversation": conversation, "message": message})


def _table(rows: Sequence[AnnotationView], zone: str) -> pd.DataFrame:
    at: list[datetime | None] = [row.created_at for row in rows]
    return pd.DataFrame(
        {
            "At": user_list.times(at, zone),
            "Type": [[NAMES[row.annotation_type]] for row in rows],
            "Severity": [SEVERITIES[row.severity] if row.severity else None for row in rows],
            "Comment": [annotation_card.summary(row) for row in rows],
            "Tags": [row.tags for row in rows],
            "Status": [[STATUSES[row.status]] for row in rows],
            "By": [row.author_name for row in rows],
            "Model": [row.model or None for row in rows],
        }
    )


def _take_over() -> None:
    """Make the filters those of the address when it is another than the one that was written last."""
    given = {name: st.query_params.get(name, "") for name in FILTERED}
    before: dict[str, str] | None = state.get(_key("address"), None)
    if before != given or any(_key(name) not in st.session_state for name in FILTERED):
        for name, value in given.items():
            known = name == "tag" or value in CHOICES[name][1]
            state.put(_key(name), value if known else "")
        state.put(_key("address"), given)


def _write() -> None:
    kept = {name: _value(name) for name in FILTERED}
    st.query_params.from_dict({"view": "annotations", **{name: value for name, value in kept.items() if value}})
    state.put(_key("address"), kept)


def _clear() -> None:
    for name in FILTERED:
        state.put(_key(name), "")
    _write()


def _value(name: str) -> str:
    found: str | None = state.get(_key(name), "")
    return found or ""


def _key(name: str) -> str:
    return f"annotations.{name}"


def _page_key() -> str:
    return f"annotations.{hash(tuple(_value(name) for name in FILTERED))}.page"
