"""The filters of annotations, for their list and their export."""

from uuid import UUID

from core.annotations.charts import NAMES
from core.annotations.queries import tags
from core.annotations.schemas import (
    AnnotationFilter,
    AnnotationOrder,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
)
from core.database.db import Database, transaction
from pages._ui import guard
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters, Offers
from pages._ui.review.review_form import SEVERITIES
from pages.review.tuning.annotations import annotation_detail

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


def draw(reads: Reads) -> Filters:
    """Draw the filter bar of the list, and return what it selects."""
    return filter_bar.draw(PAGE, reads, FIRST, MORE, offers={**OFFERS, "tag": tags_offered()})


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
