"""The summary of reviews: of what kind they are, how far reviewers agree and where they do not, and the pace of all together."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.annotations import charts as annotation_charts
from core.annotations import summary
from core.annotations.agreement import Agreement
from core.annotations.charts import COUNTED, NAMES
from core.annotations.schemas import AnnotationFilter
from core.annotations.summary import NONE, UNDISCLOSED, Disputed, ReviewSummary, Share
from core.database.db import Database, transaction
from core.identity.permissions import Permission, may
from core.presentation import words
from core.presentation.periods import Period
from pages._ui import charts, errors, filters, frame, guard, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.lists.review_form import SEVERITIES
from pages.review.tuning.annotation_tab import STATUSES

PAGE = "review-summary"
NAMELESS = {"": "Unknown"}
MOST_ROWS = 8
SEVERITY_NAMES = {str(each): name for each, name in SEVERITIES.items()} | {NONE: "No severity", UNDISCLOSED: COUNTED[UNDISCLOSED]}
STATUS_NAMES = {str(each): name for each, name in STATUSES.items()}
COUNTS = {"Annotations": st.column_config.NumberColumn(format="localized")}
SCALE = "1 = perfect agreement, 0 = chance. 0.8 or higher is reliable; 0.67–0.8 is tentative."


def summary_tab(reads: Reads, header: watch.Header) -> None:
    """Draw the tab: the period, then everything that was said in it."""
    chosen = filters.bar(PAGE, reads, ("environment",))
    with errors.InWords("Summary"):
        found = read(AnnotationFilter(environment=chosen.watched.environment), chosen.period)
        draw(found, chosen.period, may_read=may(reads.actor, Permission.READ_CONTENTS))
    header.finish(reads, chosen)


def read(wanted: AnnotationFilter, period: Period) -> ReviewSummary:
    """Read the figures, never those that were kept for somebody else: a reviewer's are his own."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        return summary.summarise(ai, wanted, period, actor=actor)


def draw(found: ReviewSummary, period: Period, *, may_read: bool) -> None:
    """Draw the figures; where nobody has annotated anything, say so."""
    if found.is_own:
        st.caption("Your annotations, and how often others agree with you.")
    if not found.annotations:
        frame.empty_state("rate_review", "No annotations in this period", "Create annotations in the queue or on a message.")
        return
    draw_figures(found)
    with watch.panel("Annotations", "by day and type"):
        charts.show(annotation_charts.by_type(charts.palette(), found.over_time, period), f"{PAGE}.over_time")
    draw_shares(found)
    draw_disagreement(found)
    if found.disputed:
        draw_disputed(found.disputed, period, may_read=may_read)


def draw_figures(found: ReviewSummary) -> None:
    """Draw how much there is, how far reviewers agree, and the pace."""
    pace = found.pace
    figures = (
        ("Annotations", f"{found.annotations:,}", f"on {words.count(found.messages, 'message')}"),
        ("Reviewers", f"{found.reviewers:,}", f"{pace.per_day or 0:,.0f} per day over {words.count(pace.days, 'day')}"),
        ("Median time per review", _seconds(pace.median_seconds), "breaks over 30 min excluded"),
        ("Agreement (Krippendorff's α)", _figure(found.agreement.alpha), words_of_alpha(found.agreement)),
        ("Raw agreement", words.share(found.agreement.unanimous), words_of_unanimous(found.agreement)),
        ("Severity agreement (α)", _figure(found.severity_agreement.alpha), words_of_alpha(found.severity_agreement)),
    )
    grid = st.grid(3, min_column_width=220, gap="small")
    for label, value, note in figures:
        with grid.cell(), st.container(border=True, height="stretch", gap=None):
            st.metric(label, value)
            st.caption(note)
    st.caption(f"Krippendorff's α: {SCALE}")


def words_of_alpha(found: Agreement) -> str:
    """Return how sure an agreement is, in words; of too few, that."""
    if not found.units:
        return "no messages with two or more reviews"
    unit = " (95% interval)" if found.alpha_low is not None else ""
    return f"{_interval(found)}{unit} · {words.count(found.units, 'message')} with two or more reviews"


def words_of_unanimous(found: Agreement) -> str:
    """Return how sure the share is, in words."""
    if found.unanimous_low is None or found.unanimous_high is None:
        return f"{words.count(found.units, 'message')} · not enough for an interval"
    interval = f"{words.share(found.unanimous_low)} to {words.share(found.unanimous_high)} (95% interval)"
    return f"{interval} · {words.count(found.units, 'message')} with two or more reviews"


def draw_shares(found: ReviewSummary) -> None:
    """Draw what annotations are about, each as a small table."""
    parts: Sequence[tuple[str, str, list[Share], dict[str, str]]] = (
        ("By type", "Type", found.by_type, COUNTED),
        ("By severity", "Severity", found.by_severity, SEVERITY_NAMES),
        ("By status", "Status", found.by_status, STATUS_NAMES),
        ("By tag", "Tag", found.by_tag, {}),
        ("By model", "Model", found.by_model, NAMELESS),
        ("By prompt version", "Prompt version", found.by_prompt_version, NAMELESS),
    )
    grid = st.grid(3, min_column_width=260, gap="medium")
    for title, label, shares, said in parts:
        with grid.cell(), watch.panel(title):
            if not shares:
                st.caption("None.")
                continue
            values = [said.get(each.value, text.one_line(each.value)) for each in shares]
            table = pd.DataFrame({label: values, "Annotations": [each.count for each in shares]})
            tables.show(
                table, f"Annotations {title.lower()}, {values[0]} first.", key=f"{PAGE}.{label}", columns=COUNTS, most=MOST_ROWS
            )


def draw_disagreement(found: ReviewSummary) -> None:
    """Draw where reviewers disagree: what is taken for what, and on which models."""
    with watch.panel("Disagreements", "pairs of annotations on the same message"):
        if not found.disagreements:
            st.caption("No disagreements among messages with two reviews.")
            return
        pairs = pd.DataFrame(
            {
                "Reviewer A": [NAMES[each.one] for each in found.disagreements],
                "Reviewer B": [NAMES[each.other] for each in found.disagreements],
                "Pairs": [each.pairs for each in found.disagreements],
                "Share": [words.share(each.share) for each in found.disagreements],
            }
        )
        tables.show(pairs, "Pairs of annotations that differ on the same message.", key=f"{PAGE}.pairs")
    with watch.panel("By model", "lowest agreement first"):
        models = pd.DataFrame(
            {
                "Model": [text.one_line(each.model) or "Unknown" for each in found.by_model_agreement],
                "Raw agreement": [words.share(each.agreement.unanimous) for each in found.by_model_agreement],
                "Agreement (α)": [_figure(each.agreement.alpha) for each in found.by_model_agreement],
                "95% interval": [_interval(each.agreement) for each in found.by_model_agreement],
                "Messages": [each.agreement.units for each in found.by_model_agreement],
            }
        )
        tables.show(models, "Reviewer agreement by model.", key=f"{PAGE}.models", most=MOST_ROWS)


def draw_disputed(found: Sequence[Disputed], period: Period, *, may_read: bool) -> None:
    """Draw the messages on which reviewers disagree; one that is selected is opened, for those who may read it."""
    with watch.panel("Messages", "most disputed first" + (" · select a row to open it" if may_read else "")):
        messages = pd.DataFrame(
            {
                "Annotations": [", ".join(f"{NAMES[kind]} {count}" for kind, count in each.said.items()) for each in found],
                "Model": [text.one_line(each.model) or "Unknown" for each in found],
                "Adjudicated": ["Yes" if each.is_decided else "Not yet" for each in found],
                "Last annotation": [words.moment(each.at, period.zone) for each in found],
            }
        )

        def open_(number: int) -> None:
            at = {"conversation": str(found[number].conversation_id), "message": str(found[number].message_id)}
            st.query_params.from_dict(at)

        said = "Messages with disagreements."
        tables.show(messages, said, key=f"{PAGE}.disputed", on_pick=open_ if may_read else None)


def _interval(found: Agreement) -> str:
    if found.alpha is None:
        return "all reviewers agree"
    if found.alpha_low is None or found.alpha_high is None:
        return "not enough for an interval"
    return f"{found.alpha_low:.2f} to {found.alpha_high:.2f}"


def _figure(value: float | None) -> str:
    return words.NOTHING if value is None else f"{value:.2f}"


def _seconds(value: float | None) -> str:
    return words.NOTHING if value is None else words.duration(round(value * 1000))
