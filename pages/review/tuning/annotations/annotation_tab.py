"""Annotations in a table, newest first."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.annotations.charts import NAMES
from core.annotations.queries import annotation_list
from core.annotations.schemas import AnnotationFilter, AnnotationOrder, AnnotationView
from core.database.paging import Page, Window
from core.insights.queries.excerpts import Excerpt, read_excerpts
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, frame, guard, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import annotation_card, annotation_edit
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import Sorting, TableColumn
from pages.review.tuning.annotations import annotation_detail, annotation_filters
from pages.review.tuning.annotations.annotation_filters import PAGE

SHOWN, LONGEST_MESSAGE = 25, 120
TYPE_COLOURS = dict(zip(NAMES.values(), ("blue", "blue", "orange", "green"), strict=True))
STATUS_COLOURS = {"Pending": "gray", "Reviewed": "blue", "Applied": "green"}


def draw(reads: Reads, header: watch.Header) -> None:
    chosen = annotation_filters.draw(reads)
    has_rows = _draw_list(reads, chosen)
    # The API knows accounts, and no `me`
    mine = {"author": str(reads.actor.id)} if chosen["author"] == "me" else {}
    header.finish(reads, chosen, csv="ai/tuning/annotations" if has_rows else None, **mine)


@errors.part("Annotations")
def _draw_list(reads: Reads, chosen: Filters) -> bool:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    order = chosen.one_of(AnnotationOrder, "sort") or AnnotationOrder.NEWEST_FIRST
    filters = annotation_filters.annotation_filter(chosen, reads.actor.id)
    page = read(filters, order, tables.window(at, SHOWN))
    zone = chosen.period.zone
    if page.total_count:
        st.caption(
            f"{formatting.count(page.total_count, 'annotation')} · click a row for details, "
            "a header to sort"
        )
        tables.draw_page(
            page,
            _columns(zone, _read_messages(page.items)),
            "annotation",
            name="annotations",
            at=at,
            on_open=dialogs.open_row,
            sorting=Sorting(order, sort),
        )
    else:
        _draw_nothing(chosen)
    # Without rows, too: the address may name one that the filters leave out
    dialogs.draw_opened(
        page.items,
        "Annotation",
        partial(annotation_detail.draw, zone, reads.actor),
        read_one,
        has_steps=not annotation_edit.is_open(st.query_params.get(dialogs.OPEN)),
    )
    return page.total_count > 0


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


def _draw_nothing(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "annotations", chosen)
    else:
        body = "Annotations appear here as reviewers work through the queue. Try a longer period."
        frame.empty_state("rate_review", "No annotations in this period", body)


def _read_messages(rows: Sequence[AnnotationView]) -> dict[UUID, Excerpt]:
    with guard.work() as (core, actor):
        ids = {row.message_id for row in rows}
        return read_excerpts(core, ids, longest=LONGEST_MESSAGE, actor=actor)


def _columns(zone: str, messages: Mapping[UUID, Excerpt]) -> Sequence[TableColumn[AnnotationView]]:
    return [
        columns.moment(
            "Created",
            lambda row: row.created_at,
            zone,
            orders={AnnotationOrder.NEWEST_FIRST: "↓", AnnotationOrder.OLDEST_FIRST: "↑"},
        ),
        columns.chip("Type", lambda row: NAMES[row.annotation_type], TYPE_COLOURS, width=110),
        columns.text(
            "Message",
            lambda row: text.one_line(it.short) if (it := messages.get(row.message_id)) else None,
            width=200,
        ),
        columns.text(
            "Severity",
            lambda row: SEVERITIES[row.severity] if row.severity else None,
            width=85,
            orders={AnnotationOrder.MOST_SEVERE: "↓", AnnotationOrder.LEAST_SEVERE: "↑"},
        ),
        # What the others leave of a table in a window of 1440 pixels, up to the model
        columns.text("Comment", annotation_card.summary, width=184),
        columns.tags("Tags", lambda row: row.tags, width=100),
        columns.chip(
            "Status",
            lambda row: annotation_detail.STATUSES[row.status],
            STATUS_COLOURS,
            width=90,
            orders={AnnotationOrder.PENDING_FIRST: "↑", AnnotationOrder.APPLIED_FIRST: "↓"},
        ),
        columns.text(
            "Author",
            lambda row: row.author_name,
            width=110,
            orders={AnnotationOrder.AUTHOR: "↑", AnnotationOrder.AUTHOR_BACKWARDS: "↓"},
        ),
        columns.text("Model", lambda row: row.model, width=124),
        columns.text("Prompt", lambda row: row.prompt_version, width=90, is_optional=True),
        columns.text("Arm", lambda row: row.experiment_arm, width=90, is_optional=True),
    ]
