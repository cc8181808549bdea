"""The cases of an evaluation, the worst first, and each run behind them."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.queries import reports, results
from core.evaluations.queries.figures import ENDED
from core.evaluations.views import CaseFigures, CaseRow, CaseView, EvaluationView
from core.presentation import formatting
from pages._ui import columns, frame, guard, sections, tables, text
from pages._ui.tables import TableColumn
from pages.test.evaluations import case_actions, case_answers, detail_address

SHOWN = 25


def draw(found: EvaluationView) -> None:
    case_id = detail_address.opened_case()
    if case_id is not None:
        _draw_case(found, case_id)
        return
    at = f"evaluations.cases.{found.id}"
    tags = sorted({tag.tag for target in found.results for tag in target.by_tag})
    tag = (
        st.selectbox(
            "Tag",
            tags,
            index=None,
            placeholder="All",
            key=f"{at}.tag",
            width=200,
            persist_state="session",
        )
        if tags
        else None
    )
    window = tables.window(f"{at}.{tag}", SHOWN)
    with guard.work() as (session, actor):
        page = results.list_cases(
            session, found.id, actor=actor, limit=window.limit, offset=window.offset, tag=tag
        )
    if not page.total_count:
        frame.empty_state("hourglass", "No results yet", "Cases appear as answers are scored.")
        return

    def open_(row: CaseRow) -> None:
        detail_address.show_case(row.id)

    st.caption(f"{formatting.count(page.total_count, 'case')}, the worst first · click to open")
    table = _columns(found)
    tables.draw(page.items, table, "Cases, the worst first", key=f"{at}.table", on_open=open_)
    tables.draw_pages(page.total_count, SHOWN, f"{at}.{tag}")


def _columns(found: EvaluationView) -> Sequence[TableColumn[CaseRow]]:
    def cell(number: int) -> TableColumn[CaseRow]:
        def value(row: CaseRow) -> str:
            return _outcome(next((it for it in row.figures if it.target == number), None))

        label = f"{number}. {text.one_line(found.results[number - 1].title)}"
        return columns.text(label, value, width=160)

    return [
        columns.number("Case", lambda row: row.position, width=55),
        columns.text("Question", lambda row: row.question, width=230),
        *(cell(number) for number in range(1, len(found.results) + 1)),
        columns.tags("Tags", lambda row: row.tags, width=120),
    ]


def _outcome(figures: CaseFigures | None) -> str:
    if figures is None:
        return "–"
    parts = [f"{figures.passed} of {figures.scored} passed"] if figures.scored else []
    if figures.failed:
        parts.append(formatting.count(figures.failed, "failed call"))
    return " · ".join(parts) or "not scored"


def _draw_case(found: EvaluationView, case_id: UUID) -> None:
    if detail_address.is_compared():
        frame.back("Back to comparison", _close_compared, "evaluations.case.back")
    else:
        frame.back("All cases", detail_address.close_case, "evaluations.case.back")
    try:
        with guard.work() as (session, actor):
            case = results.get_case(session, found.id, case_id, actor=actor)
    except NotFound as missing:
        frame.empty_state("fact_check", "Case not found", missing.detail)
        return
    case_answers.draw_question(case)
    _draw_runs(found, case)
    if opened := detail_address.opened_baseline():
        _draw_baseline(*opened)


def _close_compared() -> None:
    detail_address.close_case()
    sections.show("Comparison")


def _draw_baseline(evaluation_id: UUID, case_id: UUID) -> None:
    """Draw the answers to the same case in the evaluation that this one is compared with."""
    try:
        with guard.work() as (session, actor):
            baseline = reports.get_item(session, evaluation_id, actor=actor)
            case = results.get_case(session, evaluation_id, case_id, actor=actor)
    except NotFound as missing:
        st.caption(f"Baseline: {text.plain(missing.detail)}")
        return
    for number, title in enumerate(baseline.targets, 1):
        frame.section(
            f"Baseline: {text.plain(text.one_line(title))}",
            text.plain(text.one_line(baseline.name)),
        )
        for run in (it for it in case.runs if it.target == number):
            case_answers.draw_run(run)


def _draw_runs(found: EvaluationView, case: CaseView) -> None:
    for number, target in enumerate(found.results, 1):
        frame.section(text.plain(text.one_line(target.title)))
        for run in (it for it in case.runs if it.target == number):
            case_answers.draw_run(run)
            if run.status in ENDED and not run.passed:
                case_actions.draw(found, case.id, run)
