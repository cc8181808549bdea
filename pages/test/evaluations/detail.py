"""One evaluation: its head with progress and actions, and its sections."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.queries import reports
from core.evaluations.schemas import EvaluationResume, EvaluationStatus, NewScoring
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationView
from core.insights.chains.chain_views import ChainKind
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, sections, state, text
from pages._ui.versions import chain_line
from pages.test.evaluations import (
    address,
    case_section,
    comparison_section,
    figures_section,
    limit_field,
    progress,
    settings_section,
)
from pages.test.evaluations.evaluation_list import COLOURS, status_of

SECTIONS: dict[str, Callable[[EvaluationView], None]] = {
    "Results": figures_section.draw,
    "Cases": case_section.draw,
    "Comparison": comparison_section.draw,
    "Settings": settings_section.draw,
}

STARTED = {"rerun": "Running failed calls again", "rescored": "Scoring answers again"}


def draw() -> None:
    """Draw the evaluation that the address names."""
    frame.back("All evaluations", address.close, "evaluations.back")
    evaluation_id = address.opened()
    try:
        if evaluation_id is None:
            raise NotFound
        with guard.work() as (session, actor):
            found = reports.get_evaluation(session, evaluation_id, actor=actor)
    except NotFound as missing:
        st.title("Evaluations", anchor=False)
        frame.empty_state("fact_check", "Evaluation not found", missing.detail)
        return
    _draw_head(found)
    chain_line.draw(ChainKind.EVALUATION, found.id)
    if found.error:
        st.error(text.plain(found.error), icon=":material/error:")
    limit_field.draw(found)
    _follow(found)
    SECTIONS[sections.choose(SECTIONS, address.SECTION)](found)


def _draw_head(found: EvaluationView) -> None:
    row = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        gap="medium",
    )
    with row.container(gap=None, width="content"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(text.plain(found.name), anchor=False, width="content")
            words = status_of(found)
            st.badge(words, color=COLOURS[words])  # type: ignore[arg-type]  # one of its colours
        progress = found.progress
        is_cut = not found.status.is_going_on and progress.done < progress.total
        facts = (
            formatting.count(len(found.results), "target"),
            settings_section.cases_of(found),
            formatting.count(found.runs, "run") + " each",
            *([f"{progress.done:,} of {progress.total:,} results"] if is_cut else []),
            formatting.cost(found.spent_usd, found.unpriced),
            *([f"by API key {text.one_line(found.key_name)}"] if found.key_name else []),
        )
        st.caption(text.plain(" · ".join(facts)))
    with row.container(horizontal=True, width="content", gap="small"):
        _draw_actions(found)


def _draw_actions(found: EvaluationView) -> None:
    if found.status.is_going_on:
        _button("Cancel", "stop_circle", partial(_change, "cancelled", found.id))
        return
    if found.progress.done < found.progress.total:
        _button("Resume", "play_arrow", partial(_change, "resumed", found.id))
    else:
        if found.progress.failed:
            _button("Rerun failed calls", "replay", partial(_change, "rerun", found.id))
        _button("Score again", "rule", partial(_change, "rescored", found.id))
    if any(target.app is None for target in found.definition_targets):
        _button("Duplicate", "content_copy", partial(address.duplicate, found.id))
    _button("Delete", "delete", partial(_ask_to_delete, found))


def _button(label: str, icon: str, act: Callable[[], None]) -> None:
    st.button(
        label, key=f"evaluations.{label}", icon=f":material/{icon}:", on_click=errors.action(act)
    )


def _change(what: str, evaluation_id: UUID) -> None:
    with guard.work() as (session, actor):
        match what:
            case "cancelled":
                evaluations.cancel(session, evaluation_id, actor=actor)
            case "resumed":
                evaluations.resume(session, evaluation_id, EvaluationResume(), actor=actor)
            case "rerun":
                evaluations.rerun_failed(session, evaluation_id, actor=actor)
            case _:
                evaluations.rescore(session, evaluation_id, NewScoring(), actor=actor)
    # A short one has ended before the page shows that it runs
    if what in STARTED:
        state.toast(STARTED[what])


def _ask_to_delete(found: EvaluationView) -> None:
    results = formatting.count(found.progress.done, "result")
    body = f"{text.plain(found.name)} is deleted with its {results}."
    title, label = "Delete this evaluation?", "Delete evaluation"
    dialogs.confirm(title, body, label, _delete, found.id, key="evaluations.delete")


@errors.action
def _delete(evaluation_id: UUID) -> None:
    with guard.work() as (session, actor):
        evaluations.remove(session, evaluation_id, actor=actor)
    address.close()
    state.toast("Evaluation deleted")


def _follow(found: EvaluationView) -> None:
    def read() -> progress.State:
        with guard.work() as (session, actor):
            now = reports.get_evaluation(session, found.id, actor=actor)
        return status_of(now), now.progress

    if found.status.is_going_on:
        progress.draw(status_of(found), found.progress.done, read)
    elif found.status is EvaluationStatus.CANCELLED and found.finished_at:
        progress.follow_late(found.progress.done, found.finished_at, read)
