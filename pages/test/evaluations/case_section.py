"""The cases of an evaluation, the worst first, and each run behind them."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.queries import reports, results
from core.evaluations.queries.figures import ENDED
from core.evaluations.runs import personality
from core.evaluations.schemas import ResultStatus
from core.evaluations.views import (
    CaseFigures,
    CaseRow,
    CaseView,
    EvaluationRunView,
    EvaluationView,
)
from core.insights.chains.chain_views import ChainKind
from core.presentation import formatting
from core.scoring.schemas import ScoreResult
from pages._ui import columns, frame, guard, markdown, tables, text
from pages._ui.tables import TableColumn
from pages._ui.versions import chain_line
from pages.test.evaluations import case_actions, detail_address

SHOWN = 25


def draw(found: EvaluationView) -> None:
    case_id = detail_address.opened_case()
    if case_id is not None:
        _draw_case(found, case_id)
        return
    at = f"evaluations.cases.{found.id}"
    tags = sorted({tag.tag for target in found.results for tag in target.by_tag})
    tag = (
        st.selectbox("Tag", tags, index=None, placeholder="All", key=f"{at}.tag", width=200)
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
    frame.back("All cases", detail_address.close_case, "evaluations.case.back")
    try:
        with guard.work() as (session, actor):
            case = results.get_case(session, found.id, case_id, actor=actor)
    except NotFound as missing:
        frame.empty_state("fact_check", "Case not found", missing.detail)
        return
    draw_question(case)
    _draw_runs(found, case)
    if opened := detail_address.opened_baseline():
        _draw_baseline(*opened)


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
            draw_run(run)


def draw_question(case: CaseView) -> None:
    """Draw what a case asks and expects."""
    frame.section(f"Case {case.position}", text.plain(", ".join(case.tags)))
    if case.case_id is not None:
        chain_line.draw(ChainKind.CASE, case.case_id)
    for message in case.messages:
        with st.chat_message("user" if message.role == "user" else "assistant"):
            markdown.draw(message.content)
    if case.reference:
        frame.section("Reference")
        markdown.draw(case.reference)


def _draw_runs(found: EvaluationView, case: CaseView) -> None:
    for number, target in enumerate(found.results, 1):
        frame.section(text.plain(text.one_line(target.title)))
        for run in (it for it in case.runs if it.target == number):
            draw_run(run)
            if run.status in ENDED and not run.passed:
                case_actions.draw(found, case.id, run)


def draw_run(run: EvaluationRunView) -> None:
    """Draw a run of a case in a frame: its answer, and what scored it."""
    with st.container(border=True, gap="small"):
        _draw_run(run)


def _draw_run(run: EvaluationRunView) -> None:
    facts = [f"run {run.run}", formatting.duration(run.latency_ms), formatting.money(run.cost_usd)]
    st.markdown(f"{_badge(run)} :gray[:small[{text.plain(' · '.join(facts))}]]")
    for number, earlier in enumerate(run.earlier, 1):
        st.caption(f"Answer to turn {number}")
        markdown.draw(earlier)
    if run.text:
        if run.earlier:
            st.caption(f"Answer to turn {len(run.earlier) + 1}")
        markdown.draw(run.text)
    if run.error:
        st.markdown(f":red[:material/error:] {text.plain(run.error)}")
    for score in run.scores:
        (_draw_traits if score.kind == personality.KIND and score.details else _draw_score)(score)


def _draw_score(score: ScoreResult) -> None:
    mark = {True: ":green[passed]", False: ":red[failed]", None: ":gray[not scored]"}
    shown = "" if score.score is None else f" {score.score:.2f}"
    reason = text.plain(text.one_line(score.reason))
    name = text.plain(text.one_line(score.name))
    st.markdown(f"{mark[score.passed]} **{name}**{shown} :gray[:small[{reason}]]")


def _draw_traits(analysis: ScoreResult) -> None:
    """Draw how an answer sounds."""
    named = (
        f"{name.removesuffix('_score').replace('_', ' ')} {value}"
        for name, value in analysis.details.items()
    )
    traits = text.plain(", ".join(named)).capitalize()
    st.markdown(f"{traits} :gray[:small[{text.plain(text.one_line(analysis.reason))}]]")


def _badge(run: EvaluationRunView) -> str:
    if run.status is ResultStatus.FAILED:
        return ":red-badge[Call failed]"
    if run.status is not ResultStatus.COMPLETED:
        return ":gray-badge[Waiting]"
    if run.passed is None:
        return ":gray-badge[Not scored]"
    return ":green-badge[Passed]" if run.passed else ":orange-badge[Not passed]"
