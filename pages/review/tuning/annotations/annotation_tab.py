"""Annotations in a table, newest first."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.annotations.charts import NAMES
from core.annotations.queries import annotation_list, tags
from core.annotations.schemas import (
    AnnotationFilter,
    AnnotationOrder,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
)
from core.database.db import Database, transaction
from core.database.paging import Page, Window
from core.insights.queries.excerpts import Excerpt, read_excerpts
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, frame, guard, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters, Offers
from pages._ui.review import (
    annotation_card,
    annotation_edit,
)
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import Sorting, TableColumn
from pages.review.tuning.annotations import annotation_detail

SHOWN, LONGEST_MESSAGE = 25, 120
PAGE = "annotations"
FIRST, MORE = (
    ("status", "type", "author"),
    ("sort", "severity", "tag", "environment", "prompt_version", "experiment_arm"),
)
OFFERS: Offers = {
    "status": {str(key): said for key, said in annotation_detail.STATUSES.items()},
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
    # The API knows accounts, and no `me`
    mine = {"author": str(reads.actor.id)} if chosen["author"] == "me" else {}
    header.finish(reads, chosen, csv="ai/tuning/annotations", **mine)


@errors.part("Annotations")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    order = chosen.one_of(AnnotationOrder, "sort") or AnnotationOrder.NEWEST_FIRST
    page = read(annotation_filter(chosen, reads.actor.id), order, tables.window(at, SHOWN))
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
