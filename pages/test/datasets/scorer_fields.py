"""Fields of a case's scorers: the usual ones as lines, the others as JSON."""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.scoring.schemas import ContainsScorer, JudgeScorer
from pages._ui import json_scorers, state

HAS, HAS_NOT, RUBRIC, OTHERS = (
    "datasets.case.has",
    "datasets.case.has_not",
    "datasets.case.rubric",
    "datasets.case.others",
)


def fill(assertions: Sequence[Any]) -> None:
    """Set the fields to a case's scorers."""
    texts: dict[str, str] = {HAS: "", HAS_NOT: "", RUBRIC: ""}
    others = []
    for each in assertions:
        key, said = _usual(each)
        if key is not None and not texts[key]:
            texts[key] = said
        else:
            others.append(each.model_dump(mode="json", exclude_unset=True) | {"kind": each.kind})
    for key, said in texts.items():
        state.put(key, said)
    state.put(OTHERS, json.dumps(others, ensure_ascii=False, indent=1) if others else "")


def _usual(each: Any) -> tuple[str | None, str]:  # noqa: ANN401  a ScorerSpec
    """Return the field that holds a scorer as it is, and its text."""
    # Only what the lines of a field can hold: spaces around a text, and line ends, would be lost
    if isinstance(each, ContainsScorer) and _split("\n".join(each.values)) == list(each.values):
        for key, made in ((HAS, _has), (HAS_NOT, _has_not)):
            if each == made(list(each.values)):
                return key, "\n".join(each.values)
    if isinstance(each, JudgeScorer) and each == JudgeScorer(rubric=each.rubric):
        return RUBRIC, each.rubric
    return None, ""


def _has(values: list[str]) -> ContainsScorer:
    return ContainsScorer(values=tuple(values))


def _has_not(values: list[str]) -> ContainsScorer:
    return ContainsScorer(values=tuple(values), match="any", negate=True)


def draw() -> None:
    left, right = st.columns(2)
    left.text_area(
        "Answer contains", key=HAS, height=80, placeholder="One text in each line, in any case"
    )
    right.text_area(
        "Answer does not contain", key=HAS_NOT, height=80, placeholder="One text in each line"
    )
    st.text_area(
        "Rubric for a judge",
        key=RUBRIC,
        height=80,
        max_chars=10_000,
        placeholder="The answer names the delivery date and apologizes.",
    )
    with st.expander("Other scorers (JSON)"):
        json_scorers.draw(OTHERS, placeholder='[{"kind": "regex", "pattern": "[0-9]{6}"}]')


def read() -> list[Any]:
    """Return the scorers of the fields as JSON; raise Invalid."""
    others = json_scorers.read(OTHERS)
    found: list[Any] = []
    if values := _lines(HAS):
        found.append({"kind": "contains", "values": values})
    if values := _lines(HAS_NOT):
        found.append({"kind": "contains", "values": values, "match": "any", "negate": True})
    if rubric := state.get(RUBRIC, "").strip():
        found.append({"kind": "judge", "rubric": rubric})
    return found + others


def _lines(key: str) -> list[str]:
    return _split(state.get(key, ""))


def _split(entered: str) -> list[str]:
    return [line.strip() for line in entered.splitlines() if line.strip()]
