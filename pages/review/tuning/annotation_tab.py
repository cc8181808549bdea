"""Annotations: what reviewers have said, the newest first; who decides takes them from pending to reviewed to applied."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pandas as pd
import streamlit as st

from core.annotations import annotations, tags
from core.annotations.charts import NAMES
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
)
from core.database.db import Database, transaction
from core.database.paging import Page, Window
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.presentation import words
from pages._ui import errors, filters, frame, guard, state, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import annotation_card, annotation_edit, user_list
from pages._ui.lists.review_form import SEVERITIES
from pages.review.tuning import annotation_document

SHOWN = user_list.SHOWN
STATUSES: dict[AnnotationStatus, str] = {
    AnnotationStatus.PENDING: "Pending",
    AnnotationStatus.REVIEWED: "Reviewed",
    AnnotationStatus.APPLIED: "Applied",
}
PAGE = "annotations"
FIRST, MORE = ("status", "type", "author"), ("severity", "tag", "environment")
OFFERS: filters.Offers = {
    "status": {str(key): said for key, said in STATUSES.items()},
    "type": {str(key): said for key, said in NAMES.items()},
    "severity": {str(key): said for key, said in SEVERITIES.items()},
    "author": {"me": "Me"},
}
column = st.column_config
COLUMNS = {
    "Created": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "Type": column.MultiselectColumn(options=list(NAMES.values()), color=["blue", "blue", "orange", "green"], width=110),
    "Severity": column.TextColumn(width=90),
    "Comment": column.TextColumn(width=250),
    "Tags": column.ListColumn(width=130),
    "Status": column.MultiselectColumn(options=list(STATUSES.values()), color=["gray", "blue", "green"], width=100),
    "Author": column.TextColumn(width=140),
    "Model": column.TextColumn(width=140),
}


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the filters, the annotations that they match, and the one that is selected."""
    chosen = filters.bar(PAGE, reads, FIRST, MORE, offers={**OFFERS, "tag": tags_offered()})
    _draw_list(reads, chosen)
    mine = {"author": str(reads.actor.id)} if chosen["author"] == "me" else {}
    header.finish(reads, chosen, csv="ai/tuning/annotations", **mine)


@errors.part("Annotations")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    number = state.get(f"{at}.page", 1)
    page = read(wanted(chosen, reads.actor.id), Window(SHOWN, (number - 1) * SHOWN))
    if not page.items:
        _draw_nothing(chosen)
        return
    zone = chosen.period.zone
    st.caption(f"{words.count(page.total_count, 'annotation')} · select a row to open it")
    about = words.count(len(page.items), "annotation")
    picked = tables.choose(_table(page.items, zone), about, key=f"{at}.{number}", columns=COLUMNS)
    tables.draw_pages(page.total_count, SHOWN, at)
    if picked is not None:
        _draw_chosen(page.items[picked], zone, reads.actor)


def read(asked: AnnotationFilter, window: Window) -> Page[AnnotationView]:
    """Read a page of annotations."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        return annotations.list_annotations(ai, asked, window, actor=actor)


def wanted(chosen: Filters, me: UUID) -> AnnotationFilter:
    """Return which annotations the address wants; what it says and we do not know is no filter."""
    given = chosen.chosen
    return AnnotationFilter(
        status=AnnotationStatus(given["status"]) if given["status"] in set(AnnotationStatus) else None,
        type=AnnotationType(given["type"]) if given["type"] in set(AnnotationType) else None,
        severity=AnnotationSeverity(given["severity"]) if given["severity"] in set(AnnotationSeverity) else None,
        author=me if given["author"] == "me" else None,
        tag=chosen["tag"],
        environment=chosen.watched.environment,
        start=chosen.period.start,
        end=chosen.period.end,
    )


def tags_offered() -> dict[str, str]:
    """Return the tags that one may choose, as they are called."""
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        return {each.tag: each.tag for each in tags.list_tags(core, ai, actor=actor)}


def text_of(one: AnnotationView) -> str:
    """Return in grey beside the heading where it stands."""
    return "adjudicated" if one.round > 2 else f"review {one.round}"


def _draw_chosen(chosen: AnnotationView, zone: str, actor: Actor) -> None:
    with watch.panel("Annotation", text_of(chosen)), st.container(border=True, key=f"annotation-{chosen.id}"):
        if annotation_edit.is_open(chosen):
            annotation_edit.draw(chosen)
        else:
            _draw_one(chosen, zone, actor)
    annotation_card.draw_history(chosen, zone)


def _draw_one(chosen: AnnotationView, zone: str, actor: Actor) -> None:
    annotation_card.draw(chosen, zone, original=None)
    _draw_actions(chosen, is_mine=annotation_edit.may_edit(chosen, actor), decides=may(actor, Permission.DECIDE_REVIEWS))
    annotation_document.draw(chosen, may_propose=may(actor, Permission.ANNOTATE))


def _draw_nothing(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "annotations", chosen)
    else:
        body = "Annotations appear here as reviewers work through the queue. Try a longer period."
        frame.empty_state("rate_review", "No annotations in this period", body)


def _draw_actions(one: AnnotationView, *, is_mine: bool, decides: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if decides and one.status is AnnotationStatus.PENDING:
            st.button("Mark as reviewed", key="annotation.reviewed", on_click=move, args=(one.id, AnnotationStatus.REVIEWED))
        if decides and one.status is AnnotationStatus.REVIEWED:
            st.button("Mark as applied", key="annotation.applied", on_click=move, args=(one.id, AnnotationStatus.APPLIED))
        if decides and one.status is not AnnotationStatus.PENDING:
            st.button(
                "Mark as pending",
                key="annotation.pending",
                type="tertiary",
                on_click=move,
                args=(one.id, AnnotationStatus.PENDING),
            )
        st.button(
            "Open conversation",
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
                st.caption("The deletion is recorded in the audit log. Admins can still read its history through the API.")
                st.button("Delete annotation", key="annotation.delete", on_click=delete, args=(one.id,))


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
    state.toast("Annotation deleted")


def open_(conversation: str, message: str) -> None:
    """Go to a message in its conversation, from a callback."""
    st.query_params.from_dict({"view": "annotations", "conversation": conversation, "message": message})


def _table(rows: Sequence[AnnotationView], zone: str) -> pd.DataFrame:
    at: list[datetime | None] = [row.created_at for row in rows]
    return pd.DataFrame(
        {
            "Created": user_list.times(at, zone),
            "Type": [[NAMES[row.annotation_type]] for row in rows],
            "Severity": [SEVERITIES[row.severity] if row.severity else None for row in rows],
            "Comment": [annotation_card.summary(row) for row in rows],
            "Tags": [row.tags for row in rows],
            "Status": [[STATUSES[row.status]] for row in rows],
            "Author": [row.author_name for row in rows],
            "Model": [row.model or None for row in rows],
        }
    )
