"""The evaluation that the gate of a label asks for: target, cases and scorers are the gate's."""

from typing import Any
from uuid import UUID

import streamlit as st

from core.errors import NotFound
from core.evaluations.schemas import EvaluationSplit, NewEvaluation
from core.presentation import formatting
from core.promotions import queries as gates
from core.providers.catalogue import list_models
from pages._ui import guard, state, text
from pages.test.evaluations import address
from pages.test.evaluations.case_fields import SPLITS

MODEL = "evaluations.gate.model"


def find() -> NewEvaluation | None:
    """Return the evaluation of the address's gate, or None when the address names none."""
    given = st.query_params.to_dict()
    if address.GATE not in given:
        return None
    try:
        prompt_id, version = UUID(given[address.TEMPLATE]), int(given[address.VERSION])
        with guard.work() as (session, actor):
            run = gates.check_version(session, prompt_id, given[address.GATE], version, actor=actor)
    except (NotFound, KeyError, ValueError):
        return None
    return run.to_run


def draw(asked: NewEvaluation) -> None:
    """Draw what the gate sets, and the model where its version names none."""
    split = "" if asked.split is EvaluationSplit.ALL else f", {SPLITS[asked.split].lower()}"
    scorers = formatting.count(len(asked.scorers), "scorer") if asked.scorers else "no scorers"
    words = (
        f"The gate of a label asks for this evaluation: version {asked.dataset_version} of its "
        f"dataset{split}, and {scorers} besides the assertions of the cases."
    )
    st.info(text.plain(words), icon=":material/lock:")
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


def read(asked: NewEvaluation) -> dict[str, Any]:
    """Return the fields of the evaluation, with the model that was chosen."""
    found = asked.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    model: str | None = state.get(MODEL, None)
    if model is not None:
        found["target"]["model_id"] = model
    return found
