"""Annotations, newest first; those who decide reviews change their status."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.annotations.charts import NAMES
from core.annotations.queries import annotation_list, tags
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationOrder,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
)
from core.annotations.service import annotations
from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.schemas import MessageSpeaker
from core.database.db import Database, transaction
from core.database.paging import Page, Window
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.chains.chain_views import ChainKind
from core.playground.replay_schemas import NewReplay
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, frame, guard, state, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters, Offers
from pages._ui.review import (
    annotation_card,
    annotation_edit,
    case_button,
    message_context,
    message_list,
    replay_button,
)
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import Sorting, TableColumn
from pages._ui.versions import chain_line
from pages.review.tuning.annotations import annotation_document

SHOWN, AROUND = 25, 3
STATUSES: dict[AnnotationStatus, str] = {
    AnnotationStatus.PENDING: "Pending",
    AnnotationStatus.REVIEWED: "Reviewed",
    AnnotationStatus.APPLIED: "Applied",
}
NEXT_STATUSES: dict[AnnotationStatus, tuple[AnnotationStatus, ...]] = {
    AnnotationStatus.PENDING: (AnnotationStatus.REVIEWED,),
    AnnotationStatus.REVIEWED: (AnnotationStatus.APPLIED, AnnotationStatus.PENDING),
    AnnotationStatus.APPLIED: (AnnotationStatus.PENDING,),
}
PAGE = "annotations"
FIRST, MORE = (
    ("status", "type", "author"),
    ("sort", "severity", "tag", "environment", "prompt_version", "experiment_arm"),
)
OFFERS: Offers = {
    "status": {str(key): said for key, said in STATUSES.items()},
    "type": {str(key): said for key, said in NAMES.items()},
    "severity": {str(key): said for key, said in SEVERITIES.items()},
    "author": {"me": "Me"},
    "sort": {
        "": "Created: newest",
        AnnotationOrder.OLDEST_FIRST: "Created: oldest",
        AnnotationOrder.MOST_SEVERE: "Severity: highest",
        AnnotationOrder.LEAST_SEVERE: "Severity: lowest",
        AnnotationOrder.PENDING_FIRST: "Status: pending first",
        AnnotationOrder.APPLIED_FIRST: "Status: applied first",
        AnnotationOrder.AUTHOR: "Author: A to Z",
        AnnotationOrder.AUTHOR_BACKWARDS: "Author: Z to A",
    },
}
TYPE_COLOURS = dict(zip(NAMES.values(), ("blue", "blue", "orange", "green"), strict=True))
STATUS_COLOURS = {"Pending": "gray", "Reviewed": "blue", "Applied": "green"}


def draw(reads: Reads, header: watch.Header) -> None:
    chosen = filter_bar.draw(PAGE, reads, FIRST, MORE, offers={**OFFERS, "tag": tags_offered()})
    _draw_list(reads, chosen)
    mine = {"author": str(reads.actor.id)} if chosen["author"] == "me" else {}
    header.finish(reads, chosen, csv="ai/tuning/annotations", **mine)


@errors.part("Annotations")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    order = chosen.one_of(AnnotationOrder, "sort") or AnnotationOrder.NEWEST_FIRST
    page = read(annotation_filter(chosen, reads.actor.id), order, tables.window(at, SHOWN))
    zone = chosen.period.zone
    if page.items:
        st.caption(
            f"{formatting.count(page.total_count, 'annotation')} · click a row for details, "
            "a header to sort"
        )
        tables.draw_page(
            page,
            _columns(zone),
            "annotation",
            name="annotations",
            at=at,
            on_open=dialogs.open_row,
            sorting=Sorting(order, sort),
        )
    else:
        _draw_nothing(chosen)
    dialogs.draw_opened(
        page.items,
        "Annotation",
        partial(_draw_chosen, zone, reads.actor),
        read_one,
        has_steps=not annotation_edit.is_any_open(),
    )


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != AnnotationOrder.NEWEST_FIRST else "")


def read(filters: AnnotationFilter, order: AnnotationOrder, window: Window) -> Page[AnnotationView]:
    with guard.ai_work() as (ai, actor):
        return annotation_list.list_annotations(ai, filters, window, order=order, actor=actor)


def read_one(id_: str) -> AnnotationView:
    """Read an annotation; raise NotFound."""
    with guard.ai_work() as (ai, actor):
        return annotation_list.get_annotation(ai, dialogs.id_of(id_), actor=actor)


def annotation_filter(chosen: Filters, me: UUID) -> AnnotationFilter:
    return AnnotationFilter(
        status=chosen.one_of(AnnotationStatus, "status"),
        type=chosen.one_of(AnnotationType, "type"),
        severity=chosen.one_of(AnnotationSeverity, "severity"),
        author=me if chosen["author"] == "me" else None,
        tag=chosen["tag"],
        environment=chosen.watched.environment,
        prompt_version=chosen["prompt_version"],
        experiment_arm=chosen["experiment_arm"],
        start=chosen.period.start,
        end=chosen.period.end,
    )


def tags_offered() -> dict[str, str]:
    """Return the tags of the filter with their labels."""
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        return {each.tag: each.tag for each in tags.list_tags(core, ai, actor=actor)}


def text_of(one: AnnotationView) -> str:
    """Return the review round in words."""
    return "Adjudicated" if one.round > 2 else f"Review {one.round}"


def _draw_chosen(zone: str, actor: Actor, chosen: AnnotationView) -> None:
    with st.container(key=f"annotation-{chosen.id}"):
        if annotation_edit.is_open(chosen):
            annotation_edit.draw(chosen)
        else:
            _draw_one(chosen, zone, actor)
    annotation_card.draw_history(chosen, zone)


def _draw_one(chosen: AnnotationView, zone: str, actor: Actor) -> None:
    original = _draw_message(chosen, zone)
    st.caption(text_of(chosen))
    annotation_card.draw(chosen, zone, original=original)
    chain_line.draw(ChainKind.ANNOTATION, chosen.id)
    _draw_actions(
        chosen,
        actor,
        is_mine=annotation_edit.may_edit(chosen, actor),
        decides=may(actor, Permission.DECIDE_REVIEWS),
    )
    annotation_document.draw(chosen, may_propose=may(actor, Permission.ANNOTATE))


def _draw_message(one: AnnotationView, zone: str) -> str | None:
    """Draw the annotated message between its neighbours, and return its whole text."""
    try:
        found = message_context.read(one.conversation_id, one.message_id, messages=AROUND)
    except (ConversationMissing, MessageMissing) as missing:
        st.caption(missing.detail)
        return None
    message_list.draw(found.messages, zone, focus=str(one.message_id), sees_costs=False)
    about = next((each for each in found.messages if each.id == one.message_id), None)
    return about.content if about is not None and not about.is_cut else None


def _draw_nothing(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "annotations", chosen)
    else:
        body = "Annotations appear here as reviewers work through the queue. Try a longer period."
        frame.empty_state("rate_review", "No annotations in this period", body)


def _draw_actions(one: AnnotationView, actor: Actor, *, is_mine: bool, decides: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for status in NEXT_STATUSES[one.status] if decides else ():
            st.button(
                f"Mark as {STATUSES[status].lower()}",
                key=f"annotation.{status}",
                type="tertiary" if status is AnnotationStatus.PENDING else "secondary",
                on_click=move,
                args=(one.id, status),
            )
        st.button(
            "Open conversation",
            key="annotation.open",
            icon=":material/forum:",
            type="tertiary",
            on_click=open_,
            args=(str(one.conversation_id), str(one.message_id)),
        )
        if one.message_role is MessageSpeaker.ASSISTANT:
            replay_button.draw(NewReplay(annotation_id=one.id), actor, key=str(one.id))
        case_button.draw(one.id, actor)
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
                    "The deletion is recorded in the audit log. Admins can still read its "
                    "history through the API."
                )
                st.button(
                    "Delete annotation", key="annotation.delete", on_click=delete, args=(one.id,)
                )


@errors.action
def move(id_: UUID, status: AnnotationStatus) -> None:
    with guard.ai_work() as (ai, actor):
        annotations.change(ai, id_, AnnotationChangeBody(status=status), actor=actor)
    state.toast(f"Marked as {STATUSES[status].lower()}")


@errors.action
def delete(id_: UUID) -> None:
    with guard.ai_work() as (ai, actor):
        annotations.remove(ai, id_, actor=actor)
    dialogs.close()
    state.toast("Annotation deleted")


def open_(conversation: str, message: str) -> None:
    """Open a message in its conversation, from a callback."""
    st.query_params.from_dict(
        {"view": "annotations", "conversation": conversation, "message": message}
    )


def _columns(zone: str) -> Sequence[TableColumn[AnnotationView]]:
    return [
        columns.moment(
            "Created",
            lambda row: row.created_at,
            zone,
            orders={AnnotationOrder.NEWEST_FIRST: "↓", AnnotationOrder.OLDEST_FIRST: "↑"},
        ),
        columns.chip("Type", lambda row: NAMES[row.annotation_type], TYPE_COLOURS, width=110),
        columns.text(
            "Severity",
            lambda row: SEVERITIES[row.severity] if row.severity else None,
            width=90,
            orders={AnnotationOrder.MOST_SEVERE: "↓", AnnotationOrder.LEAST_SEVERE: "↑"},
        ),
        columns.text("Comment", annotation_card.summary, width=250),
        columns.tags("Tags", lambda row: row.tags, width=130),
        columns.chip(
            "Status",
            lambda row: STATUSES[row.status],
            STATUS_COLOURS,
            orders={AnnotationOrder.PENDING_FIRST: "↑", AnnotationOrder.APPLIED_FIRST: "↓"},
        ),
        columns.text(
            "Author",
            lambda row: row.author_name,
            width=140,
            orders={AnnotationOrder.AUTHOR: "↑", AnnotationOrder.AUTHOR_BACKWARDS: "↓"},
        ),
        columns.text("Model", lambda row: row.model, width=140),
        columns.text("Prompt", lambda row: row.prompt_version, width=130, is_optional=True),
        columns.text("Arm", lambda row: row.experiment_arm, width=110, is_optional=True),
    ]
