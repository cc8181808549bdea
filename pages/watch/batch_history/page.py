"""Batch history: status, failures and durations of batch runs."""

import streamlit as st

from core.batches import charts as batch_charts
from core.batches.queries import batch_runs, outcomes
from core.batches.queries.kpis import run_kpis
from core.batches.schemas import BatchStatus
from core.batches.views import RunStrip, RunSummary
from core.identity.permissions import Permission, may
from pages._ui import charts, definitions, errors, kpis, text, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_bar
from pages._ui.filters.selection import Filters
from pages.watch.batch_history import (
    phase_charts,
    run_drawer,
    run_list,
    running_runs,
    summary_tables,
)
from pages.watch.batch_history.run_list import PAGE

FIRST, MORE = ("job", "status", "sort"), ("environment", "app", "internal")
OFFERS = {
    "status": {state.value: state.value.capitalize() for state in BatchStatus},
    "internal": {"true": "Attune jobs"},
    **run_list.ORDERS,
}
TABLES = {
    "Export CSV": "batch/history",
    "Batch jobs": "batch/jobs",
    "Failures": "batch/failures",
    "Phases": "batch/phases",
}


def main() -> None:
    reads = watch.reads()
    header = watch.header("Batch history", "All batch runs")
    chosen = filter_bar.draw(PAGE, reads, FIRST, MORE, offers=OFFERS)
    watch.say_what_is_left("batch runs", "batch_run_history", reads, chosen)
    summary = reads.ask(outcomes.summary, chosen.runs)
    if not summary.runs:
        running_runs.draw(reads, chosen)
        watch.nothing_here(PAGE, "batch runs", reads, chosen)
        header.finish(reads, chosen)
        return
    draw_kpis(reads, chosen, summary)
    running_runs.draw(reads, chosen)
    strips = reads.ask(outcomes.strips, chosen.runs)
    draw_strips(strips, chosen)
    run_list.draw_opened(reads, chosen)
    phase_charts.draw(reads, chosen, strips)
    draw_failures(reads, chosen)
    draw_jobs(reads, chosen)
    run_list.draw(reads, chosen, summary.runs)
    header.finish(reads, chosen, csv=TABLES)


@errors.part("Failures")
def draw_failures(reads: Reads, chosen: Filters) -> None:
    may_read = may(reads.actor, Permission.READ_CONTENTS)
    summary_tables.draw_failures(
        reads.ask(batch_runs.failures, chosen.runs), chosen.period.zone, may_read=may_read
    )


@errors.part("Batch jobs")
def draw_jobs(reads: Reads, chosen: Filters) -> None:
    summary_tables.draw_jobs(reads.ask(outcomes.by_job, chosen.runs), PAGE)


@errors.part("Key metrics")
def draw_kpis(reads: Reads, chosen: Filters, summary: RunSummary) -> None:
    """Draw the key metrics; with a status filter, there are no rates."""
    shown = [
        each
        for each in reads.ask(run_kpis, chosen.runs)
        if chosen["status"] is None or each.name not in ("success", "bad")
    ]
    kpis.draw(shown, notes=definitions.BATCHES)
    if chosen["status"] is None:
        st.caption(f"Success rate: {text.plain(summary_tables.interval(summary))}")


def draw_strips(strips: list[RunStrip], chosen: Filters) -> None:
    """Draw the last runs of each batch job; a click opens one."""
    note = f"per batch job, newest on the right · {charts.run_legend()}"
    with watch.panel("Last 90 runs", note), st.container(border=True, gap=None):
        for strip in strips:
            name, bars = st.columns([1.4, 5], gap="small", vertical_alignment="center")
            name.markdown(summary_tables.strip_text(strip))

            # By a default: when a bar is clicked, the loop has gone on to the last strip
            def opened(point: Point, strip: RunStrip = strip) -> None:
                # Runs are newest first, bars newest last
                run_drawer.show(strip.runs[len(strip.runs) - 1 - point.number].batch_run_id)

            with bars:
                drawn = batch_charts.strip(
                    charts.palette(), strip.runs, chosen.period.zone, places=outcomes.STRIP
                )
                charts.show(drawn, f"{PAGE}.strip.{strip.batch_job}", on_pick=opened)


with errors.InWords("Batch history"):
    main()
