"""Charts of AI requests over time, each beside the previous period; a click zooms in."""

from collections.abc import Sequence

import streamlit as st

from core.ai_metrics import charts as ai_charts
from core.ai_metrics.latency_charts import TALL, latency_over_time
from core.ai_metrics.queries import series, tools
from core.ai_metrics.queries.latency.latency_by_outcome import latency_by_outcome
from core.ai_metrics.queries.previous_period import previous_series
from core.ai_metrics.queries.requests import request_errors
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Chart
from pages._ui import charts, errors, watch
from pages._ui.cache import Reads
from pages._ui.filters.selection import Filters
from pages.watch.ai_metrics import ai_tables, request_list

PAGE = "ai-metrics"


@errors.part("Charts")
def draw(reads: Reads, chosen: Filters, markers: Sequence[ChartMarker]) -> None:
    """Draw the charts over time; a click zooms in."""
    latency = reads.ask(series.latency, chosen.asked)
    tokens = reads.ask(series.tokens, chosen.asked)
    failed = reads.ask(request_errors.errors, chosen.asked)
    before = reads.ask(previous_series, chosen.asked, latency.interval)
    is_log = st.toggle("Log scale of latency", key="log", bind="query-params")
    palette, zone, grain = charts.palette(), chosen.period.zone, latency.interval.words
    closer = watch.closer(PAGE, latency.interval, zone)
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    over_time = {
        "latency": (
            "Latency",
            f"time to last token of succeeded requests, {grain}",
            _latency_chart(reads, chosen, markers, is_log=is_log),
        ),
        "errors": (
            "Error rate",
            f"share of completed requests, {grain}",
            ai_charts.error_rate_over_time(
                palette, failed, zone, markers, height=TALL, previous=before.error_rate
            ),
        ),
        "first_token": (
            "Time to first token",
            grain,
            ai_charts.first_token_over_time(palette, latency, zone, markers),
        ),
        "tokens": (
            "Tokens",
            grain,
            ai_charts.tokens_over_time(palette, tokens, zone, markers, previous=before.tokens),
        ),
        "cost": (
            "Cost",
            f"US dollars, {grain}",
            ai_charts.cost_over_time(palette, tokens, zone, markers, previous=before.cost),
        ),
    }
    for name, (title, note, chart) in over_time.items():
        with grid.cell(column_span=2 if name == "latency" else 1), watch.panel(title, note):
            # Not only its name: a filter may have the same
            charts.show(chart, f"{PAGE}.chart.{name}", on_pick=closer)
    with grid.cell(), watch.panel("Latency distribution", "click a bar to list its requests"):
        charts.show(
            ai_charts.latency_histogram(palette, latency),
            f"{PAGE}.histogram",
            on_pick=lambda point: request_list.pick_latency(latency.histogram[point.number]),
        )
    with grid.cell():
        ai_tables.draw_errors(failed, PAGE, zone)
    with grid.cell():
        draw_tools(reads, chosen)


def _latency_chart(
    reads: Reads, chosen: Filters, markers: Sequence[ChartMarker], *, is_log: bool
) -> Chart:
    found = reads.ask(latency_by_outcome, chosen.asked)
    earlier = chosen.asked.previous
    before = reads.ask(latency_by_outcome, earlier, found.interval)
    previous = [point.p95 for point in before.succeeded] if before.overall.requests else []
    return latency_over_time(
        charts.palette(), found, chosen.period.zone, markers, previous=previous, is_log=is_log
    )


@errors.part("Tools")
def draw_tools(reads: Reads, chosen: Filters) -> None:
    ai_tables.draw_tools(reads.ask(tools.tools, chosen.asked), PAGE)
