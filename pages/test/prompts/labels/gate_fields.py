"""The fields of a gate: its cases, how answers are scored, and the rate that must pass."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.database.db import Session
from core.datasets.schemas import DatasetView
from core.errors import Invalid
from core.evaluations.queries import reports
from core.evaluations.schemas import EvaluationSplit
from core.evaluations.views import EvaluationListItem
from core.identity.schemas import Actor
from core.presentation.validation import message_of
from core.promotions.schemas import GateView, NewGate
from pages._ui import state, text
from pages.test.prompts.labels import reasons

DATASET, SPLIT, MODEL, SCORED, RATE, BOUND, REASON = (
    f"prompts.gate.{name}"
    for name in ("dataset", "split", "model", "scored", "rate", "bound", "reason")
)
BY_CASES, AS_NOW = "The cases' own scorers", "As the gate has it now"
USUAL_PERCENT, LEAST_PERCENT = 90, 0.0001


def fill(present: GateView | None, datasets: dict[UUID, DatasetView]) -> None:
    """Fill the fields with what the gate asks for now."""
    state.forget(DATASET, SPLIT, MODEL, SCORED, RATE, BOUND, REASON)
    if present is None:
        return
    # It may be shared no longer
    if present.dataset_id in datasets:
        state.put(DATASET, present.dataset_id)
    state.put(SPLIT, present.split)
    state.put(MODEL, present.model_id)
    state.put(RATE, round(present.least_rate * 100, 4))
    state.put(BOUND, present.by_lower_bound)


def draw(
    datasets: dict[UUID, DatasetView],
    models: list[str],
    evaluations: list[EvaluationListItem],
    present: GateView | None,
) -> None:
    dataset_id = st.selectbox(
        "Dataset",
        list(datasets),
        key=DATASET,
        format_func=lambda each: text.one_line(datasets[each].name),
        help="Shared ones only: everyone who promotes must be able to run the evaluation. "
        "Its newest version counts.",
    )
    st.segmented_control(
        "Split",
        list(text.SPLITS),
        default=None if SPLIT in st.session_state else EvaluationSplit.ALL,
        required=True,
        key=SPLIT,
        format_func=text.SPLITS.__getitem__,
    )
    chosen: str | None = state.get(MODEL, None)
    st.selectbox(
        "Model",
        list(dict.fromkeys([*models, *([chosen] if chosen else [])])),
        index=None,
        key=MODEL,
        placeholder="Any",
        help="Applies to versions without a model; other versions must be evaluated with their "
        "own.",
    )
    names: dict[Any, str] = {
        **({AS_NOW: AS_NOW} if present is not None else {}),
        BY_CASES: BY_CASES,
        **{
            each.id: f"As in “{text.one_line(each.name)}”"
            for each in evaluations
            if each.dataset_id == dataset_id
        },
    }
    st.selectbox("Answers are scored by", list(names), key=SCORED, format_func=names.__getitem__)
    state.seed(RATE, float(USUAL_PERCENT))
    # Streamlit would raise a rate below the least to it, without a word
    st.number_input("Minimum pass rate (%)", LEAST_PERCENT, 100.0, step=1.0, format="%g", key=RATE)
    st.checkbox(
        "The lower bound of its 95% interval must reach it",
        key=BOUND,
        help="Needs at least 10 cases, and more to reach a high rate.",
    )


def read(
    session: Session,
    present: GateView | None,
    evaluations: list[EvaluationListItem],
    *,
    actor: Actor,
) -> NewGate:
    """Return what the fields hold; raise Invalid."""
    given: dict[str, Any] = {
        "dataset_id": state.get(DATASET, None),
        "split": state.get(SPLIT, EvaluationSplit.ALL),
        "model_id": state.get(MODEL, None),
        # Rounded: of 64.1 %, the division leaves 0.6409999999999999
        "least_rate": round(state.get(RATE, float(USUAL_PERCENT)) / 100, 6),
        "by_lower_bound": state.get(BOUND, False),
        "reason": reasons.read(REASON),
    }
    if present is not None and present.dataset_id == given["dataset_id"]:
        given["dataset_version"] = present.dataset_version  # which only the API sets
    scored: Any = state.get(SCORED, BY_CASES)
    if scored == AS_NOW and present is not None:
        given |= {"scorers": present.scorers, "threshold": present.threshold}
    elif any(each.id == scored for each in evaluations):
        found = reports.get_evaluation(session, scored, actor=actor)
        given |= {"scorers": found.scorers, "threshold": found.threshold}
    try:
        return NewGate.model_validate(given)
    except ValidationError as refused:
        raise Invalid(message_of(refused.errors()[0])) from None
