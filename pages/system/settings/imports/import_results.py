"""Results of a dry run and of an import: counts, times, rejected rows and samples."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from core.imports.ingest.stores import STORES
from core.imports.parsed import RowKind
from core.imports.schemas import DryRun, ImportView, RowCounts, RowProblem
from core.ingest.rows import in_plain_words
from core.presentation.formatting import count as counted
from core.presentation.periods import DAY, in_address
from pages._ui import columns, frame, links, tables, text
from pages._ui.tables import TableColumn
from pages.system.settings.imports import import_labels

Brought = tuple[RowKind, RowCounts]
MOST_LINES = 6  # of refused rows, before their table scrolls
SHOWN = 90 * DAY  # the longest period that a link opens
# Where imported rows are seen: a page and its filters
PAGES: tuple[tuple[RowKind, str, str, dict[str, str]], ...] = (
    (RowKind.EVENTS, "onboarding", "Onboarding", {}),
    (RowKind.EVENTS, "onboarding", "Events", {"view": "events"}),
    (RowKind.AI_REQUESTS, "ai-metrics", "AI metrics", {}),
    (RowKind.CONVERSATIONS, "tuning", "Conversations", {"view": "conversations"}),
    (RowKind.BATCH_RUNS, "batch-history", "Batch history", {}),
)


def draw_dry_run(dry: DryRun, *, has_rows: bool = False) -> None:
    whole = (
        ", ".join(counted(number, *STORES[kind].words) for kind, number in dry.counts.items())
        or "No rows"
    )
    note = f"of {counted(dry.records, 'record')}"
    frame.section(f"{whole} to import", note if has_rows else f"{note} · nothing stored yet")
    facts = []
    if dry.first_at and dry.last_at:
        facts.append(_span(dry.first_at, dry.last_at))
    facts += [each.words for each in dry.retention]
    for kind, number in dry.duplicates.items():
        facts.append(
            f"Duplicates among the first {counted(dry.compared, 'row')}: "
            f"{counted(number, *STORES[kind].words)}."
        )
    st.caption("  \n".join(text.plain(words) for words in [*facts, *dry.readings]))
    if dry.rejected:
        _draw_problems(dry.problems, dry.rejected)
    if dry.samples:
        frame.section("Preview", "first rows as stored")
        rows = [
            {name: _cell(each.row[name]) for name in sorted(each.row, key=_place)}
            for each in dry.samples
        ]
        alt = "First rows as stored"
        tables.draw(rows, columns.of_cells(rows), alt, key="imports.samples", placeholder="")


def _cell(value: Any) -> str:  # noqa: ANN401  a value of any JSON type
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def draw_brought(found: ImportView) -> None:
    """Draw the imported rows, or why there are none."""
    if (words := import_labels.nothing_new(found)) is not None:
        st.info(text.plain(words), icon=":material/info:")
    shown: Sequence[TableColumn[Brought]] = [
        columns.text("Type", lambda row: text.capitalized(STORES[row[0]].words[1])),
        columns.number("New", lambda row: row[1].accepted),
        columns.number("Duplicates", lambda row: row[1].duplicates),
        columns.number("Rejected", lambda row: row[1].rejected),
    ]
    tables.draw(list(found.counts.items()), shown, "Imported rows", key="imports.brought")
    if found.first_at and found.last_at:
        st.caption(
            f"{_span(found.first_at, found.last_at)} Environment: {text.plain(found.environment)}."
        )
    _link_pages(found)
    if found.problems:
        _draw_problems(found.problems, sum(count.rejected for count in found.counts.values()))


def _link_pages(found: ImportView) -> None:
    """Link the pages that show these rows, opened at the last of their times."""
    if not found.first_at or not found.last_at:
        return
    period = {
        "start": in_address(max(found.first_at, found.last_at - SHOWN)),
        # The end is exclusive, and an address has whole minutes
        "end": in_address(found.last_at + timedelta(minutes=1)),
    }
    with st.container(horizontal=True):
        for kind, page, name, filters in PAGES:
            if kind in found.counts:
                links.draw(
                    page,
                    f"View in {name}",
                    icon="arrow_forward",
                    environment=found.environment,
                    **period,
                    **filters,
                )


def _draw_problems(problems: list[RowProblem], number: int) -> None:
    if problems and problems[-1].is_file_end:
        records = counted(problems[-1].position - 1, "record")
        st.warning(
            f"This file breaks off after {records}: the rest is missing. Import the whole file "
            "instead.",
            icon=":material/warning:",
        )
    frame.section(
        counted(number, "row") + " rejected",
        f"first {len(problems)}" if number > len(problems) else "",
    )
    rows = [
        {"Line": each.line, "Record": each.position, "Error": in_plain_words(each.error)}
        for each in problems
    ]
    tables.draw(
        rows, columns.of_cells(rows), "Rejected rows", key="imports.refused", most=MOST_LINES
    )


def _place(field: str) -> tuple[bool, bool, str]:
    """Return the sort key of a field: the time first, generated IDs last."""
    return field == "id", field != "created_at", field


def _span(first_at: datetime, last_at: datetime) -> str:
    return f"From {first_at:%-d %b %Y %H:%M} to {last_at:%-d %b %Y %H:%M} UTC."
