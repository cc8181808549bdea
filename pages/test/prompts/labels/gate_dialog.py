"""The dialog that sets, changes or removes the gate of a label."""

import streamlit as st

from core.database.paging import LARGEST_PAGE, Window
from core.datasets.queries.datasets import list_datasets
from core.datasets.schemas import DatasetVisibility
from core.evaluations.queries import reports
from core.evaluations.views import EvaluationListItem
from core.promotions import service as promotions
from core.promotions.schemas import GateView
from core.prompts.views import PromptView
from core.providers.catalogue import list_models
from pages._ui import dialogs, errors, guard, links, state, text
from pages.test.prompts.labels import gate_fields, reasons


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
    gate_fields.fill(present, datasets)

    @st.dialog("Gate of a label")
    def form() -> None:
        st.caption(
            text.plain(
                f"{prompt.name}@{label} moves to a version that has passed this evaluation, or "
                "with a reason that is kept."
            )
        )
        if datasets:
            gate_fields.draw(datasets, models, evaluations, present)
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
    reasons.draw_field(gate_fields.REASON, "Reason for the change or the removal")
    place = st.container()
    if st.button("Remove gate", type="tertiary", icon=":material/delete:", key="prompts.gate.drop"):
        with errors.InForm(place):
            remove(prompt, label)
            st.rerun()


def remove(prompt: PromptView, label: str) -> None:
    reason = reasons.require(gate_fields.REASON)
    with guard.work() as (session, actor):
        promotions.remove_gate(session, prompt.id, label, reason, actor=actor)
    state.toast("Gate removed; the label stays protected")


def save(
    prompt: PromptView,
    label: str,
    present: GateView | None,
    evaluations: list[EvaluationListItem],
) -> None:
    with guard.work() as (session, actor):
        new = gate_fields.read(session, present, evaluations, actor=actor)
        promotions.set_gate(session, prompt.id, label, new, actor=actor)
    state.toast(f"{label} has a gate")
