"""Scorers are checked when they are written, and survive being stored."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from core.scoring.schemas import MAX_DEPTH, ScorerList
from tests.factories.scoring import ADAPTER, spec

LEAF: dict[str, Any] = {"kind": "contains", "values": ["a"]}
LIST: TypeAdapter[Any] = TypeAdapter(ScorerList)


def nested(levels: int) -> dict[str, Any]:
    scorer = LEAF
    for _ in range(levels):
        scorer = {"kind": "all", "scorers": [scorer]}
    return scorer


def test_all_and_any_are_nested_four_levels_deep_at_most() -> None:
    assert spec(**nested(MAX_DEPTH))
    for levels in (MAX_DEPTH + 1, 500):
        with pytest.raises(ValidationError):
            spec(**nested(levels))


def test_a_list_counts_the_scorers_inside_others() -> None:
    group = {"kind": "any", "scorers": [LEAF] * 15}
    assert len(LIST.validate_python([group] * 3)) == 3
    with pytest.raises(ValidationError, match="50 scorers at most"):
        LIST.validate_python([group] * 4)
    with pytest.raises(ValidationError):
        LIST.validate_python([LEAF] * 21)


@pytest.mark.parametrize(
    "scorer",
    [
        {"kind": "unknown"},
        {"kind": "contains", "values": []},
        {"kind": "contains", "values": [""]},
        {"kind": "contains", "values": ["a"], "unknown": 1},
        {"kind": "contains", "values": ["a"], "weight": -1},
        {"kind": "contains", "values": ["a"], "weight": float("nan")},
        {"kind": "regex", "pattern": "("},
        {"kind": "regex", "pattern": "(?!a)"},
        {"kind": "regex", "pattern": "\ud800"},
        {"kind": "judge", "rubric": "  "},
        {"kind": "judge", "rubric": "x", "threshold": 1.1},
        {"kind": "latency", "max_ms": 0},
        {"kind": "cost", "max_usd": "-1"},
        {"kind": "tool_called", "tool": "a b"},
        {"kind": "all", "scorers": []},
        {"kind": "numeric", "value": float("inf")},
    ],
)
def test_invalid_scorers_are_refused(scorer: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(scorer)


def test_a_stored_scorer_is_the_same() -> None:
    scorers = LIST.validate_python(
        [
            {"kind": "json_schema", "schema": {"type": "object"}, "name": "form"},
            {"kind": "cost", "max_usd": "0.00000001"},
            nested(3),
        ]
    )
    assert LIST.validate_json(LIST.dump_json(scorers)) == scorers
    assert LIST.dump_python(scorers, mode="json")[0]["schema"] == {"type": "object"}
