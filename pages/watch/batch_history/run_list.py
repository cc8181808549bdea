"""Batch runs: those in progress, all in a table, and one in a drawer."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.batches import charts as batch_charts
from core.batches.error_summaries import in_words
from core.batches.errors import RunMissing
from core.batches.queries import batch_runs
from core.batches.schemas import BatchStatus
from core.batches.views import BatchRunQuery, RunDetail, RunOrder, RunView
from core.platform import clock
from core.presentation import formatting
from pages._ui import (
    cache,
    charts,
    columns,
    dialogs,
    errors,
    frame,
    guard,
    state,
    tables,
    text,
    watch,
)
from pages._ui.cache import Reads
from pages._ui.dialogs import ListPlace
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters, Offers
from pages._ui.tables import Sorting, TableColumn
from pages.watch.batch_history import summary_tables

SHOWN, MOST_PAGES, MOST_RUNNING, LOOK_EVERY_S = 15, 100, 10, 3
PAGE = "batch-history"
ORDERS: Offers = {
    "sort": {
        "": "Started: newest",
        RunOrder.OLDEST_FIRST: "Started: oldest",
        RunOrder.JOB: "Batch job: A to Z",
        RunOrder.JOB_BACKWARDS: "Batch job: Z to A",
        RunOrder.LONGEST_FIRST: "Duration: longest",
        RunOrder.SHORTEST_FIRST: "Duration: shortest",
        RunOrder.MOST_ITEMS: "Items: most",
        RunOrder.FEWEST_ITEMS: "Items: fewest",
        RunOrder.MOST_FAILED: "Failed: most",
        RunOrder.FEWEST_FAILED: "Failed: fewest",
    }
}
CHOSEN, SEEN = "run", "batch-history.running"
SLOW = "Took more than 1.2 times the median of the last 30 completed runs before it."


@errors.part("Running now")
def draw_running(reads: Reads, chosen: Filters) -> None:
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


@errors.part("Runs")
def draw(reads: Reads, chosen: Filters, total: int) -> None:
    at, order = _key(chosen), _order(chosen)
    with watch.panel("Runs", "click a row for details, a header to sort"):
        rows = _rows(reads, chosen)
        shown = _columns(rows, chosen.period.zone)
        tables.draw_page(
            tables.window(at, SHOWN).page(rows, total),
            shown,
            "batch run",
            name="batch_runs",
            at=at,
            on_open=lambda row: show(row.batch_run_id),
            sorting=Sorting(order, sort),
            most=MOST_PAGES,
        )


def _key(chosen: Filters) -> str:
    # Under other filters the list begins at its first page.
    return f"batch-history.runs.{hash((chosen.period, tuple(chosen.chosen.items())))}"


def _order(chosen: Filters) -> RunOrder:
    return chosen.one_of(RunOrder, "sort") or RunOrder.LATEST_FIRST


def _rows(reads: Reads, chosen: Filters) -> list[RunView]:
    window = tables.window(_key(chosen), SHOWN)
    return reads.ask(batch_runs.sort_runs, chosen.runs, _order(chosen), window=window).items


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != RunOrder.LATEST_FIRST else "")


def _columns(rows: Sequence[RunView], zone: str) -> Sequence[TableColumn[RunView]]:
    longest = max((row.duration_ms or 0 for row in rows), default=0) / 60_000
    return [
        columns.moment(
            "Started",
            lambda row: row.started_at,
            zone,
            format="D MMM HH:mm",
            width=110,
            orders={RunOrder.LATEST_FIRST: "↓", RunOrder.OLDEST_FIRST: "↑"},
        ),
        columns.text(
            "Batch job",
            lambda row: row.batch_job,
            orders={RunOrder.JOB: "↑", RunOrder.JOB_BACKWARDS: "↓"},
        ),
        columns.chip(
            "Status",
            lambda row: summary_tables.STATES.get(row.status, row.status),
            summary_tables.COLOURS,
        ),
        columns.bar(
            "Duration",
            _minutes,
            format="%.1f min",
            most=max(longest, 0.001),
            width=130,
            orders={RunOrder.LONGEST_FIRST: "↓", RunOrder.SHORTEST_FIRST: "↑"},
        ),
        columns.text("Median", lambda row: formatting.duration(row.usual_duration_ms), width=70),
        columns.chip(
            "Slow",
            lambda row: "Slow" if row.is_slow else None,
            {"Slow": "orange"},
            width=75,
            help=SLOW,
        ),
        columns.number(
            "Items",
            lambda row: row.total_jobs,
            width=65,
            orders={RunOrder.MOST_ITEMS: "↓", RunOrder.FEWEST_ITEMS: "↑"},
        ),
        columns.number(
            "Failed",
            lambda row: row.failed_jobs,
            width=60,
            orders={RunOrder.MOST_FAILED: "↓", RunOrder.FEWEST_FAILED: "↑"},
        ),
        columns.text("Error", lambda row: in_words(row.error_summary), width=210, is_optional=True),
        columns.text("Run", lambda row: row.batch_run_id, width=150),
    ]


def _minutes(row: RunView) -> float | None:
    return row.duration_ms / 60_000 if row.duration_ms is not None else None


def show(run: str) -> None:
    """Open a run in the drawer, from a callback."""
    st.query_params[CHOSEN] = run


def draw_opened(reads: Reads, chosen: Filters) -> None:
    """Draw the run of the address in the drawer."""
    if wanted := st.query_params.get(CHOSEN):
        ids = [row.batch_run_id for row in _rows(reads, chosen)]
        dialogs.drawer(
            "Batch run",
            partial(_draw_run, reads, wanted, chosen.period.zone),
            on_close=close,
            place=ListPlace(ids, wanted, CHOSEN),
        )


def close() -> None:
    st.query_params.pop(CHOSEN, None)


def _draw_run(reads: Reads, wanted: str, zone: str) -> None:
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
