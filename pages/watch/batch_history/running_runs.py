"""Batch runs in progress; the panel refreshes by itself."""

import streamlit as st

from core.batches.queries import batch_runs
from core.batches.schemas import BatchStatus
from core.batches.views import BatchRunQuery, RunView
from core.platform import clock
from core.presentation import formatting
from pages._ui import (
    cache,
    errors,
    guard,
    state,
    text,
    watch,
)
from pages._ui.cache import Reads
from pages._ui.filters.selection import Filters

MOST_RUNNING, LOOK_EVERY_S = 10, 3
SEEN = "batch-history.running"


@errors.part("Running now")
def draw(reads: Reads, chosen: Filters) -> None:
    if chosen["status"] not in (None, BatchStatus.RUNNING):
        return
    going = reads.ask(batch_runs.list_running, chosen.runs, limit=MOST_RUNNING)
    state.put(SEEN, [run.id for run in going])
    if going:
        _follow(chosen.runs)


@st.fragment(run_every=LOOK_EVERY_S)
def _follow(query: BatchRunQuery) -> None:
    """Draw the progress of runs; when one starts or ends, rerun the page."""
    going: list[RunView] | None = None
    with errors.InWords("Running now"), guard.work() as (session, actor):
        going = batch_runs.list_running(session, query, limit=MOST_RUNNING, actor=actor)
    if going is None:
        return
    if [run.id for run in going] != state.get(SEEN, []):
        cache.forget()  # or the page would find those that were there before, and come back here
        st.rerun()
    with (
        watch.panel("Running now", f"refreshes every {LOOK_EVERY_S} s"),
        st.container(border=True, gap="small"),
    ):
        for run in going:
            _draw_going(run)


def _draw_going(run: RunView) -> None:
    took = round((clock.now() - run.started_at).total_seconds() * 1000)
    done, total = (run.completed_jobs or 0) + (run.failed_jobs or 0), run.total_jobs
    usual = (
        f", median {formatting.duration(run.usual_duration_ms)}"
        if run.usual_duration_ms is not None
        else ""
    )
    facts = [
        f"{done:,} of {formatting.count(total, 'item')}"
        if total
        else formatting.count(done, "item")
    ]
    facts += [f"{run.failed_jobs:,} failed"] if run.failed_jobs else []
    # A shortened object holds no phases.
    phase = (
        next(reversed(run.phase_durations), None)
        if "phase_durations" not in run.truncated
        else None
    )
    facts += [f"phase {phase}"] if phase else []
    said = (
        f":orange[:material/schedule: for {formatting.duration(took)}{usual}]"
        if run.is_slow
        else f"for {formatting.duration(took)}{usual}"
    )
    note = f":gray[:small[{text.plain(' · '.join(facts))}]]"
    st.markdown(f"**{text.plain(run.batch_job)}**\u2002{said}\u2002{note}")
    if total:
        st.progress(min(done / total, 1.0))
