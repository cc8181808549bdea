"""What a case asks and expects, and a run of it: the answer, and what scored it."""

import streamlit as st

from core.evaluations.runs import personality
from core.evaluations.schemas import ResultStatus
from core.evaluations.views import CaseView, EvaluationRunView
from core.insights.chains.chain_views import ChainKind
from core.presentation import formatting
from core.scoring.schemas import ScoreResult
from pages._ui import frame, markdown, text
from pages._ui.versions import chain_line


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
