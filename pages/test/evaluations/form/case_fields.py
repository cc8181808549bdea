"""The cases of a new evaluation: a version of a dataset, or questions, one in a line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.database.paging import Window
from core.datasets.queries.datasets import list_datasets
from core.datasets.schemas import DatasetView
from core.errors import Invalid
from core.evaluations.cases.case_schemas import EvaluatedCase, InlineCase
from core.evaluations.schemas import EvaluationSplit
from core.presentation import formatting
from core.scoring.schemas import ContainsScorer
from pages._ui import guard, state, text

MOST_DATASETS = 200
DATASET, SPLIT, LINES = (
    "evaluations.new.dataset",
    "evaluations.new.split",
    "evaluations.new.lines",
)


def draw() -> None:
    datasets = _choices()
    if datasets:
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.selectbox(
                "Dataset",
                list(datasets),
                index=None,
                key=DATASET,
                placeholder="Questions below",
                format_func=lambda each: _label(datasets[each]),
                width=600,
            )
            if _dataset() is not None:
                st.segmented_control(
                    "Split",
                    list(text.SPLITS),
                    default=EvaluationSplit.ALL,
                    required=True,
                    key=SPLIT,
                    format_func=lambda each: text.SPLITS[each],
                )
    if _dataset() is None:
        st.text_area(
            "Questions",
            key=LINES,
            placeholder="Can I get a refund? => refund\nWhere is my order? => order number",
            help="One per line. After =>, add a text that the answer must contain.",
            height=140,
        )


def fill(dataset_id: UUID, split: EvaluationSplit | None) -> bool:
    """Choose a dataset, and which of its cases are run; return whether it is offered."""
    state.put(DATASET, str(dataset_id))
    state.put(SPLIT, split or EvaluationSplit.ALL)
    return str(dataset_id) in _choices()


def fill_lines(cases: Sequence[EvaluatedCase]) -> bool:
    """Fill in questions, unless a line can't say all that one has; return whether they can."""
    entered = "\n".join(_line(case) for case in cases)
    try:
        is_same = [InlineCase(**each).case() for each in _entered(entered)] == list(cases)
    except ValidationError:
        is_same = False
    state.put(DATASET, None)
    state.put(LINES, entered if is_same else "")
    return is_same


def read() -> dict[str, Any]:
    """Return the cases as entered; raise Invalid without any."""
    if (dataset_id := _dataset()) is not None:
        return {"dataset_id": dataset_id, "split": state.get(SPLIT, EvaluationSplit.ALL)}
    cases = _entered(state.get(LINES, ""))
    if not cases:
        raise Invalid("Enter questions, or choose a dataset.")
    return {"test_cases": cases}


def check_expected(given: Mapping[str, Any], missing: str) -> None:
    """Raise Invalid unless each question has an expected text, for it has no other scorer."""
    if not all(case.get("expected_output") for case in given.get("test_cases", ())):
        raise Invalid(f"{missing} an expected text after => in each question.")


def _choices() -> dict[str, DatasetView]:
    with guard.work() as (session, actor):
        page = list_datasets(session, Window(MOST_DATASETS, 0), actor=actor)
    return {str(each.id): each for each in page.items if each.cases}


def _dataset() -> str | None:
    chosen: str | None = state.get(DATASET, None)
    return chosen


def _entered(lines: str) -> list[dict[str, Any]]:
    return [_case(line) for line in lines.splitlines() if line.strip()]


def _case(line: str) -> dict[str, Any]:
    asked, _, expected = (each.strip() for each in line.partition("=>"))
    found: dict[str, Any] = {"input": asked or line}
    if expected:
        found["expected_output"] = {"type": "contains", "keywords": [expected]}
    return found


def _line(case: EvaluatedCase) -> str:
    expected = [
        f" => {value}"
        for scorer in case.assertions
        if isinstance(scorer, ContainsScorer)
        for value in scorer.values
    ]
    return case.question + "".join(expected)


def _label(dataset: DatasetView) -> str:
    cases = formatting.count(dataset.cases, "case")
    return f"{text.one_line(dataset.name)} · version {dataset.version} · {cases}"
