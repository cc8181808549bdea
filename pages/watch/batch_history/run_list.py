"""Batch runs: those that are going on, all of them in a table, and the one that is chosen."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.batches import charts as batch_charts
from core.batches import queries
from core.batches.answers import AskedRuns, RunDetail, RunView
from core.batches.errors import RunMissing
from core.batches.schemas import BatchStatus
from core.database.paging import Window
from core.platform import clock
from core.presentation import words
from pages._ui import cache, charts, errors, frame, guard, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists.user_list import times
from pages.watch.batch_history import run_tables

SHOWN, MOST_PAGES, MOST_RUNNING, LOOK_EVERY_S = 15, 100, 10, 3
CHOSEN, SEEN, IN_TABLE = "run", "batch-history.running", "batch-history.in_table"
column = st.column_config
SLOW = "Took more than 1.2 times the median of the last 30 completed runs before it."


@errors.part("Running now")
def draw_running(reads: Reads, chosen: Filters) -> None:
    """Draw the runs that are going on, as they go on."""
    if chosen["status"] not in (None, BatchStatus.RUNNING):
        return
    going = reads.ask(queries.list_running, chosen.runs, limit=MOST_RUNNING)
    state.put(SEEN, [run.id for run in going])
    if going:
        _follow(chosen.runs)


@st.fragment(run_every=LOOK_EVERY_S)
def _follow(asked: AskedRuns) -> None:
    """Draw how far they are, again and again; when one ends or begins, the page is drawn anew."""
    going: list[RunView] | None = None
    with errors.InWords("Running now"), guard.work() as (session, actor):
        going = queries.list_running(session, asked, limit=MOST_RUNNING, actor=actor)
    if going is None:
        return
    if [run.id for run in going] != state.get(SEEN, []):
        cache.forget()  # or the page would find those that were there before, and come back here
        st.rerun()
    with watch.panel("Running now", f"refreshes every {LOOK_EVERY_S} s"), st.container(border=True, gap="small"):
        for run in going:
            _draw_going(run)


def _draw_going(run: RunView) -> None:
    took = round((clock.now() - run.started_at).total_seconds() * 1000)
    done, total = (run.completed_jobs or 0) + (run.failed_jobs or 0), run.total_jobs
    usual = f", median {words.duration(run.usual_duration_ms)}" if run.usual_duration_ms is not None else ""
    facts = [f"{done:,} of {words.count(total, 'item')}" if total else words.count(done, "item")]
    facts += [f"{run.failed_jobs:,} failed"] if run.failed_jobs else []
    phase = next(reversed(run.phase_durations), None) if "phase_durations" not in run.truncated else None
    facts += [f"phase {phase}"] if phase else []
    said = (
        f":orange[:material/schedule: for {words.duration(took)}{usual}]" if run.is_slow else f"for {words.duration(took)}{usual}"
    )
    st.markdown(f"**{text.plain(run.batch_job)}**\u2002{said}\u2002:gray[:small[{text.plain(' · '.join(facts))}]]")
    if total:
        st.progress(min(done / total, 1.0))


@errors.part("Runs")
def draw(reads: Reads, chosen: Filters, total: int) -> None:
    """Draw the runs of the period, and the chosen one."""
    # Under other filters the list begins at its first page.
    at = f"batch-history.runs.{hash((chosen.period, tuple(chosen.chosen.items())))}"
    window = Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)
    with watch.panel("Runs", "latest first"):
        if state.get(IN_TABLE, False):
            draw_chosen(reads, chosen.period.zone)
        rows = reads.ask(queries.list_runs, chosen.runs, window=window)
        draw_table(rows, chosen.period.zone, f"{at}.{window.offset}")
        tables.draw_pages(total, SHOWN, at, most=MOST_PAGES)


def draw_table(rows: Sequence[RunView], zone: str, key: str) -> None:
    """Draw one page of runs."""
    longest = max((row.duration_ms or 0 for row in rows), default=0) / 60_000
    table = pd.DataFrame(
        {
            "Started": times([row.started_at for row in rows], zone),
            "Batch job": [row.batch_job for row in rows],
            "Status": [[run_tables.STATES.get(row.status, row.status)] for row in rows],
            "Duration": [row.duration_ms / 60_000 if row.duration_ms is not None else None for row in rows],
            "Median": [words.duration(row.usual_duration_ms) for row in rows],
            "Slow": [["Slow"] if row.is_slow else [] for row in rows],
            "Items": [row.total_jobs for row in rows],
            "Failed": [row.failed_jobs for row in rows],
            "Error": [row.error_summary or "" for row in rows],
            "Run": [row.batch_run_id for row in rows],
        }
    )
    table = table if table["Error"].any() else table.drop(columns="Error")
    columns = {
        "Started": column.DatetimeColumn(format="D MMM HH:mm", width=110),
        "Status": run_tables.STATUS,
        "Duration": column.ProgressColumn(format="%.1f min", min_value=0, max_value=max(longest, 0.001), width=130),
        "Median": column.TextColumn(width=70),
        "Slow": column.MultiselectColumn(options=["Slow"], color=["orange"], width=75, help=SLOW),
        "Items": column.NumberColumn(format="localized", width=65),
        "Failed": column.NumberColumn(format="localized", width=60),
        "Error": column.TextColumn(width=210),
        "Run": column.TextColumn(width=150),
    }

    def picked(number: int) -> None:
        show(rows[number].batch_run_id, in_table=True)

    tables.show(table, words.count(len(rows), "batch run"), key=key, columns=columns, on_pick=picked, on_drop=close)


def show(run: str, *, in_table: bool = False) -> None:
    """Make a run the one that is shown, from a callback: at the table that it was selected in, else above all."""
    st.query_params[CHOSEN] = run
    state.put(IN_TABLE, in_table)


@errors.part("Run")
def draw_above(reads: Reads, zone: str) -> None:
    """Draw the chosen run where charts that are clicked lead to."""
    if not state.get(IN_TABLE, False):
        draw_chosen(reads, zone)


def close() -> None:
    """Show no single run, from a callback."""
    st.query_params.pop(CHOSEN, None)
    state.forget(IN_TABLE)


def draw_chosen(reads: Reads, zone: str) -> None:
    """Draw the chosen run: its facts, its phases, and what it said when it failed."""
    wanted = st.query_params.get(CHOSEN)
    if not wanted:
        return
    try:
        run = reads.ask(queries.get_run, wanted)
    except RunMissing as missing:
        frame.empty_state("search_off", "Run not found", missing.detail)
        return
    with st.container(border=True, gap="small", key="chosen-run"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{text.plain(run.batch_run_id)}**\u2002:gray[:small[{text.plain(' · '.join(_facts(run, zone)))}]]")
            st.button("Close", type="tertiary", icon=":material/close:", key="batch-history.close", on_click=close)
        if run.error_summary:
            tone = "orange" if run.status == BatchStatus.PARTIAL else "red"
            st.markdown(f":{tone}[:material/error:] {text.plain(run.error_summary[:2000])}")
        if run.phase_durations:
            charts.show(batch_charts.phases_of_runs(charts.palette(), [run], zone, clock.now()), "batch-history.chosen")
        else:
            st.caption("This run has no phase data.")
        if run.attributes:
            st.caption(
                text.plain(" · ".join(f"{name}: {words.plain(value)}" for name, value in list(run.attributes.items())[:12]))
            )


def _facts(run: RunDetail, zone: str) -> list[str]:
    took = words.duration(run.duration_ms) if run.duration_ms is not None else ""
    usual = f"median {words.duration(run.usual_duration_ms)}" if run.usual_duration_ms is not None else ""
    items = f"{run.completed_jobs or 0:,} of {words.count(run.total_jobs, 'item')} done" if run.total_jobs else ""
    failed = f"{run.failed_jobs:,} failed" if run.failed_jobs else ""
    status = run_tables.STATES.get(run.status, run.status)
    by = f"started by {run.triggered_by}" if run.triggered_by else ""
    return [each for each in (run.batch_job, status, words.moment(run.started_at, zone), took, usual, items, failed, by) if each]
