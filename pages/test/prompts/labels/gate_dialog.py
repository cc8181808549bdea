"""The dialog that sets the gate of a label: its cases, how answers are scored, the least rate."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.database.paging import LARGEST_PAGE, Window
from core.datasets.queries.datasets import list_datasets
from core.datasets.schemas import DatasetView, DatasetVisibility
from core.errors import Invalid
from core.evaluations.queries import reports
from core.evaluations.schemas import EvaluationSplit
from core.evaluations.views import EvaluationListItem
from core.presentation.validation import message_of
from core.promotions import service as promotions
from core.promotions.schemas import GateView, NewGate
from core.prompts.views import PromptView
from core.providers.catalogue import list_models
from pages._ui import dialogs, errors, guard, links, state, text
from pages.test.prompts.labels import reasons

DATASET, SPLIT, MODEL, SCORED, RATE, BOUND, REASON = (
    f"prompts.gate.{name}"
    for name in ("dataset", "split", "model", "scored", "rate", "bound", "reason")
)
BY_CASES, AS_NOW = "The cases' own scorers", "As the gate has it now"
USUAL_PERCENT, LEAST_PERCENT = 90, 0.0001


@errors.action
def open_gate(prompt: PromptView, label: str, present: GateView | None) -> None:
    """Ask for the terms of a gate, from a callback."""
    with guard.work() as (session, actor):
        page = list_datasets(session, Window(LARGEST_PAGE), actor=actor)
        evaluations = reports.list_evaluations(session, actor=actor).items
        models = [model.id for model in list_models(session)]
    # Everyone who promotes must be able to run the gate's evaluation.
    datasets = {
        each.id: each
        for each in page.items
        if each.cases and each.visibility is DatasetVisibility.SHARED
    }
    _fill(present, datasets)

    @st.dialog("Gate of a label")
    def form() -> None:
        st.caption(
            text.plain(
                f"{prompt.name}@{label} moves to a version that has passed this evaluation, or "
                "with a reason that is kept."
            )
        )
        if datasets:
            _draw_fields(datasets, models, evaluations, present)
        else:
            st.info("Share a dataset with cases first.", icon=":material/dataset:")
            links.draw("datasets", "Open datasets", icon="dataset")
        if present is not None:
            _draw_removal(prompt, label)
        if datasets:
            dialogs.submit(
                "Save gate", lambda: save(prompt, label, present, evaluations), key="prompts.gate"
            )

    form()


def _draw_removal(prompt: PromptView, label: str) -> None:
    reasons.draw_field(REASON, "Reason for the change or the removal")
    place = st.container()
    if st.button("Remove gate", type="tertiary", icon=":material/delete:", key="prompts.gate.drop"):
        with errors.InForm(place):
            remove(prompt, label)
            st.rerun()


def remove(prompt: PromptView, label: str) -> None:
    reason = reasons.require(REASON)
    with guard.work() as (session, actor):
        promotions.remove_gate(session, prompt.id, label, reason, actor=actor)
    state.toast("Gate removed; the label stays protected")


def _fill(present: GateView | None, datasets: dict[UUID, DatasetView]) -> None:
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


def _draw_fields(
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


def save(
    prompt: PromptView,
    label: str,
    present: GateView | None,
    evaluations: list[EvaluationListItem],
) -> None:
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
    with guard.work() as (session, actor):
        scored: Any = state.get(SCORED, BY_CASES)
        if scored == AS_NOW and present is not None:
            given |= {"scorers": present.scorers, "threshold": present.threshold}
        elif any(each.id == scored for each in evaluations):
            found = reports.get_evaluation(session, scored, actor=actor)
            given |= {"scorers": found.scorers, "threshold": found.threshold}
        try:
            new = NewGate.model_validate(given)
        except ValidationError as refused:
            raise Invalid(message_of(refused.errors()[0])) from None
        promotions.set_gate(session, prompt.id, label, new, actor=actor)
    state.toast(f"{label} has a gate")
