"""Summary of reviews: totals, shares and pace."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.annotations import charts as annotation_charts
from core.annotations.charts import COUNTED
from core.annotations.queries import summary
from core.annotations.schemas import AnnotationFilter
from core.annotations.views import (
    NONE,
    UNDISCLOSED,
    AnnotationShare,
    ReviewSummary,
)
from core.identity.permissions import Permission, may
from core.presentation import formatting
from core.presentation.periods import DAY, Period, in_address
from pages._ui import charts, columns, errors, frame, guard, links, tables, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_bar, filter_state
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import TableColumn
from pages.review.tuning.annotations.annotation_detail import STATUSES
from pages.review.tuning.summary import disagreements

PAGE = "review-summary"
NAMELESS = {"": "Unknown"}
MOST_ROWS = 8
SEVERITY_NAMES = {str(each): name for each, name in SEVERITIES.items()} | {
    NONE: "No severity",
    UNDISCLOSED: COUNTED[UNDISCLOSED],
}
# The filters of the annotations' list, by the tables of their totals
FILTERS = {
    "Type": "type",
    "Severity": "severity",
    "Status": "status",
    "Tag": "tag",
    "Prompt version": "prompt_version",
    "Experiment arm": "experiment_arm",
}
STATUS_NAMES = {str(each): name for each, name in STATUSES.items()}
SCALE = "1 = perfect agreement, 0 = chance. 0.8 or higher is reliable; 0.67–0.8 is tentative."


def summary_tab(reads: Reads, header: watch.Header) -> None:
    chosen = filter_bar.draw(PAGE, reads, ("environment",))
    with errors.InWords("Summary"):
        found = read(AnnotationFilter(environment=chosen.watched.environment), chosen.period)
        draw(
            found,
            chosen.period,
            chosen.watched.environment,
            may_read=may(reads.actor, Permission.READ_CONTENTS),
        )
    header.finish(reads, chosen)


def read(filters: AnnotationFilter, period: Period) -> ReviewSummary:
    """Read the figures uncached, because a reviewer sees only their own."""
    with guard.ai_work() as (ai, actor):
        return summary.summarize(ai, filters, period, actor=actor)


def draw(found: ReviewSummary, period: Period, environment: str, *, may_read: bool) -> None:
    if found.is_own:
        st.caption("Your annotations, and how often others agree with you.")
    if not found.annotations:
        frame.empty_state(
            "rate_review",
            "No annotations in this period",
            "Create annotations in the queue or on a message.",
        )
        return
    draw_figures(found)

    def look(point: Point) -> None:
        start = point.moment(period.zone)
        links.go(
            "tuning",
            view="annotations",
            start=in_address(start),
            end=in_address(start + DAY),
            environment=environment,
        )

    note = "by day and type" + (" · click a day to list them" if may_read else "")
    with watch.panel("Annotations", note):
        charts.show(
            annotation_charts.by_type(charts.palette(), found.over_time, period),
            f"{PAGE}.over_time",
            on_pick=look if may_read else None,
        )
    draw_shares(found, environment, may_read=may_read)
    disagreements.draw(found)
    if found.disputed:
        disagreements.draw_disputed(found.disputed, period, may_read=may_read)


def draw_figures(found: ReviewSummary) -> None:
    pace = found.pace
    seconds = pace.median_seconds
    median = formatting.NOTHING if seconds is None else formatting.duration(round(seconds * 1000))
    figures = (
        (
            "Annotations",
            f"{found.annotations:,}",
            f"on {formatting.count(found.messages, 'message')}",
        ),
        (
            "Reviewers",
            f"{found.reviewers:,}",
            f"{formatting.count(round(pace.per_day or 0), 'annotation')} per day over "
            f"{formatting.count(pace.days, 'day')} with reviews",
        ),
        ("Median time per review", median, "breaks over 30 min excluded"),
        (
            "Agreement (Krippendorff's α)",
            disagreements.figure(found.agreement.alpha),
            disagreements.words_of_alpha(found.agreement),
        ),
        (
            "Raw agreement",
            formatting.share(found.agreement.unanimous),
            disagreements.words_of_unanimous(found.agreement),
        ),
        (
            "Severity agreement (α)",
            disagreements.figure(found.severity_agreement.alpha),
            disagreements.words_of_alpha(found.severity_agreement),
        ),
    )
    grid = st.grid(3, min_column_width=220, gap="small")
    for label, value, note in figures:
        with grid.cell(), st.container(border=True, height="stretch", gap=None):
            st.metric(label, value)
            st.caption(note)
    st.caption(f"Krippendorff's α: {SCALE}")


def draw_shares(found: ReviewSummary, environment: str, *, may_read: bool) -> None:
    """Draw totals by type, severity, status, tag, model, prompt version and arm; those that the
    list of annotations can be filtered by lead there.
    """
    parts: Sequence[tuple[str, str, list[AnnotationShare], dict[str, str]]] = (
        ("By type", "Type", found.by_type, COUNTED),
        ("By severity", "Severity", found.by_severity, SEVERITY_NAMES),
        ("By status", "Status", found.by_status, STATUS_NAMES),
        ("By tag", "Tag", found.by_tag, {}),
        ("By model", "Model", found.by_model, NAMELESS),
        ("By prompt version", "Prompt version", found.by_prompt_version, NAMELESS),
        ("By experiment arm", "Experiment arm", found.by_experiment_arm, NAMELESS),
    )
    if not any(each.value for each in found.by_experiment_arm):
        parts = parts[:-1]
    grid = st.grid(3, min_column_width=260, gap="medium")
    for title, label, shares, said in parts:
        leads = may_read and label in FILTERS
        with grid.cell(), watch.panel(title, "click a row to list" if leads and shares else ""):
            if not shares:
                st.caption("None.")
                continue
            shown: Sequence[TableColumn[AnnotationShare]] = [
                columns.text(label, partial(_name_of, said)),
                columns.number("Annotations", lambda each: each.count, width=90),
            ]
            alt = f"Annotations {title.lower()}, most frequent first."
            tables.draw(
                shares,
                shown,
                alt,
                key=f"{PAGE}.{label}",
                most=MOST_ROWS,
                on_open=partial(_list, FILTERS[label], environment) if leads else None,
            )


def _list(name: str, environment: str, each: AnnotationShare) -> None:
    """Lead to the annotations of a value, from a callback; no filter finds those without one."""
    if each.value not in ("", NONE, UNDISCLOSED):
        period = filter_state.shared() | {"environment": environment}
        links.go("tuning", view="annotations", **period, **{name: each.value})


def _name_of(said: Mapping[str, str], each: AnnotationShare) -> str:
    return said.get(each.value, each.value)
