"""The form of a new evaluation: targets, cases, scorers, runs, an estimate, and the start."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.evaluations import estimates
from core.evaluations.schemas import MOST_RUNS, MOST_TARGETS, NewEvaluation
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationEstimate
from core.presentation import formatting
from pages._ui import errors, frame, guard, state, text
from pages.test.evaluations import (
    address,
    case_fields,
    gate_fields,
    prefill,
    scorer_fields,
    target_fields,
)

NAME, RUNS, LIMIT, ESTIMATE = (
    "evaluations.new.name",
    "evaluations.new.runs",
    "evaluations.new.limit",
    "evaluations.new.estimate",
)
TARGETS = "evaluations.new.targets"


def draw() -> None:
    frame.back("All evaluations", address.close, "evaluations.back")
    st.title("New evaluation", anchor=False)
    gated = gate_fields.find()
    if prefill.is_due():
        if gated is None:
            prefill.fill(NAME)
        else:
            state.put(NAME, gated.asked.name)
    st.text_input("Name", key=NAME, max_chars=200, placeholder="Refund questions", width=420)
    if gated is None:
        _draw_fields()
    else:
        gate_fields.draw(gated)
    frame.section("Runs and cost")
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.number_input("Runs of each case", 1, MOST_RUNS, 1, key=RUNS, width=160)
        st.number_input(
            "Cost limit in US dollars",
            min_value=0.0,
            value=None,
            key=LIMIT,
            placeholder="None",
            help="Calls stop when this much is spent. Needs models with prices.",
            width=220,
        )
    _draw_estimate()
    with st.container(horizontal=True, gap="small"):
        st.button("Start evaluation", type="primary", icon=":material/play_arrow:", on_click=start)
        st.button("Estimate", icon=":material/calculate:", on_click=estimate)


def _draw_fields() -> None:
    choices = target_fields.read_choices()
    state.seed(TARGETS, 1)
    count = state.get(TARGETS, 1)
    frame.section("Targets", "each answers every case; for your own app, use attune_client")
    for number in range(1, count + 1):
        with st.container(border=True, gap="small"):
            target_fields.draw(number, choices)
    with st.container(horizontal=True, gap="small"):
        if count < MOST_TARGETS:
            st.button("Add target", icon=":material/add:", on_click=_count, args=(count + 1,))
        if count > 1:
            st.button("Remove target", icon=":material/remove:", on_click=_count, args=(count - 1,))
    frame.section("Cases")
    case_fields.draw()
    frame.section("Scorers", "of every case, besides its own assertions")
    scorer_fields.draw()


def _count(count: int) -> None:
    state.put(TARGETS, count)


def _new() -> NewEvaluation:
    """Return the evaluation as entered; raise Invalid."""
    name = state.get(NAME, "").strip()
    if not name:
        raise Invalid("Enter a name.")
    limit: float | None = state.get(LIMIT, None)
    given: dict[str, Any] = {
        **_fields(),
        "name": name,
        "runs": state.get(RUNS, 1),
        "cost_limit_usd": f"{limit:.6f}" if limit else None,
    }
    try:
        return NewEvaluation.model_validate(given)
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        words = str(first["msg"]).removeprefix("Value error, ")
        raise Invalid(f"{where}: {words}" if where else words) from None


def _fields() -> dict[str, Any]:
    """Return targets, cases and scorers as entered, or those of a gate."""
    if (gated := gate_fields.find()) is not None:
        return gate_fields.read(gated)
    return {
        "targets": [target_fields.read(each) for each in range(1, state.get(TARGETS, 1) + 1)],
        "scorers": scorer_fields.read(),
        **case_fields.read(),
    }


@errors.action
def start() -> None:
    new = _new()
    with guard.work() as (session, actor):
        evaluation_id = evaluations.start(session, new, actor=actor)
    state.forget(NAME, RUNS, LIMIT, ESTIMATE, TARGETS, prefill.DONE)
    address.show(evaluation_id)
    state.toast("Evaluation started")


@errors.action
def estimate() -> None:
    new = _new()
    with guard.work() as (session, actor):
        state.put(ESTIMATE, estimates.estimate(session, new, actor=actor))


def _draw_estimate() -> None:
    found: EvaluationEstimate | None = state.get(ESTIMATE, None)
    if found is None:
        return
    cost = "unknown: a model has no price"
    if found.cost_usd is not None:
        cost = f"about {formatting.money(found.cost_usd)}"
    most = ""
    if found.worst_case_usd is not None:
        most = f", at most {formatting.money(found.worst_case_usd)}"
    seconds = formatting.duration((found.seconds or 0) * 1000)
    words = f"{formatting.count(found.calls, 'call')} · cost {cost}{most} · about {seconds}"
    st.info(text.plain(words), icon=":material/calculate:")
