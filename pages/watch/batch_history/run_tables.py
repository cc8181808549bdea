"""Batch jobs, their phases and what they failed with, in tables."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.batches.answers import JobFigures, Phase, RunCounts, RunFailure, Strip
from core.presentation import words
from pages._ui import filters, tables, text, watch
from pages.watch.batch_history import run_list

column = st.column_config
MOST_ROWS = 7
STATES = {"completed": "Completed", "running": "Running", "partial": "Partial", "failed": "Failed", "lost": "Lost"}
COLOURS = ["green", "blue", "orange", "red", "red"]
STATUS = column.MultiselectColumn(options=list(STATES.values()), color=COLOURS, width=100)


def interval(found: RunCounts) -> str:
    """Return how sure a success rate is."""
    known = found.interval
    if known.low is None or known.high is None:
        return f"{words.count(known.n, 'finished run')}, not enough for an interval."
    return f"{words.share(known.low)} to {words.share(known.high)} (95% interval), {words.count(known.n, 'finished run')}."


def said_of(strip: Strip) -> str:
    """Return a batch job's name, and how its runs of a strip ended."""
    ended = Counter(run.status for run in strip.runs)
    counted = {"failed": ended["failed"], "partial": ended["partial"], "lost": ended["lost"]}
    facts = [words.count(len(strip.runs), "run"), *(f"{count} {name}" for name, count in counted.items() if count)]
    facts += [] if any(counted.values()) else ["none failed"]
    slow = sum(run.is_slow for run in strip.runs)
    facts += [f"{slow} slow"] if slow else []
    return f"{text.plain(strip.batch_job)}  \n:gray[:small[{text.plain(' · '.join(facts))}]]"


def draw_failures(found: Sequence[RunFailure], zone: str, *, may_read: bool) -> None:
    """Draw what runs failed with; one that is selected is opened."""
    silent = "(no message)" if may_read else "(hidden for your role)"
    with watch.panel("Failures", "by error, latest first · select a row to open the latest run"):
        if not found:
            st.caption("No failed runs in this period.")
            return
        table = pd.DataFrame(
            {
                "Error": [each.summary or silent for each in found],
                "Runs": [each.runs for each in found],
                "Last": [words.moment(each.last_at, zone) for each in found],
                "Batch job": [each.batch_job for each in found],
                "Failed items": [each.failed_jobs for each in found],
            }
        )
        columns = {
            "Error": column.TextColumn(width=600),
            "Runs": column.NumberColumn(width=60),
            "Last": column.TextColumn(width=100),
            "Failed items": column.NumberColumn(format="localized", width=90),
        }

        def picked(number: int) -> None:
            run_list.show(found[number].last_run)

        alt = words.count(len(found), "failure")
        tables.show(table, alt, key="batch-history.failures", columns=columns, most=MOST_ROWS, on_pick=picked)


def draw_jobs(jobs: Sequence[JobFigures], page: str) -> None:
    """Draw the batch jobs; one that is selected becomes a filter."""
    with watch.panel("Batch jobs", "success rate with 95% interval · select a row to filter"):
        table = pd.DataFrame(
            {
                "Batch job": [each.batch_job for each in jobs],
                "Last status": [[STATES.get(each.last_status, each.last_status)] for each in jobs],
                "Success rate": [each.success_rate * 100 if each.success_rate is not None else None for each in jobs],
                "95% interval": [short_interval(each) for each in jobs],
                "Runs": [each.runs for each in jobs],
                "Median": [words.duration(each.p50_duration_ms) for each in jobs],
                "p95": [words.duration(each.p95_duration_ms) for each in jobs],
            }
        )
        columns = {
            "Last status": STATUS,
            "Success rate": column.NumberColumn(format="%.1f%%", width=95),
            "95% interval": column.TextColumn(width=95),
            "Runs": column.NumberColumn(format="localized", width=60),
            **{name: column.TextColumn(width=75) for name in ("Median", "p95")},
        }

        def picked(number: int) -> None:
            filters.put(page, job=jobs[number].batch_job)

        alt = words.count(len(jobs), "batch job")
        tables.show(table, alt, key=f"{page}.jobs", columns=columns, most=MOST_ROWS, on_pick=picked)


def short_interval(found: RunCounts) -> str:
    """Return an interval for the cell of a table."""
    known = found.interval
    if known.low is None or known.high is None:
        return f"n = {known.n}"
    return f"{known.low * 100:.0f} to {known.high * 100:.0f}%"


def draw_phases(phases: Sequence[Phase]) -> None:
    """Draw the phases of a batch job beside those of the period before."""
    table = pd.DataFrame(
        {
            "Phase": [each.phase for each in phases],
            "Median": [words.duration(each.p50_ms) for each in phases],
            "Previous": [words.duration(each.previous.p50_ms) for each in phases],
            "p95": [words.duration(each.p95_ms) for each in phases],
        }
    )
    tables.show(table, "Phases", key="batch-history.phase-table", most=MOST_ROWS)
