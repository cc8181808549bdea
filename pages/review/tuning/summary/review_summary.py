"""Summary of reviews: totals, agreement, disagreements and pace."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.annotations import charts as annotation_charts
from core.annotations.agreement import Agreement, Disagreement
from core.annotations.charts import COUNTED, NAMES
from core.annotations.queries import summary
from core.annotations.schemas import AnnotationFilter
from core.annotations.views import (
    NONE,
    UNDISCLOSED,
    AnnotationShare,
    DisputedMessage,
    ModelAgreement,
    ReviewSummary,
)
from core.identity.permissions import Permission, may
from core.insights.queries.excerpts import Excerpt, read_excerpts
from core.presentation import formatting
from core.presentation.periods import DAY, Period, in_address
from pages._ui import charts, columns, errors, frame, guard, links, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_bar
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import TableColumn
from pages.review.tuning.annotations.annotation_tab import STATUSES

PAGE = "review-summary"
NAMELESS = {"": "Unknown"}
MOST_ROWS = 8
LINE = 200  # characters of a disputed message
SEVERITY_NAMES = {str(each): name for each, name in SEVERITIES.items()} | {
    NONE: "No severity",
    UNDISCLOSED: COUNTED[UNDISCLOSED],
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

    with watch.panel("Annotations", "by day and type · click a day to list them"):
        charts.show(
            annotation_charts.by_type(charts.palette(), found.over_time, period),
            f"{PAGE}.over_time",
            on_pick=look,
        )
    draw_shares(found)
    draw_disagreement(found)
    if found.disputed:
        draw_disputed(found.disputed, period, may_read=may_read)


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
            f"{pace.per_day or 0:,.0f} per day over {formatting.count(pace.days, 'day')}",
        ),
        ("Median time per review", median, "breaks over 30 min excluded"),
        (
            "Agreement (Krippendorff's α)",
            _figure(found.agreement.alpha),
            words_of_alpha(found.agreement),
        ),
        (
            "Raw agreement",
            formatting.share(found.agreement.unanimous),
            words_of_unanimous(found.agreement),
        ),
        (
            "Severity agreement (α)",
            _figure(found.severity_agreement.alpha),
            words_of_alpha(found.severity_agreement),
        ),
    )
    grid = st.grid(3, min_column_width=220, gap="small")
    for label, value, note in figures:
        with grid.cell(), st.container(border=True, height="stretch", gap=None):
            st.metric(label, value)
            st.caption(note)
    st.caption(f"Krippendorff's α: {SCALE}")


def words_of_alpha(found: Agreement) -> str:
    """Return the interval and size of an agreement in words."""
    if not found.units:
        return "no messages with two or more reviews"
    unit = " (95% interval)" if found.alpha_low is not None else ""
    return (
        f"{_interval(found)}{unit} · {formatting.count(found.units, 'message')} with two or "
        "more reviews"
    )


def words_of_unanimous(found: Agreement) -> str:
    """Return the interval and size of raw agreement in words."""
    if found.unanimous_low is None or found.unanimous_high is None:
        return f"{formatting.count(found.units, 'message')} · not enough for an interval"
    interval = (
        f"{formatting.share(found.unanimous_low)} to "
        f"{formatting.share(found.unanimous_high)} (95% interval)"
    )
    return f"{interval} · {formatting.count(found.units, 'message')} with two or more reviews"


def draw_shares(found: ReviewSummary) -> None:
    """Draw totals by type, severity, status, tag, model, prompt version and arm."""
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
        with grid.cell(), watch.panel(title):
            if not shares:
                st.caption("None.")
                continue
            shown: Sequence[TableColumn[AnnotationShare]] = [
                columns.text(label, partial(_name_of, said)),
                columns.number("Annotations", lambda each: each.count, width=90),
            ]
            alt = f"Annotations {title.lower()}, most frequent first."
            tables.draw(shares, shown, alt, key=f"{PAGE}.{label}", most=MOST_ROWS)


def _name_of(said: Mapping[str, str], each: AnnotationShare) -> str:
    return said.get(each.value, each.value)


def draw_disagreement(found: ReviewSummary) -> None:
    """Draw the pairs of types that differ, and agreement by model."""
    with watch.panel("Disagreements", "pairs of annotations on the same message"):
        if not found.disagreements:
            st.caption("No disagreements among messages with two reviews.")
            return
        pairs: Sequence[TableColumn[Disagreement]] = [
            columns.text("Reviewer A", lambda row: NAMES[row.one]),
            columns.text("Reviewer B", lambda row: NAMES[row.other]),
            columns.number("Pairs", lambda row: row.pairs),
            columns.text("Share", lambda row: formatting.share(row.share)),
        ]
        alt = "Pairs of annotations that differ on the same message."
        tables.draw(found.disagreements, pairs, alt, key=f"{PAGE}.pairs")
    with watch.panel("By model", "lowest agreement first"):
        models: Sequence[TableColumn[ModelAgreement]] = [
            columns.text("Model", lambda row: row.model or "Unknown"),
            columns.text("Raw agreement", lambda row: formatting.share(row.agreement.unanimous)),
            columns.text("Agreement (α)", lambda row: _figure(row.agreement.alpha)),
            columns.text("95% interval", lambda row: _interval(row.agreement)),
            columns.number("Messages", lambda row: row.agreement.units),
        ]
        alt = "Reviewer agreement by model."
        tables.draw(found.by_model_agreement, models, alt, key=f"{PAGE}.models", most=MOST_ROWS)


def draw_disputed(found: Sequence[DisputedMessage], period: Period, *, may_read: bool) -> None:
    """Draw disputed messages; with their text and a way to open one if the account may read it."""
    begins = _read_beginnings(found) if may_read else {}
    message: TableColumn[DisputedMessage] = columns.text(
        "Message",
        lambda row: text.upright(each.short) if (each := begins.get(row.message_id)) else None,
        width=380,
    )
    shown: Sequence[TableColumn[DisputedMessage]] = [
        *([message] if may_read else []),
        columns.text(
            "Annotations",
            lambda row: ", ".join(f"{NAMES[kind]} {count}" for kind, count in row.said.items()),
        ),
        columns.text("Model", lambda row: row.model or "Unknown"),
        columns.text("Adjudicated", lambda row: "Yes" if row.is_decided else "Not yet"),
        columns.text("Last annotation", lambda row: formatting.moment(row.at, period.zone)),
    ]

    def open_(row: DisputedMessage) -> None:
        st.query_params.from_dict(
            {"conversation": str(row.conversation_id), "message": str(row.message_id)}
        )

    with watch.panel(
        "Messages", "most disputed first" + (" · click a row to open it" if may_read else "")
    ):
        alt = "Messages with disagreements."
        tables.draw(found, shown, alt, key=f"{PAGE}.disputed", on_open=open_ if may_read else None)


def _read_beginnings(found: Sequence[DisputedMessage]) -> dict[UUID, Excerpt]:
    ids = [each.message_id for each in found]
    with guard.work() as (core, actor):
        return read_excerpts(core, ids, longest=LINE, actor=actor)


def _interval(found: Agreement) -> str:
    if found.alpha is None:
        return "all reviewers agree"
    if found.alpha_low is None or found.alpha_high is None:
        return "not enough for an interval"
    return f"{found.alpha_low:.2f} to {found.alpha_high:.2f}"


def _figure(value: float | None) -> str:
    return formatting.NOTHING if value is None else f"{value:.2f}"
