"""Charts of the Overview, each beside the previous period; a click zooms in."""

import streamlit as st

from core.ai_metrics import charts as ai_charts
from core.ai_metrics.queries import series
from core.ai_metrics.queries.previous_period import previous_series
from core.ai_metrics.queries.requests import request_errors
from pages._ui import charts, errors, watch
from pages._ui.cache import Reads
from pages._ui.filters.selection import Filters

PAGE = "overview"


@errors.part("Charts")
def draw(reads: Reads, chosen: Filters) -> None:
    """Draw the charts over time; a click zooms in."""
    tokens = reads.ask(series.tokens, chosen.asked)
    if not tokens.total_requests:
        watch.nothing_here(PAGE, "AI requests", reads, chosen)
        return
    latency = reads.ask(series.latency, chosen.asked)
    failed = reads.ask(request_errors.errors, chosen.asked)
    before = reads.ask(previous_series, chosen.asked, latency.interval)
    palette, zone, grain = charts.palette(), chosen.period.zone, latency.interval.words
    markers, closer = watch.markers(reads, chosen), watch.closer(PAGE, latency.interval, zone)
    drawn = {
        "Latency": (
            f"p95, {grain}",
            ai_charts.p95_over_time(palette, latency, zone, markers, previous=before.p95),
        ),
        "Cost": (
            f"US dollars, {grain}",
            ai_charts.cost_over_time(palette, tokens, zone, markers, previous=before.cost),
        ),
        "Error rate": (
            f"share of completed requests, {grain}",
            ai_charts.error_rate_over_time(
                palette, failed, zone, markers, previous=before.error_rate
            ),
        ),
        "Requests": (
            f"AI requests, {grain}",
            ai_charts.requests_over_time(palette, tokens, zone, markers, previous=before.requests),
        ),
    }
    grid = st.grid(2, min_column_width=300, gap=("small", "medium"))
    for title, (note, chart) in drawn.items():
        with grid.cell(), watch.panel(title, note):
            charts.show(chart, f"{PAGE}.{title.lower()}", on_pick=closer)
