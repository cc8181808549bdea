"""Batch runs in a table."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.batches.error_summaries import in_words
from core.batches.queries import batch_runs
from core.batches.views import RunOrder, RunView
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, tables, watch
from pages._ui.cache import Reads
from pages._ui.dialogs import ListPlace
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters, Offers
from pages._ui.tables import Sorting, TableColumn
from pages.watch.batch_history import run_detail, run_drawer, summary_tables

SHOWN, MOST_PAGES = 15, 100
LONG_MS = 90_000  # from here on, runs are in minutes
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
SLOW = "Took more than 1.2 times the median of the last 30 completed runs before it."


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
            on_open=lambda row: run_drawer.show(row.batch_run_id),
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
    longest = max((row.duration_ms or 0 for row in rows), default=0)
    in_minutes = (formatting.MINUTE_MS, "%.1f min")
    unit, format = in_minutes if longest >= LONG_MS else columns.duration_unit([longest])
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
            lambda row: row.duration_ms / unit if row.duration_ms is not None else None,
            format=format,
            most=max(longest / unit, 0.001),
            width=130,
            orders={RunOrder.LONGEST_FIRST: "↓", RunOrder.SHORTEST_FIRST: "↑"},
        ),
        columns.figure("Median", lambda row: formatting.duration(row.usual_duration_ms), width=70),
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


def draw_opened(reads: Reads, chosen: Filters) -> None:
    """Draw the run of the address in the drawer."""
    if wanted := st.query_params.get(run_drawer.CHOSEN):
        # The rows of the table below, which then takes them from the cache
        ids = [row.batch_run_id for row in _rows(reads, chosen)]
        dialogs.drawer(
            "Batch run",
            partial(run_detail.draw, reads, wanted, chosen.period.zone),
            on_close=run_drawer.close,
            place=ListPlace(ids, wanted, run_drawer.CHOSEN),
        )
