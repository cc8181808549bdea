"""What the patterns of one body take to compile, during which the process does nothing else."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from core.database.tables import STORED
from core.datasets.schemas import NewCases
from core.evaluations.cases.case_schemas import InlineCases

CASES: TypeAdapter[Any] = TypeAdapter(InlineCases)
TOO_LARGE, TOGETHER = "pattern too large", "The patterns are too large together."


def cases(patterns: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"input": "a", "expected_output": {"type": "regex", "pattern": pattern}}
        for pattern in patterns
    ]


def refused(given: list[dict[str, Any]]) -> list[str]:
    with pytest.raises(ValidationError) as found:
        CASES.validate_python(given)
    return [error["msg"] for error in found.value.errors()]


def test_patterns_that_are_too_large_are_compiled_only_until_the_budget_is_spent() -> None:
    reasons = refused(cases([rf"{number}(\pL{{100}}){{10}}" for number in range(100)]))
    assert sum(TOO_LARGE in each for each in reasons) < 20
    assert sum(TOGETHER in each for each in reasons) > 80


def test_valid_patterns_of_all_cases_count_together() -> None:
    # Each takes up to 0.1 s, in which nothing else runs: a thousand took minutes
    reasons = refused(cases([rf"{number}\pL{{100}}" for number in range(40)]))
    assert all(TOGETHER in each for each in reasons)
    assert len(reasons) > 20


def test_cases_of_a_dataset_have_the_same_budget() -> None:
    given = [
        {
            "messages": [{"role": "user", "content": "a"}],
            "assertions": [{"kind": "regex", "pattern": rf"{number}\pL{{100}}"}],
        }
        for number in range(40)
    ]
    with pytest.raises(ValidationError, match="too large together"):
        NewCases.model_validate({"cases": given})


def test_a_thousand_usual_patterns_are_accepted() -> None:
    assert len(CASES.validate_python(cases([rf"ORD-{n}-\d+ \pL+" for n in range(1000)]))) == 1000


def test_a_pattern_that_cases_share_counts_once() -> None:
    # It is compiled once
    assert len(CASES.validate_python(cases([r"\pL{100}"] * 200))) == 200


def test_what_is_stored_already_is_read() -> None:
    given = [{"kind": "regex", "pattern": rf"{number}\pL{{150}}"} for number in range(20)]
    case = {"input": "a", "assertions": given}
    assert CASES.validate_python([case], context=STORED)
