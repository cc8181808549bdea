"""The client's gate passes no version with answers that were not scored as a whole."""

from collections.abc import Mapping
from typing import Any

from attune_client.gates import RateGate, outcome_of

ESTIMATE = {"value": 1.0, "low": 0.8, "high": 1.0, "n": 12}


def view(**figures: int) -> Mapping[str, Any]:
    target = {"title": "app", "success_rate": ESTIMATE, "score": ESTIMATE, "failed": 0}
    return {
        "id": "7",
        "name": "Refunds",
        "status": "completed",
        "results": [target | {"not_scored": 0} | figures],
    }


def test_answers_that_some_scorers_only_could_score_miss_the_gate() -> None:
    found = outcome_of(view(partly_scored=2), "http://attune", RateGate(0.9))
    assert not found.passed
    assert "2 runs failed or were not scored in full" in found.table()


def test_as_many_of_them_may_be_allowed_as_of_failures() -> None:
    gate = RateGate(0.9, failures=3)
    assert outcome_of(view(failed=1, partly_scored=2), "http://attune", gate).passed
    assert not outcome_of(view(failed=2, partly_scored=2), "http://attune", gate).passed


def test_an_attune_that_does_not_count_them_yet_is_understood() -> None:
    assert outcome_of(view(), "http://attune", RateGate(0.9)).passed
