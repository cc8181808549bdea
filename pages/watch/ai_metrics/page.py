"""AI metrics: requests, latency, cost and errors."""

import streamlit as st

from core.ai_metrics import charts as ai_charts
from core.ai_metrics.queries import breakdowns, figures, series, tiles, tools
from core.insights.queries.choices import choices
from core.insights.queries.prompt_versions import prompt_versions
from core.presentation import formatting
from pages._ui import charts, errors, watch
from pages._ui import tiles as key_figures
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages.watch.ai_metrics import ai_tables, promotion_panel, request_list, score_charts

PAGE = "ai-metrics"
FIRST = ("model", "status")
OFFERS = {"status": {status.value: said for status, said in request_list.STATES.items()}}
TABLES = {
    "Export CSV": "ai/requests",
    "Errors by type": "ai/errors",
    "Tools": "ai/tools",
    "Models": "ai/models",
    "Prompt versions": "ai/prompt-versions",
    "Tokens and cost": "ai/tokens",
    "Latency": "ai/latency",
}
MORE = (
    "environment",
    "app",
    "release",
    "provider",
    "user_id",
    "conversation",
    "prompt_version",
    "experiment_arm",
    "error_type",
    "tool",
)


def main() -> None:
    reads = watch.reads()
    header = watch.header("AI metrics", "All AI requests")
    chosen = filter_bar.draw(PAGE, reads, FIRST, MORE, offers=OFFERS, own=("latency",))
    promotion_panel.draw(chosen)
    found = reads.ask(tiles.tiles, chosen.asked)
    if not found[0].value:
        watch.nothing_here(PAGE, "AI requests", reads, chosen)
        score_charts.draw(reads, chosen)
        header.finish(reads, chosen)
        return
    summary = reads.ask(figures.summary, chosen.asked)
    without = formatting.count(summary.unpriced_requests, "request")
    unpriced = (
        f"{without} without a price, not included in cost." if summary.unpriced_requests else ""
    )
    key_figures.draw(found, notes={"cost": unpriced, "p95_latency": "Approximate: within 1%."})
    draw_charts(reads, chosen)
    draw_models(reads, chosen)
    draw_prompt_versions(reads, chosen)
    score_charts.draw(reads, chosen)
    request_list.draw(reads, chosen, summary.total_requests)
    header.finish(reads, chosen, csv=TABLES)


@errors.part("Charts")
def draw_charts(reads: Reads, chosen: Filters) -> None:
    """Draw the charts over time; a click zooms in."""
    latency = reads.ask(series.latency, chosen.asked)
    tokens = reads.ask(series.tokens, chosen.asked)
    failed = reads.ask(breakdowns.errors, chosen.asked)
    palette, zone, grain = charts.palette(), chosen.period.zone, latency.interval.words
    marks = [*watch.marks(reads, chosen), *watch.prompt_marks(reads, chosen)]
    closer = watch.closer(PAGE, latency.interval, zone)
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    over_time = {
        "latency": (
            "Latency",
            f"time to last token, {grain}",
            ai_charts.latency_over_time(palette, latency, zone, marks),
        ),
        "errors": (
            "Error rate",
            f"share of completed requests, {grain}",
            ai_charts.error_rate_over_time(palette, failed, zone, marks, height=ai_charts.TALL),
        ),
        "first_token": (
            "Time to first token",
            grain,
            ai_charts.first_token_over_time(palette, latency, zone, marks),
        ),
        "tokens": ("Tokens", grain, ai_charts.tokens_over_time(palette, tokens, zone, marks)),
        "cost": (
            "Cost",
            f"US dollars, {grain}",
            ai_charts.cost_over_time(palette, tokens, zone, marks),
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


@errors.part("Tools")
def draw_tools(reads: Reads, chosen: Filters) -> None:
    ai_tables.draw_tools(reads.ask(tools.tools, chosen.asked), PAGE)


@errors.part("Models")
def draw_models(reads: Reads, chosen: Filters) -> None:
    ai_tables.draw_models(reads.ask(figures.models, chosen.asked), PAGE)


@errors.part("Prompt versions")
def draw_prompt_versions(reads: Reads, chosen: Filters) -> None:
    """Draw the versions of a workspace that has any: they are read from raw rows."""
    offered = reads.ask(choices, chosen.period, chosen.watched.environment)
    if offered.prompt_versions:
        found = reads.ask_both(prompt_versions, chosen.asked)
        ai_tables.draw_prompt_versions(found, PAGE)


with errors.InWords("AI metrics"):
    main()
