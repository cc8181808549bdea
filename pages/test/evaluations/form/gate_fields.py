"""The evaluation that the gate of a label asks for: target, cases and scorers are the gate's."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.schemas import EvaluationSplit, NewEvaluation
from core.promotions import queries as gates
from core.promotions.gate_verdicts import asked_for
from core.promotions.schemas import GateView
from core.providers.catalogue import list_models
from pages._ui import guard, links, state, text
from pages.test.evaluations import address

MODEL = "evaluations.gate.model"


@dataclass(frozen=True)
class GateEntry:
    """The gate that the address names, and the evaluation that it asks for."""

    gate: GateView
    prompt_id: UUID
    asked: NewEvaluation


def find() -> GateEntry | None:
    """Return what the address's gate asks for, or None when the address names none."""
    given = st.query_params.to_dict()
    if address.GATE not in given:
        return None
    try:
        prompt_id, version = UUID(given[address.TEMPLATE]), int(given[address.VERSION])
        label = given[address.GATE]
        with guard.work() as (session, actor):
            gate = gates.get_gate(session, prompt_id, label, actor=actor)
            run = gates.check_version(session, prompt_id, label, version, actor=actor)
    except (NotFound, KeyError, ValueError):
        return None
    return GateEntry(gate, prompt_id, run.to_run) if run.to_run else None


def draw(entry: GateEntry) -> None:
    """Draw what the gate sets, and the choice of a model where it sets none."""
    gate, asked = entry.gate, entry.asked
    split = "" if gate.split is EvaluationSplit.ALL else f", {text.SPLITS[gate.split].lower()}"
    scorers = f" and {len(asked.scorers):,} more" if asked.scorers else ""
    model = asked.all_targets[0].model_id
    words = (
        f"The gate of {gate.label} asks for this evaluation: {gate.dataset_name}, version "
        f"{asked.dataset_version}{split}{f', answered by {model}' if model else ''}, scored by the "
        f"cases' own scorers{scorers}; {asked_for(gate)}."
    )
    st.info(text.plain(text.one_line(words)), icon=":material/lock:")
    links.draw(
        "prompts", "Back to labels", icon="label", prompt=str(entry.prompt_id), section="Labels"
    )
    if model is not None:
        return
    with guard.work() as (session, _):
        models = [model.id for model in list_models(session)]
    st.selectbox(
        "Model",
        models,
        index=None,
        key=MODEL,
        placeholder="The version's own, else the default model",
        help="A version that names a model passes with that model only.",
        width=420,
    )


def read(entry: GateEntry) -> dict[str, Any]:
    """Return the fields of the evaluation, with the model that was chosen."""
    found = gates.body_of(entry.asked)
    model: str | None = state.get(MODEL, None)
    if model is not None:
        found["target"]["model_id"] = model
    return found
