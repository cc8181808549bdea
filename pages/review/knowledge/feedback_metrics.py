"""Metrics of users' feedback: positive ratings, ratings by day, and by model."""

from collections.abc import Sequence

import streamlit as st

from core.knowledge import charts as feedback_charts
from core.knowledge.feedback.kpis import feedback_kpis
from core.knowledge.views import FeedbackStats, Ratings, RatingsOfModel
from core.presentation import formatting
from core.presentation.periods import DAY
from pages._ui import charts, columns, definitions, errors, kpis, tables, watch
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn

PAGE = "feedback"
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
    with right, watch.panel("By model", "95% interval (Wilson)"):
        shown: Sequence[TableColumn[RatingsOfModel]] = [
            columns.text("Model", lambda row: row.model or "Unknown", width=150),
            columns.number("Ratings", lambda row: row.rated, width=70),
            columns.text("Positive", lambda row: formatting.share(row.ratio), width=75),
            columns.text("95% interval", _interval, width=115),
        ]
        tables.draw(
            found.models,
            shown,
            formatting.count(len(found.models), "model"),
            key="feedback.models",
            most=6,
        )
        if found.models_of < found.rated:
            st.caption(f"Based on the latest {found.models_of:,} ratings.")


def _interval(found: Ratings) -> str:
    if found.low is None:
        return formatting.NOTHING
    return f"{formatting.share(found.low)} to {formatting.share(found.high)}"
