"""The cost limit of an evaluation that has stopped, to raise it and go on."""

from uuid import UUID

import streamlit as st

from core.errors import Invalid
from core.evaluations.schemas import EvaluationResume
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationView
from pages._ui import errors, guard, state
from pages.test.evaluations.form import run_fields

LIMIT = "evaluations.raised.limit"


def draw(found: EvaluationView) -> None:
    """Draw the limit, unless nothing is left to run or there is none."""
    is_done = found.progress.done >= found.progress.total
    if found.status.is_going_on or is_done or found.cost_limit_usd is None:
        return
    key = f"{LIMIT}.{found.id}"
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.number_input(
            "Cost limit in US dollars",
            min_value=0.0,
            value=float(found.cost_limit_usd),
            format="%g",
            key=key,
            width=220,
        )
        st.button(
            "Set limit and resume",
            key="evaluations.raise",
            icon=":material/play_arrow:",
            on_click=_raise,
            args=(found.id, key),
        )


@errors.action
def _raise(evaluation_id: UUID, key: str) -> None:
    limit: float | None = state.get(key, None)
    if not limit:
        raise Invalid("Enter a cost limit.")
    wanted = run_fields.validated(EvaluationResume, {"cost_limit_usd": f"{limit:.8f}"})
    with guard.work() as (session, actor):
        evaluations.resume(session, evaluation_id, wanted, actor=actor)
    state.forget(key)
