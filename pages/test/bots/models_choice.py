"""The choice of the model that answers and of the judge, with a warning about an unfit one."""

from typing import NamedTuple

import streamlit as st

from core.bots import judging
from core.bots.result_schemas import JudgeModel
from core.errors import NotFound
from core.playground.answering import default_model
from core.providers import catalogue
from pages._ui import frame, guard, state

MODEL, JUDGE = "bots.model", "bots.judge"
NO_JUDGE = "No judge"


class Models(NamedTuple):
    """What answers, and what judges: None without a judge."""

    model_id: str
    judge_model_id: str | None


def draw() -> Models | None:
    """Draw both choices; without any model, say so and return None."""
    with guard.work() as (session, _):
        models = [model.id for model in catalogue.list_models(session)]
        judges = judging.list_judges(session)
        fit_default = judging.default_judge(session)
        try:
            first = default_model(session)
        except NotFound:
            first = None
    if not models or first is None:
        frame.no_models()
        return None
    _seed(MODEL, first, models)
    choices = [NO_JUDGE, *(judge.id for judge in judges)]
    first_fit = next((judge.id for judge in judges if judge.is_fit), NO_JUDGE)
    _seed(JUDGE, fit_default or first_fit, choices)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox("Model", models, key=MODEL, width=260, persist_state="session")
        st.selectbox("Judge", choices, key=JUDGE, width=260, persist_state="session")
    _draw_warning(judges)
    return chosen()


def chosen() -> Models:
    """Return what is chosen, also in a callback."""
    judge: str = state.get(JUDGE, NO_JUDGE)
    return Models(state.get(MODEL, ""), None if judge == NO_JUDGE else judge)


def _seed(key: str, value: str, choices: list[str]) -> None:
    # At first, and when the chosen one is no longer offered
    if state.get(key, None) not in choices:
        state.put(key, value)


def _draw_warning(judges: list[JudgeModel]) -> None:
    by = chosen().judge_model_id
    if by is None:
        st.caption("Without a judge, answers are not analyzed, and only rules are checked.")
        return
    warning = next((judge.warning for judge in judges if judge.id == by), None)
    if warning is not None:
        st.warning(warning, icon=":material/warning:")
