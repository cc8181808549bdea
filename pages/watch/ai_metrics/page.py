"""AI metrics: how many requests, how fast, at what cost, and what failed."""

import streamlit as st

from core.ai_metrics import charts as ai_charts
from core.ai_metrics.queries import breakdowns, figures, series, tiles, tools
from core.presentation import words
from pages._ui import charts, errors, filters, watch
from pages._ui import tiles as key_figures
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages.watch.ai_metrics import ai_tables, request_list

PAGE = "ai-metrics"
FIRST = ("model", "status")
OFFERS = {"status": {status.value: said for status, said in request_list.STATES.items()}}
MORE = ("environment", "app", "release", "provider", "user_id", "conversation", "error_type", "tool")


def main() -> None:
    """Guard, filter, read, draw."""
    reads = watch.reads()
    header = watch.header("AI metrics", "All AI requests")
    chosen = filters.bar(PAGE, reads, FIRST, MORE, offers=OFFERS)
    found = reads.ask(tiles.tiles, chosen.asked)
    if not found[0].value:
        watch.nothing_here(PAGE, "AI requests", reads, chosen)
        header.finish(reads, chosen)
        return
    summary = reads.ask(figures.summary, chosen.asked)
    without = words.count(summary.unpriced_requests, "request")
    unpriced = f"{without} without a price, not included in cost." if summary.unpriced_requests else ""
    key_figures.draw(found, notes={"cost": unpriced, "p95_latency": "Approximate: within 1%."})
    draw_charts(reads, chosen)
    draw_models(reads, chosen)
    request_list.draw(reads, chosen, summary.total_requests)
    header.finish(reads, chosen, csv="ai/requests")


@errors.part("Charts")
def draw_charts(reads: Reads, chosen: Filters) -> None:
    """Draw what changes over time; a click looks at that time alone."""
    latency = reads.ask(series.latency, chosen.asked)
    tokens, failed = reads.ask(series.tokens, chosen.asked), reads.ask(breakdowns.errors, chosen.asked)
    palette, zone, grain = charts.palette(), chosen.period.zone, latency.interval.words
    marks, closer = watch.marks(reads, chosen), watch.closer(PAGE, latency.interval, zone)
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    with grid.cell(column_span=2), watch.panel("Latency", f"time to last token, {grain}"):
        charts.show(ai_charts.latency_over_time(palette, latency, zone, marks), f"{PAGE}.latency", on_pick=closer)
    with grid.cell(), watch.panel("Error rate", f"share of completed requests, {grain}"):
        charts.show(
            ai_charts.error_rate_over_time(palette, failed, zone, marks, height=ai_charts.TALL), f"{PAGE}.errors", on_pick=closer
        )
    with grid.cell(), watch.panel("Time to first token", grain):
        charts.show(ai_charts.first_token_over_time(palette, latency, zone, marks), f"{PAGE}.first_token", on_pick=closer)
    with grid.cell(), watch.panel("Tokens", grain):
        charts.show(ai_charts.tokens_over_time(palette, tokens, zone, marks), f"{PAGE}.tokens", on_pick=closer)
    with grid.cell(), watch.panel("Cost", f"US dollars, {grain}"):
        charts.show(ai_charts.cost_over_time(palette, tokens, zone, marks), f"{PAGE}.cost", on_pick=closer)
    with grid.cell(), watch.panel("Latency distribution", "requests by latency"):
        charts.show(ai_charts.latency_histogram(palette, latency), f"{PAGE}.histogram")
    with grid.cell():
        ai_tables.draw_errors(failed, PAGE, zone)
    with grid.cell():
        draw_tools(reads, chosen)


@errors.part("Tools")
def draw_tools(reads: Reads, chosen: Filters) -> None:
    """Draw the tools that requests called."""
    ai_tables.draw_tools(reads.ask(tools.tools, chosen.asked), PAGE)


@errors.part("Models")
def draw_models(reads: Reads, chosen: Filters) -> None:
    """Draw models side by side."""
    ai_tables.draw_models(reads.ask(figures.models, chosen.asked), PAGE)


with errors.InWords("AI metrics"):
    main()
