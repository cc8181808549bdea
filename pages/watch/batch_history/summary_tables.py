"""Batch jobs, their phases and failures in tables."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.batches.views import JobFigures, Phase, RunCounts, RunFailure, RunStrip
from core.presentation import formatting
from pages._ui import columns, tables, text, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn
from pages.watch.batch_history import run_drawer

MOST_ROWS = 7
STATES = {
    "completed": "Completed",
    "running": "Running",
    "partial": "Partial",
    "failed": "Failed",
    "lost": "Lost",
}
COLOURS = {
    "Completed": "green",
    "Running": "blue",
    "Partial": "orange",
    "Failed": "red",
    "Lost": "red",
}


def interval(found: RunCounts) -> str:
    """Return the interval of a success rate in words."""
    known = found.interval
    if known.low is None or known.high is None:
        return f"{formatting.count(known.n, 'finished run')}, not enough for an interval."
    return (
        f"{formatting.share(known.low)} to {formatting.share(known.high)} (95% interval), "
        f"{formatting.count(known.n, 'finished run')}."
    )


def strip_text(strip: RunStrip) -> str:
    """Return a batch job's name with the outcome of its runs."""
    ended = Counter(run.status for run in strip.runs)
    counted = {"failed": ended["failed"], "partial": ended["partial"], "lost": ended["lost"]}
    facts = [
        formatting.count(len(strip.runs), "run"),
        *(f"{count} {name}" for name, count in counted.items() if count),
    ]
    facts += [] if any(counted.values()) else ["none failed"]
    slow = sum(run.is_slow for run in strip.runs)
    facts += [f"{slow} slow"] if slow else []
    return f"{text.plain(strip.batch_job)}  \n:gray[:small[{text.plain(' · '.join(facts))}]]"


def draw_failures(found: Sequence[RunFailure], zone: str, *, may_read: bool) -> None:
    """Draw failures by error; a click opens the latest run."""
    silent = "(no message)" if may_read else "(hidden for your role)"
    with watch.panel("Failures", "by error, latest first · click a row to open the latest run"):
        if not found:
            st.caption("No failed runs in this period.")
            return
        shown: Sequence[TableColumn[RunFailure]] = [
            columns.text("Error", lambda row: row.summary or silent, width=600),
            columns.number("Runs", lambda row: row.runs, width=60),
            columns.text("Last", lambda row: formatting.moment(row.last_at, zone), width=100),
            columns.text("Batch job", lambda row: row.batch_job),
            columns.number("Failed items", lambda row: row.failed_jobs, width=90),
        ]
        alt = formatting.count(len(found), "failure")
        tables.draw(
            found,
            shown,
            alt,
            key="batch-history.failures",
            most=MOST_ROWS,
            on_open=lambda row: run_drawer.show(row.last_run),
        )


def draw_jobs(jobs: Sequence[JobFigures], page: str) -> None:
    """Draw the batch jobs; a click filters the page."""
    shown: Sequence[TableColumn[JobFigures]] = [
        columns.text("Batch job", lambda row: row.batch_job),
        columns.chip(
            "Last status", lambda row: STATES.get(row.last_status, row.last_status), COLOURS
        ),
        columns.percent("Success rate", lambda row: row.success_rate, format="%.1f%%", width=95),
        columns.figure("95% interval", short_interval, width=95),
        columns.number("Runs", lambda row: row.runs, width=60),
        columns.figure("Median", lambda row: formatting.duration(row.p50_duration_ms), width=75),
        columns.figure("p95", lambda row: formatting.duration(row.p95_duration_ms), width=75),
    ]

    def filter_by(row: JobFigures) -> None:
        filter_state.put(page, job=row.batch_job)

    with watch.panel("Batch jobs", "success rate with 95% interval · click a row to filter"):
        alt = formatting.count(len(jobs), "batch job")
        tables.draw(jobs, shown, alt, key=f"{page}.jobs", most=MOST_ROWS, on_open=filter_by)


def short_interval(found: RunCounts) -> str:
    """Return the interval of a success rate for a table cell."""
    known = found.interval
    if known.low is None or known.high is None:
        return f"n = {known.n}"
    return f"{known.low * 100:.0f} to {known.high * 100:.0f}%"


def draw_phases(phases: Sequence[Phase]) -> None:
    """Draw phases with the previous period."""
    shown: Sequence[TableColumn[Phase]] = [
        columns.text("Phase", lambda row: row.phase, widest=150),
        columns.figure("Median", lambda row: formatting.duration(row.p50_ms)),
        columns.figure("Previous", lambda row: formatting.duration(row.previous.p50_ms)),
        columns.figure("p95", lambda row: formatting.duration(row.p95_ms)),
    ]
    tables.draw(phases, shown, "Phases", key="batch-history.phase-table", most=MOST_ROWS)
