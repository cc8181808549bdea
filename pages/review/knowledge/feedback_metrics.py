"""Metrics of users' feedback: positive ratings, by day, and by what made the answers."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.knowledge import charts as feedback_charts
from core.knowledge.feedback.kpis import feedback_kpis
from core.knowledge.views import FeedbackStats, Ratings
from core.presentation import formatting
from core.presentation.periods import DAY
from pages._ui import charts, columns, definitions, errors, kpis, links, tables, watch
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn

PAGE = "feedback"
# As the filters of AI metrics are named
ORIGINS = {"model": "Model", "prompt_version": "Prompt version", "release": "Release"}
TOO_FEW = "Fewer than ten ratings: too few for an interval."


@errors.part("Metrics")
def draw(found: FeedbackStats, chosen: Filters) -> None:
    note = f"95% interval {_interval(found)} (Wilson)." if found.low is not None else TOO_FEW
    notes = definitions.with_notes(definitions.FEEDBACK, {"positive": note})
    zone = chosen.period.zone
    kpis.draw(feedback_kpis(found, zone=zone), notes=notes)
    left, right = st.columns([1.6, 1], gap="medium")
    with left, watch.panel("Ratings by day", "positive: thumbs-up, or 4–5 of 5"):

        def look(point: Point) -> None:
            filter_state.look_at(PAGE, point.moment(zone), point.moment(zone) + DAY)

        chart = feedback_charts.ratings(charts.palette(), found.days, zone)
        charts.show(chart, "feedback.chart", on_pick=look)
    with right, watch.panel("Breakdown", "click a row for its AI metrics"):
        _draw_origins(found)


def _draw_origins(found: FeedbackStats) -> None:
    """Draw the ratings by model, prompt version or release; a row leads to the AI metrics of it."""
    by_name: Mapping[str, Sequence[tuple[str, Ratings]]] = {
        "model": [(row.model, row) for row in found.models],
        "prompt_version": [(row.value, row) for row in found.prompt_versions],
        "release": [(row.value, row) for row in found.releases],
    }
    name: str = st.segmented_control(
        "By",
        list(ORIGINS),
        default="model",
        required=True,
        key=f"{PAGE}.by",
        format_func=lambda each: ORIGINS[each],
        label_visibility="collapsed",
    )
    shown: Sequence[TableColumn[tuple[str, Ratings]]] = [
        columns.text(ORIGINS[name], lambda row: row[0] or "Unknown", width=150),
        columns.number("Ratings", lambda row: row[1].rated, width=70),
        columns.figure("Positive", lambda row: formatting.share(row[1].ratio), width=75),
        columns.figure("95% interval", lambda row: _interval(row[1]), width=115),
    ]
    tables.draw(
        by_name[name],
        shown,
        formatting.count(len(by_name[name]), ORIGINS[name].lower()),
        key=f"{PAGE}.by.{name}",
        most=6,
        on_open=partial(_open, name),
    )
    if found.models_of < found.rated:
        st.caption(f"Based on the latest {found.models_of:,} ratings.")


def _open(name: str, row: tuple[str, Ratings]) -> None:
    """Lead to the AI metrics of a value, from a callback; no filter finds what is unknown."""
    value, _ = row
    if value:
        links.go("ai-metrics", **filter_state.shared() | {name: value})


def _interval(found: Ratings) -> str:
    if found.low is None:
        return formatting.NOTHING
    return f"{formatting.share(found.low)} to {formatting.share(found.high)}"
