"""The form of a new evaluation: targets, cases, scorers, runs, an estimate, and the start."""

from typing import Any

import streamlit as st

from core.errors import Invalid
from core.evaluations import estimates
from core.evaluations.schemas import MOST_TARGETS, NewEvaluation
from core.evaluations.service import evaluations
from pages._ui import errors, frame, guard, state
from pages.test.evaluations import address
from pages.test.evaluations.form import (
    case_fields,
    earlier_evaluation,
    gate_fields,
    prefill,
    run_fields,
    scorer_fields,
    target_choices,
    target_fields,
)

AT = "evaluations.new"
NAME, TARGETS = f"{AT}.name", target_fields.COUNT
NOT_COPIED = f"{AT}.not_copied"


def draw() -> None:
    frame.back("All evaluations", address.close, "evaluations.back")
    st.title("New evaluation", anchor=False)
    if NAME not in st.session_state:
        # Streamlit has dropped the fields meanwhile: what was filled in, and all rows but the first
        state.forget(TARGETS, scorer_fields.COUNT, prefill.DONE)
    gated = gate_fields.find()
    if prefill.is_due():
        _prefill(gated)
    if missing := state.get(NOT_COPIED, ""):
        st.info(f"Not copied: {missing}.", icon=":material/info:")
    st.text_input("Name", key=NAME, max_chars=200, placeholder="Refund questions", width=420)
    if gated is None:
        _draw_fields()
    else:
        gate_fields.draw(gated)
    frame.section("Runs and cost")
    run_fields.draw(AT)
    with st.container(horizontal=True, gap="small"):
        st.button("Start evaluation", type="primary", icon=":material/play_arrow:", on_click=start)
        st.button("Estimate", icon=":material/calculate:", on_click=estimate)


def _prefill(gated: gate_fields.GateEntry | None) -> None:
    """Fill in what the address asks for."""
    state.forget(NOT_COPIED)
    if gated is not None:
        state.put(NAME, gated.asked.name)
    elif (earlier := earlier_evaluation.find()) is not None:
        state.put(NAME, earlier.found.name)
        state.put(NOT_COPIED, earlier_evaluation.fill(earlier, AT))
    else:
        prefill.fill(NAME)


def _draw_fields() -> None:
    choices = target_choices.read()
    state.seed(TARGETS, 1)
    count = state.get(TARGETS, 1)
    frame.section("Targets", "each answers every case; for your own app, use attune_client")
    for number in range(1, count + 1):
        with st.container(border=True, gap="small"):
            target_fields.draw(f"target {number}", choices)
    with st.container(horizontal=True, gap="small"):
        if count < MOST_TARGETS:
            st.button("Add target", icon=":material/add:", on_click=_add, args=(count,))
        if count > 1:
            st.button("Remove target", icon=":material/remove:", on_click=_count, args=(count - 1,))
    frame.section("Cases")
    case_fields.draw()
    frame.section("Scorers", "of every case, besides its own scorers")
    scorer_fields.draw()


def _add(count: int) -> None:
    """Add a target like the last one: as a rule one thing is changed, such as the version."""
    target_fields.copy(f"target {count}", f"target {count + 1}")
    _count(count + 1)


def _count(count: int) -> None:
    state.put(TARGETS, count)


def _new() -> NewEvaluation:
    """Return the evaluation as entered; raise Invalid."""
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("Enter a name.")
    return run_fields.validated(NewEvaluation, {**_fields(), **run_fields.read(AT), "name": name})


def _fields() -> dict[str, Any]:
    """Return targets, cases and scorers as entered, or those of a gate."""
    if (gated := gate_fields.find()) is not None:
        return gate_fields.read(gated)
    numbers = range(1, state.get(TARGETS, 1) + 1)
    found = {
        "targets": [target_fields.read(f"target {number}") for number in numbers],
        **scorer_fields.read(),
        **case_fields.read(),
    }
    if not found["scorers"]:
        case_fields.check_expected(found, "Add a scorer, or")
    return found


@errors.action
def start() -> None:
    new = _new()
    with guard.work() as (session, actor):
        evaluation_id = evaluations.start(session, new, actor=actor)
    state.forget(NAME, TARGETS, prefill.DONE)
    run_fields.forget(AT)
    address.show(evaluation_id)
    state.toast("Evaluation started")


@errors.action
def estimate() -> None:
    new = _new()
    with guard.work() as (session, actor):
        run_fields.show_estimate(AT, estimates.estimate(session, new, actor=actor))
