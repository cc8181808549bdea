"""Phases of one batch job: by run and over time."""

from dataclasses import replace

import streamlit as st

from core.batches import charts as batch_charts
from core.batches.queries import batch_runs
from core.batches.queries import phases as batch_phases
from core.batches.views import RunStrip
from core.database.paging import Window
from core.platform import clock
from core.presentation import formatting
from core.presentation.periods import DAY
from pages._ui import charts, errors, text, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.batch_history import run_drawer, summary_tables
from pages.watch.batch_history.run_list import PAGE

IN_GANTT = 12


@errors.part("Phases")
def draw(reads: Reads, chosen: Filters, strips: list[RunStrip]) -> None:
    """Draw the phases of one batch job, by run and over time."""
    known = [each for each in strips if any(run.phase_durations for run in each.runs)]
    if not known:
        return
    job = (
        chosen["job"]
        or max(known, key=lambda each: max(len(run.phase_durations) for run in each.runs)).batch_job
    )
    asked = replace(chosen.runs, job=job)
    runs = reads.ask(batch_runs.list_runs, asked, window=Window(IN_GANTT))
    phases = reads.ask(batch_phases.phases, replace(asked, status=None))
    other = "" if chosen["job"] or len(known) < 2 else " · select a batch job to change"
    name = text.plain(job)
    grid, palette, zone = (
        st.grid(3, min_column_width=300, gap=("small", "medium")),
        charts.palette(),
        chosen.period.zone,
    )
    with (
        grid.cell(column_span=2),
        watch.panel(
            "Phases by run",
            f"{name}, time since start, {formatting.latest(len(runs), 'run')}{other}",
        ),
    ):

        def opened(point: Point) -> None:
            run_drawer.show(runs[int(point.y)].batch_run_id)

        charts.show(
            batch_charts.phases_of_runs(palette, runs, zone, clock.now()),
            f"{PAGE}.phases.{job}",
            on_pick=opened,
        )
    with grid.cell(), watch.panel("Phases over time", f"{name}, daily median"):

        def look(point: Point) -> None:
            filter_state.put(PAGE, job=job)
            filter_state.look_at(PAGE, point.moment(zone), point.moment(zone) + DAY)

        charts.show(
            batch_charts.phases_over_time(palette, phases, zone),
            f"{PAGE}.course.{job}",
            on_pick=look,
        )
        summary_tables.draw_phases(phases)
