"""Overview: whether all is well, and where to look when it is not."""

from contextlib import suppress

import streamlit as st

from core.activity.answers import FunnelView
from core.activity.funnels import conversion
from core.ai_metrics import charts as ai_charts
from core.ai_metrics.queries import breakdowns, series
from core.batches import charts as batch_charts
from core.batches import queries as batches
from core.database.paging import Window
from core.errors import Unavailable
from core.insights.findings import Finding, findings
from core.insights.tiles import overview_tiles, read_known
from core.presentation import words
from core.presentation.comparison import Tile
from core.presentation.words import FigureUnit
from pages._ui import charts, errors, filters, links, watch
from pages._ui import tiles as key_figures
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import Filters
from pages.watch.overview import overview_parts

PAGE = "overview"
FEWEST_PLACES = 14  # a single run is no wider than one of many
NOTES = {"p95_latency": "Approximate: within 1%.", "conversion": "Recent users may still convert."}


def main() -> None:
    """Guard, filter, read, draw."""
    reads = watch.reads()
    links.follow()
    header = watch.header("Overview", "Compared with the previous period")
    chosen = filters.bar(PAGE, reads, ("environment", "app"), ("release",))
    if is_quiet(reads, chosen):
        watch.nothing_here(PAGE, "events or AI requests", reads, chosen)
        draw_runs(reads, chosen)
        header.finish(reads, chosen)
        return
    draw_figures(reads, chosen)
    draw_onboarding(reads, chosen)
    left, right = st.columns([2.1, 1], gap="medium")
    with right:
        draw_attention(reads, chosen)
        overview_parts.draw_ways(reads)
    with left:
        draw_charts(reads, chosen)
        draw_runs(reads, chosen)
    header.finish(reads, chosen)


def is_quiet(reads: Reads, chosen: Filters) -> bool:
    """Whether the period has nothing to compare, and nothing that could be as usual: the page says what would fill it."""
    with suppress(Unavailable):  # the parts say themselves what did not load
        tiles = read_tiles(reads, chosen)
        # No request costs nothing, but nothing of nothing is no share.
        is_nothing = all(tile.value is None or (tile.unit is not FigureUnit.SHARE and not tile.value) for tile in tiles)
        return is_nothing and not read_findings(reads, chosen)
    return False


def read_tiles(reads: Reads, chosen: Filters) -> list[Tile]:
    """Return the key figures."""
    known = reads.ask_both(read_known, chosen.scope)
    return reads.ask_both(overview_tiles, chosen.scope, known, read_funnel(reads, chosen))


def read_findings(reads: Reads, chosen: Filters) -> list[Finding]:
    """Return what needs attention."""
    return reads.ask_both(findings, chosen.scope, reads.ask_both(read_known, chosen.scope)).items


def read_funnel(reads: Reads, chosen: Filters) -> FunnelView | None:
    """Return the funnel; of one release there is none."""
    return reads.ask(conversion.read_funnel, chosen.period, chosen.watched) if chosen["release"] is None else None


@errors.part("Key metrics")
def draw_figures(reads: Reads, chosen: Filters) -> None:
    """Draw the key figures."""
    key_figures.draw(read_tiles(reads, chosen), notes=NOTES)


@errors.part("Onboarding")
def draw_onboarding(reads: Reads, chosen: Filters) -> None:
    """Draw onboarding in one line."""
    funnel = read_funnel(reads, chosen)
    if funnel is not None:
        with watch.panel("Onboarding", "users who started in this period, by step reached"):
            overview_parts.draw_onboarding(funnel)


@errors.part("Needs attention")
def draw_attention(reads: Reads, chosen: Filters) -> None:
    """Draw what needs attention."""
    found = read_findings(reads, chosen)
    with watch.panel("Needs attention", words.count(len(found), "finding") if found else ""):
        overview_parts.draw_findings(found)
        overview_parts.offer_further(PAGE, chosen)


@errors.part("Batch runs")
def draw_runs(reads: Reads, chosen: Filters) -> None:
    """Draw how the last batch runs ended; a click opens one."""
    runs = reads.ask(batches.list_runs, chosen.runs, window=Window(batches.STRIP))
    note = f"{words.latest(len(runs), 'run')} · {charts.RUN_LEGEND}" if runs else "no runs in this period"
    with watch.panel("Batch runs", note):
        if runs:
            places = max(len(runs), FEWEST_PLACES)

            def opened(point: Point) -> None:
                run = runs[len(runs) - 1 - point.number].batch_run_id
                links.go("batch-history", run=run, **overview_parts.shared())

            drawn = batch_charts.strip(charts.palette(), runs, chosen.period.zone, places=places)
            charts.show(drawn, f"{PAGE}.runs", on_pick=opened)


@errors.part("Charts")
def draw_charts(reads: Reads, chosen: Filters) -> None:
    """Draw the course of what matters; a click looks at that time alone."""
    tokens = reads.ask(series.tokens, chosen.asked)
    if not tokens.total_requests:
        watch.nothing_here(PAGE, "AI requests", reads, chosen)
        return
    latency, failed = reads.ask(series.latency, chosen.asked), reads.ask(breakdowns.errors, chosen.asked)
    palette, zone, grain = charts.palette(), chosen.period.zone, latency.interval.words
    marks, closer = watch.marks(reads, chosen), watch.closer(PAGE, latency.interval, zone)
    grid = st.grid(2, min_column_width=300, gap=("small", "medium"))
    with grid.cell(), watch.panel("Latency", f"p95, {grain}"):
        charts.show(ai_charts.p95_over_time(palette, latency, zone, marks), f"{PAGE}.latency", on_pick=closer)
    with grid.cell(), watch.panel("Cost", f"US dollars, {grain}"):
        charts.show(ai_charts.cost_over_time(palette, tokens, zone, marks), f"{PAGE}.cost", on_pick=closer)
    with grid.cell(), watch.panel("Error rate", f"share of completed requests, {grain}"):
        charts.show(ai_charts.error_rate_over_time(palette, failed, zone, marks), f"{PAGE}.errors", on_pick=closer)
    with grid.cell(), watch.panel("Requests", f"AI requests, {grain}"):
        charts.show(ai_charts.requests_over_time(palette, tokens, zone, marks), f"{PAGE}.requests", on_pick=closer)


with errors.InWords("Overview"):
    main()
