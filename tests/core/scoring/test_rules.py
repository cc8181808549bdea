"""Scorers without a model pass and fail where they say they do."""

from decimal import Decimal
from typing import Any

import pytest

from core.scoring.schemas import CaseToScore
from tests.factories.scoring import called, scored, spec

EMPTY = CaseToScore()


@pytest.mark.parametrize(
    ("scorer", "text", "passed", "score"),
    [
        ({"kind": "contains", "values": ["paris"]}, "It is PARIS.", True, 1),
        ({"kind": "contains", "values": ["STRASSE"]}, "in der Straße", True, 1),
        ({"kind": "contains", "values": ["a", "b"]}, "only a", False, 0.5),
        ({"kind": "contains", "values": ["a", "b"], "match": "any"}, "only a", True, 1),
        ({"kind": "contains", "values": ["A"], "case_sensitive": True}, "a", False, 0),
        ({"kind": "contains", "values": ["a"]}, "", False, 0),
        ({"kind": "contains", "values": ["x"], "negate": True}, "a", True, 1),
        ({"kind": "contains", "values": ["a", "b"], "negate": True}, "only a", True, 0.5),
        ({"kind": "exact"}, " Paris\n", True, 1),
        ({"kind": "exact"}, "paris", False, 0),
        ({"kind": "exact", "case_sensitive": False}, "paris", True, 1),
        ({"kind": "exact", "value": ""}, " ", True, 1),
        ({"kind": "regex", "pattern": r"^\d{3}-\d{4}$"}, "555-1234", True, 1),
        ({"kind": "regex", "pattern": "paris"}, "Paris", False, 0),
        ({"kind": "regex", "pattern": "paris", "case_sensitive": False}, "Paris", True, 1),
    ],
)
def test_texts_are_matched(scorer: dict[str, Any], text: str, passed: bool, score: float) -> None:
    found = scored(spec(**scorer), text)
    assert (found.passed, found.score) == (passed, score)
    assert found.cost_usd == 0
    assert found.reason


@pytest.mark.parametrize(
    "scorer",
    [
        {"kind": "contains", "values": ["caf\u00e9"]},
        {"kind": "contains", "values": ["caf\u00e9"], "case_sensitive": True},
        {"kind": "exact", "value": "caf\u00e9"},
        {"kind": "similarity", "value": "CAF\u00c9", "threshold": 1},
    ],
)
def test_letters_are_the_same_however_their_accents_are_encoded(scorer: dict[str, Any]) -> None:
    assert scored(spec(**scorer), "cafe\u0301").passed


def test_a_scorer_without_its_value_or_a_reference_is_not_scored() -> None:
    for kind in ("exact", "similarity", "numeric"):
        found = scored(spec(kind), "Paris", EMPTY)
        assert (found.passed, found.score) == (None, None)
        assert "reference" in found.reason


def test_an_answer_with_an_error_is_not_scored_not_even_by_a_negated_scorer() -> None:
    found = scored(spec("contains", values=["x"], negate=True), error="The provider timed out.")
    assert (found.passed, found.score) == (None, None)
    assert "timed out" in found.reason


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ({}, True),
        ({"city": "Paris"}, True),
        ({"city": "Rome"}, False),
        ({"options": {"unit": "C"}}, True),
        ({"days": [1, 2]}, True),
        ({"days": [1]}, False),
        ({"exact": True}, True),
        ({"exact": 1}, False),
        ({"missing": None}, False),
    ],
)
def test_a_tool_was_called_with_these_arguments_among_others(
    arguments: dict[str, Any], passed: bool
) -> None:
    call = called(
        "weather", city="Paris", options={"unit": "C", "more": 1}, days=[1, 2], exact=True
    )
    scorer = spec("tool_called", tool="weather", arguments=arguments)
    assert scored(scorer, tool_calls=(called("other"), call)).passed is passed
    assert scored(scorer, tool_calls=(called("other"),)).passed is False


@pytest.mark.parametrize(
    ("scorer", "answer", "passed"),
    [
        ({"kind": "latency", "max_ms": 100}, {"latency_ms": 100}, True),
        ({"kind": "latency", "max_ms": 100}, {"latency_ms": 101}, False),
        ({"kind": "latency", "max_ms": 100}, {}, None),
        ({"kind": "cost", "max_usd": "0.01"}, {"cost_usd": Decimal("0.01")}, True),
        ({"kind": "cost", "max_usd": "0.01"}, {"cost_usd": Decimal("0.0101")}, False),
        ({"kind": "cost", "max_usd": "0.01"}, {}, None),
    ],
)
def test_unknown_latencies_and_costs_are_not_scored(
    scorer: dict[str, Any], answer: dict[str, Any], passed: bool | None
) -> None:
    assert scored(spec(**scorer), **answer).passed is passed
