"""The judge of an A/B test and its rubric."""

import streamlit as st

from core.ab_tests.schemas import MAX_RUBRIC_CHARS, QUALITY_RUBRIC
from core.bots import judging
from pages._ui import guard, state

JUDGE, RUBRIC = "ab_tests.new.judge", "ab_tests.new.rubric"
NO_JUDGE = "No judge"


def draw() -> None:
    with guard.work() as (session, _):
        judges = {judge.id: judge for judge in judging.list_judges(session)}
        preferred = judging.default_judge(session)
    fit = next((judge.id for judge in judges.values() if judge.is_fit), NO_JUDGE)
    state.seed(JUDGE, preferred or fit)
    chosen = st.selectbox("Judge", [NO_JUDGE, *judges], key=JUDGE, width=320)
    if chosen == NO_JUDGE:
        st.caption(
            "Without a judge, quality is the share of cases whose expectations are met, and "
            "consistency is not measured."
        )
        return
    if chosen in judges and (warning := judges[chosen].warning):
        st.warning(warning, icon=":material/warning:")
    state.seed(RUBRIC, QUALITY_RUBRIC)
    st.text_area("Rubric of quality", key=RUBRIC, max_chars=MAX_RUBRIC_CHARS, height=90)


def read() -> dict[str, str]:
    """Return the judge with its rubric, empty without one."""
    judge: str = state.get(JUDGE, NO_JUDGE)
    if judge == NO_JUDGE:
        return {}
    return {"judge_model_id": judge, "rubric": state.get(RUBRIC, QUALITY_RUBRIC)}


def forget() -> None:
    state.forget(JUDGE, RUBRIC)
