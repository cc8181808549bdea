"""Results are negated, joined and weighted, and what is not scored is never counted as zero."""

from typing import Any

import pytest

from core.scoring.schemas import ScorerSpec
from core.scoring.scorers import combine
from tests.factories.scoring import scored, spec

YES: dict[str, Any] = {"kind": "contains", "values": ["a"]}
NO: dict[str, Any] = {"kind": "contains", "values": ["z"]}
UNKNOWN: dict[str, Any] = {"kind": "latency", "max_ms": 1}


@pytest.mark.parametrize(
    ("kind", "inside", "passed", "score"),
    [
        ("all", [YES, YES], True, 1),
        ("all", [YES, NO], False, 0),
        ("all", [NO, UNKNOWN], False, 0),
        ("all", [YES, UNKNOWN], None, None),
        ("any", [YES, NO], True, 1),
        ("any", [NO, NO], False, 0),
        ("any", [YES, UNKNOWN], True, 1),
        ("any", [NO, UNKNOWN], None, None),
        ("all", [{"kind": "any", "scorers": [NO, YES]}, YES], True, 1),
    ],
)
def test_all_and_any_decide_when_they_can(
    kind: str, inside: list[object], passed: bool | None, score: float | None
) -> None:
    found = scored(spec(kind, scorers=inside), "a")
    assert (found.passed, found.score) == (passed, score)
    assert len(found.details["results"]) == len(inside)
    negated = scored(spec(kind, scorers=inside, negate=True), "a")
    assert negated.passed is (None if passed is None else not passed)


def combined(
    specs: list[ScorerSpec], threshold: float | None = None
) -> tuple[bool | None, float | None, int, int]:
    results = [scored(each, "a") for each in specs]
    found = combine(results, specs, threshold)
    return found.passed, found.score, found.scored, found.not_scored


def test_the_score_is_the_weighted_mean() -> None:
    specs = [spec(**YES, weight=3), spec(**NO)]
    assert combined(specs) == (False, 0.75, 2, 0)
    assert combined(specs, 0.75) == (True, 0.75, 2, 0)
    assert combined(specs, 0.76) == (False, 0.75, 2, 0)


def test_a_threshold_of_tenths_is_reached_exactly() -> None:
    specs = [spec(**YES, weight=0.1), spec(**YES, weight=0.2), spec(**NO, weight=0.7)]
    assert combined(specs, 0.3)[0] is True


def test_what_is_not_scored_stays_out_of_the_mean() -> None:
    assert combined([spec(**YES), spec(**UNKNOWN, weight=9)]) == (True, 1.0, 1, 1)
    assert combined([spec(**UNKNOWN)], 0.5) == (None, None, 0, 1)


def test_a_weight_of_zero_counts_nothing() -> None:
    assert combined([spec(**YES), spec(**NO, weight=0)]) == (True, 1.0, 2, 0)
    assert combined([spec(**NO, weight=0)]) == (None, None, 1, 0)
