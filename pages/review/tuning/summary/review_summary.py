"""Summary of reviews: totals, shares and pace."""

import streamlit as st

from core.annotations import charts as annotation_charts
from core.annotations.queries import summary
from core.annotations.schemas import AnnotationFilter
from core.annotations.views import ReviewSummary
from core.identity.permissions import Permission, may
from core.presentation import formatting
from core.presentation.periods import DAY, Period, in_address
from pages._ui import charts, errors, frame, guard, links, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_bar
from pages.review.tuning.summary import annotation_shares, disagreements

PAGE = "review-summary"
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
    annotation_shares.draw(found, environment, may_read=may_read)
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
