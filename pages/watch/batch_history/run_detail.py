"""One batch run in the drawer: how it ended, its phases and fields."""

from collections.abc import Mapping

import streamlit as st

from core.batches import charts as batch_charts
from core.batches.error_summaries import in_words
from core.batches.errors import RunMissing
from core.batches.queries import batch_runs
from core.batches.schemas import BatchStatus
from core.batches.views import RunDetail
from core.platform import clock
from core.presentation import formatting
from pages._ui import (
    charts,
    frame,
    text,
)
from pages._ui.cache import Reads
from pages.watch.batch_history import summary_tables


def draw(reads: Reads, wanted: str, zone: str) -> None:
    try:
        run = reads.ask(batch_runs.get_run, wanted)
    except RunMissing as missing:
        frame.empty_state("search_off", "Run not found", missing.detail)
        return
    frame.section(text.plain(run.batch_run_id), text.plain(" · ".join(_facts(run, zone))))
    if said := in_words(run.error_summary):
        tone = "orange" if run.status == BatchStatus.PARTIAL else "red"
        st.markdown(f":{tone}[:material/error:] {text.plain(said[:2000])}")
    if isinstance(run.error_summary, dict):
        _draw_fields(run.error_summary)
    if run.phase_durations:
        charts.show(
            batch_charts.phases_of_runs(charts.palette(), [run], zone, clock.now()),
            "batch-history.chosen",
        )
    else:
        st.caption("This run has no phase data.")
    _draw_fields(run.attributes or {})
    frame.copyable("ID", run.batch_run_id)


def _draw_fields(fields: Mapping[str, object]) -> None:
    frame.facts(
        {
            text.plain(text.one_line(name)[:100]): formatting.plain(value)
            for name, value in list(fields.items())[:12]
        }
    )


def _facts(run: RunDetail, zone: str) -> list[str]:
    took = formatting.duration(run.duration_ms) if run.duration_ms is not None else ""
    usual = (
        f"median {formatting.duration(run.usual_duration_ms)}"
        if run.usual_duration_ms is not None
        else ""
    )
    items = (
        f"{run.completed_jobs or 0:,} of {formatting.count(run.total_jobs, 'item')} done"
        if run.total_jobs
        else ""
    )
    failed = f"{run.failed_jobs:,} failed" if run.failed_jobs else ""
    status = summary_tables.STATES.get(run.status, run.status)
    by = f"started by {run.triggered_by}" if run.triggered_by else ""
    return [
        each
        for each in (
            run.batch_job,
            status,
            formatting.moment(run.started_at, zone),
            took,
            usual,
            items,
            failed,
            by,
        )
        if each
    ]
