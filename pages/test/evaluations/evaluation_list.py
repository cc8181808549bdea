"""The list of evaluations."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.database.paging import Page
from core.evaluations.figures.figure_texts import written
from core.evaluations.queries import reports
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.views import EvaluationListItem, EvaluationProgress, EvaluationView
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, errors, frame, guard, sections, tables
from pages._ui.tables import TableColumn
from pages.test.evaluations import address, progress, trend_view

AT, SHOWN = "evaluations.list", 50
EVALUATIONS, TREND = "Evaluations", "Trend over versions"
COLOURS = {
    "Pending": "gray",
    "Waiting": "violet",
    "Running": "blue",
    "Completed": "green",
    "All calls failed": "red",
    "Failed": "red",
    "Cancelled": "orange",
}


def draw() -> None:
    with frame.header("Evaluations", "Prompts, models, services and apps over the same cases"):
        st.button(
            "New evaluation", icon=":material/add:", type="primary", on_click=address.show_form
        )
    view = sections.choose((EVALUATIONS, TREND), "evaluations.view")
    if view == TREND:
        trend_view.draw()
        return
    _draw_list(_read())


def _read() -> Page[EvaluationListItem]:
    with guard.work() as (session, actor):
        return reports.list_evaluations(session, tables.window(AT, SHOWN), actor=actor)


@errors.part("Evaluations")
def _draw_list(found: Page[EvaluationListItem]) -> None:
    if not found.total_count:
        frame.empty_state(
            "fact_check",
            "No evaluations yet",
            "An evaluation has up to six targets answer the same cases, and scores the answers.",
        )
        return
    st.caption(f"{formatting.count(found.total_count, 'evaluation')} · click a row to open it")
    if going_on := _going_on(found):
        progress.draw_together(going_on, lambda: _going_on(_read()))
    tables.draw_page(found, _columns(), "evaluation", name="evaluations", at=AT, on_open=_open)


def _going_on(found: Page[EvaluationListItem]) -> dict[UUID, EvaluationProgress]:
    return {item.id: item.progress for item in found.items if item.status.is_going_on}


def _open(row: EvaluationListItem) -> None:
    address.show(row.id)


def status_of(row: EvaluationListItem | EvaluationView) -> str:
    return status_text(row.status, row.progress)


def status_text(status: EvaluationStatus, told: EvaluationProgress) -> str:
    """Return the status in words: completed, unless nothing has been answered."""
    if status is EvaluationStatus.COMPLETED and told.failed == told.total:
        return "All calls failed"
    return "Waiting" if told.is_waiting else status.capitalize()


def _rates(row: EvaluationListItem) -> str:
    if row.status is EvaluationStatus.PENDING:
        return "–"
    if not row.rates:
        return "–"
    if len(row.rates) == 1:
        return written(row.rates[0])
    return ", ".join(formatting.share(rate.value) for rate in row.rates)  # as the targets stand


def _columns() -> Sequence[TableColumn[EvaluationListItem]]:
    return [
        columns.text("Name", lambda row: row.name, width=230),
        columns.chip("Status", status_of, COLOURS, width=110),
        columns.text("Targets", lambda row: ", ".join(row.targets), width=160),
        columns.figure("Pass rate", _rates, width=225),
        columns.figure("Cases × runs", lambda row: f"{row.cases} × {row.runs}", width=90),
        columns.number("Failed calls", lambda row: row.progress.failed, width=80),
        columns.figure("Cost", lambda row: formatting.cost(row.spent_usd, row.unpriced), width=110),
        columns.moment("Started", lambda row: row.created_at, workspace.zone()),
    ]
