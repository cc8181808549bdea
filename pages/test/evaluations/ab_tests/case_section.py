"""The cases of an A/B test, the most different or the worst first, and both answers to each."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.ab_tests.queries.results import get_case, list_cases
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbCaseOrder, AbCaseRow, AbTestView, CaseAnswers
from core.errors import NotFound
from core.presentation import formatting
from pages._ui import columns, frame, guard, tables, text
from pages._ui.tables import TableColumn
from pages.test.evaluations import case_answers, detail_address

SHOWN = 25
ORDERS = {AbCaseOrder.DIFFERENT: "Most different first", AbCaseOrder.WORST: "Worst first"}


def draw(found: AbTestView) -> None:
    case_id = detail_address.opened_case()
    if case_id is not None:
        _draw_case(found, case_id)
        return
    at = f"ab_tests.cases.{found.id}"
    order = st.segmented_control(
        "Order",
        list(ORDERS),
        default=AbCaseOrder.DIFFERENT,
        required=True,
        key=f"{at}.order",
        format_func=ORDERS.__getitem__,
        label_visibility="collapsed",
        persist_state="session",
    )
    order = order or AbCaseOrder.DIFFERENT
    at = f"{at}.{order}"
    with guard.work() as (session, actor):
        page = list_cases(session, found.id, tables.window(at, SHOWN), order=order, actor=actor)
    if not page.total_count:
        frame.empty_state("hourglass", "No answers yet", "Cases appear when a run has ended.")
        return

    def open_(row: AbCaseRow) -> None:
        detail_address.show_case(row.id)

    st.caption(f"{formatting.count(page.total_count, 'case')} · click to open")
    tables.draw_page(page, _columns(), "case", name="ab_tests.cases", at=at, on_open=open_)


def _columns() -> Sequence[TableColumn[AbCaseRow]]:
    return [
        columns.number("Case", lambda row: row.position, width=55),
        columns.text("Question", lambda row: row.question, width=230),
        columns.text("Quality of A", lambda row: _quality(row.A), width=110),
        columns.text("Quality of B", lambda row: _quality(row.B), width=110),
        columns.number("A − B", lambda row: row.difference, format="%+.2f", width=80),
        columns.figure("Time of A", lambda row: _time(row.A), width=90),
        columns.figure("Time of B", lambda row: _time(row.B), width=90),
        columns.tags("Tags", lambda row: row.tags, width=120),
    ]


def _quality(answers: CaseAnswers) -> str:
    parts = [] if answers.quality is None else [f"{answers.quality:.2f}"]
    if answers.failed:
        parts.append(formatting.count(answers.failed, "failed call"))
    return " · ".join(parts) or "not scored"


def _time(answers: CaseAnswers) -> str:
    return formatting.duration(answers.response_time_ms)


def _draw_case(found: AbTestView, case_id: UUID) -> None:
    frame.back("All cases", detail_address.close_case, "ab_tests.case.back")
    try:
        with guard.work() as (session, actor):
            case = get_case(session, found.id, case_id, actor=actor)
    except NotFound as missing:
        frame.empty_state("alt_route", "Case not found", missing.detail)
        return
    case_answers.draw_question(case)
    grid = st.grid(2, min_column_width=320, gap="medium")
    for variant, named in zip(VariantId, found.variants, strict=True):
        with grid.cell():
            frame.section(f"{variant}: {text.plain(text.one_line(named.name))}")
            for run in case.runs:
                if run.target == variant.target:
                    case_answers.draw_run(run)
