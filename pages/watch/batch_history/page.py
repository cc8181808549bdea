"""Batch history: how the runs of batch jobs end, what fails, and what takes longer than it did."""

from dataclasses import replace

import streamlit as st

from core.batches import charts as batch_charts
from core.batches import phases as batch_phases
from core.batches import queries
from core.batches.answers import RunSummary, Strip
from core.batches.schemas import BatchStatus
from core.batches.tiles import run_tiles
from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.platform import clock
from core.presentation import words
from pages._ui import charts, errors, filters, text, watch
from pages._ui import tiles as key_figures
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import Filters
from pages.watch.batch_history import run_list, run_tables

PAGE = "batch-history"
FIRST, MORE = ("job", "status"), ("environment", "app", "internal")
OFFERS = {
    "status": {state.value: state.value.capitalize() for state in BatchStatus},
    "internal": {"true": "Attune jobs"},
}
IN_GANTT = 12


def main() -> None:
    """Guard, filter, read, draw."""
    reads = watch.reads()
    header = watch.header("Batch history", "All batch runs")
    chosen = filters.bar(PAGE, reads, FIRST, MORE, offers=OFFERS)
    run_list.draw_running(reads, chosen)
    summary = reads.ask(queries.summary, chosen.runs)
    if not summary.runs:
        watch.nothing_here(PAGE, "batch runs", reads, chosen)
        header.finish(reads, chosen)
        return
    strips = reads.ask(queries.strips, chosen.runs)
    draw_strips(strips, chosen)
    run_list.draw_above(reads, chosen.period.zone)
    draw_tiles(reads, chosen, summary)
    draw_phases(reads, chosen, strips)
    draw_failures(reads, chosen)
    draw_jobs(reads, chosen)
    run_list.draw(reads, chosen, summary.runs)
    header.finish(reads, chosen, csv="batch/history")


@errors.part("Failures")
def draw_failures(reads: Reads, chosen: Filters) -> None:
    """Draw what runs failed with."""
    may_read = may(reads.actor, Permission.READ_CONTENTS)
    run_tables.draw_failures(reads.ask(queries.failures, chosen.runs), chosen.period.zone, may_read=may_read)


@errors.part("Batch jobs")
def draw_jobs(reads: Reads, chosen: Filters) -> None:
    """Draw the batch jobs side by side."""
    run_tables.draw_jobs(reads.ask(queries.by_job, chosen.runs), PAGE)


@errors.part("Key metrics")
def draw_tiles(reads: Reads, chosen: Filters, summary: RunSummary) -> None:
    """Draw the key figures; of runs that all ended alike there is no rate."""
    tiles = [
        each for each in reads.ask(run_tiles, chosen.runs) if chosen["status"] is None or each.name not in ("success", "bad")
    ]
    key_figures.draw(tiles, notes={"duration": "Finished runs only."})
    if chosen["status"] is None:
        st.caption(f"Success rate: {text.plain(run_tables.interval(summary))}")


def draw_strips(strips: list[Strip], chosen: Filters) -> None:
    """Draw the last runs of each batch job; a click opens one."""
    note = f"per batch job, newest on the right · {charts.RUN_LEGEND}"
    with watch.panel("Last 90 runs", note), st.container(border=True, gap=None):
        for strip in strips:
            name, bars = st.columns([1.4, 5], gap="small", vertical_alignment="center")
            name.markdown(run_tables.said_of(strip))

            def opened(point: Point, strip: Strip = strip) -> None:
                run_list.show(strip.runs[len(strip.runs) - 1 - point.number].batch_run_id)

            with bars:
                drawn = batch_charts.strip(charts.palette(), strip.runs, chosen.period.zone, places=queries.STRIP)
                charts.show(drawn, f"{PAGE}.strip.{strip.batch_job}", on_pick=opened)


@errors.part("Phases")
def draw_phases(reads: Reads, chosen: Filters, strips: list[Strip]) -> None:
    """Draw the phases of one batch job: of its last runs, and over time."""
    known = [each for each in strips if any(run.phase_durations for run in each.runs)]
    if not known:
        return
    job = chosen["job"] or max(known, key=lambda each: max(len(run.phase_durations) for run in each.runs)).batch_job
    asked = replace(chosen.runs, job=job)
    runs = reads.ask(queries.list_runs, asked, window=Window(IN_GANTT))
    phases = reads.ask(batch_phases.phases, replace(asked, status=None))
    other = "" if chosen["job"] or len(known) < 2 else " · select a batch job to change"
    name = text.plain(job)
    grid, palette, zone = st.grid(3, min_column_width=300, gap=("small", "medium")), charts.palette(), chosen.period.zone
    with (
        grid.cell(column_span=2),
        watch.panel("Phases by run", f"{name}, time since start, {words.latest(len(runs), 'run')}{other}"),
    ):

        def opened(point: Point) -> None:
            run_list.show(runs[int(point.y)].batch_run_id)

        charts.show(batch_charts.phases_of_runs(palette, runs, zone, clock.now()), f"{PAGE}.phases.{job}", on_pick=opened)
    with grid.cell(), watch.panel("Phases over time", f"{name}, daily median"):
        charts.show(batch_charts.phases_over_time(palette, phases, zone), f"{PAGE}.course.{job}")
        run_tables.draw_phases(phases)


with errors.InWords("Batch history"):
    main()
