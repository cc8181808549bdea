"""The scorers of a new evaluation, in rows of kind and value."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.providers import catalogue
from core.scoring.model_access import find_default_judge, unfit_judge_reason
from pages._ui import guard, json_scorers, state
from pages.test.evaluations.form.scorer_rows import KINDS, row_of, scorer_of

COUNT = "evaluations.new.scorers"
THRESHOLD, OTHERS = "evaluations.new.threshold", "evaluations.new.other_scorers"
JUDGE = "evaluations.new.judge"
MOST = 5
EXAMPLE = """[
  {"kind": "contains", "values": ["refund"], "weight": 2},
  {"kind": "any", "scorers": [{"kind": "exact"}, {"kind": "similarity", "negate": true}]},
  {"kind": "pairwise", "rubric": "The better answer is shorter."}
]"""


def draw() -> None:
    count = state.get(COUNT, 0)
    has_judge = False
    for number in range(1, count + 1):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            kind = st.selectbox(
                f"Scorer {number}", list(KINDS), key=_key(number, "kind"), width=200
            )
            if kind and KINDS[kind][1]:
                st.text_input(KINDS[kind][1], key=_key(number, f"value.{kind}"), width=480)
            has_judge = has_judge or kind == "Judge"
    if has_judge:
        _draw_judge()
    with st.container(horizontal=True, gap="small"):
        if count < MOST:
            st.button("Add scorer", icon=":material/add:", on_click=_set, args=(count + 1,))
        if count:
            st.button("Remove scorer", icon=":material/remove:", on_click=_set, args=(count - 1,))
    with st.expander("Threshold, weights, groups and pairwise judge"):
        st.number_input(
            "Minimum score to pass",
            min_value=0.0,
            max_value=1.0,
            value=None,
            key=THRESHOLD,
            placeholder="None",
            help="A run passes when the weighted mean of its scores is at least this. Without it, "
            "every scorer must pass.",
            width=220,
        )
        st.caption("Scorers with weights, groups and pairwise judges, as a JSON list.")
        json_scorers.draw(OTHERS, placeholder=EXAMPLE)


def _draw_judge() -> None:
    """Draw the choice of the model that judges, and why one is unfit."""
    with guard.work() as (session, _):
        models = [model.id for model in catalogue.list_models(session)]
        default = find_default_judge(session)
    chosen = st.selectbox(
        "Judge model",
        models,
        index=None,
        key=JUDGE,
        placeholder=f"Default: {default or 'none is available'}",
        width=420,
    )
    if reason := unfit_judge_reason(chosen or default):
        st.warning(reason, icon=":material/warning:")


def _set(count: int) -> None:
    state.put(COUNT, count)


def read() -> dict[str, Any]:
    """Return scorers and threshold as entered; raise Invalid."""
    rows = [_read(number) for number in range(1, state.get(COUNT, 0) + 1)]
    threshold: float | None = state.get(THRESHOLD, None)
    return {"scorers": rows + json_scorers.read(OTHERS), "threshold": threshold}


def fill(scorers: Sequence[dict[str, Any]], threshold: float | None) -> None:
    """Fill the fields with scorers as they are stored, those without a row as JSON."""
    judges = {scorer["judge_model_id"] for scorer in scorers if scorer["kind"] == "judge"}
    judge = judges.pop() if len(judges) == 1 else None
    rows = [row_of(scorer, judge) for scorer in scorers]
    shown = [row for row in rows if row is not None][:MOST]
    others = [scorer for scorer, row in zip(scorers, rows, strict=True) if row not in shown]
    for number, (label, value) in enumerate(shown, 1):
        state.put(_key(number, "kind"), label)
        state.put(_key(number, f"value.{label}"), value)
    state.put(COUNT, len(shown))
    state.put(JUDGE, judge)
    state.put(THRESHOLD, threshold)
    state.put(OTHERS, json.dumps(others, indent=2, ensure_ascii=False) if others else "")


def _read(number: int) -> dict[str, Any]:
    label = state.get(_key(number, "kind"), "Contains")
    return scorer_of(label, state.get(_key(number, f"value.{label}"), ""), state.get(JUDGE, None))


def _key(number: int, name: str) -> str:
    return f"evaluations.scorer.{number}.{name}"
