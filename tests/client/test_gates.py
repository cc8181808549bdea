"""The client's gate passes no version with answers that were not scored as a whole."""

from collections.abc import Mapping
from typing import Any

from attune_client.gates import RateGate, outcome_of

ESTIMATE = {"value": 1.0, "low": 0.8, "high": 1.0, "n": 12}


def view(dataset_id: str | None = None, **figures: object) -> Mapping[str, Any]:
    target = {"title": "app", "success_rate": ESTIMATE, "score": ESTIMATE, "failed": 0}
    return {
        "id": "7",
        "name": "Refunds",
        "status": "completed",
        "dataset_id": dataset_id,
        "results": [target | {"not_scored": 0} | figures],
    }


def test_answers_that_some_scorers_only_could_score_miss_the_gate() -> None:
    found = outcome_of(view(partly_scored=2), "http://attune", RateGate(0.9))
    assert not found.passed
    assert "2 runs failed or were not scored in full" in found.table()


def test_one_run_that_failed_is_counted_as_one() -> None:
    found = outcome_of(view(failed=1), "http://attune", RateGate(0.9))
    assert "1 run failed or was not scored" in found.table()


def test_as_many_of_them_may_be_allowed_as_of_failures() -> None:
    gate = RateGate(0.9, failures=3)
    assert outcome_of(view(failed=1, partly_scored=2), "http://attune", gate).passed
    assert not outcome_of(view(failed=2, partly_scored=2), "http://attune", gate).passed


def test_an_attune_that_does_not_count_them_yet_is_understood() -> None:
    assert outcome_of(view(), "http://attune", RateGate(0.9)).passed


def test_a_mean_of_rates_that_is_the_gate_passes_it_whatever_its_last_digit() -> None:
    # Ten cases that pass in four of five runs have a mean of 0.7999999999999999
    estimate = ESTIMATE | {"value": sum([0.8] * 10) / 10}
    assert estimate["value"] < 0.8
    found = outcome_of(view(success_rate=estimate), "http://attune", RateGate(0.8))
    assert found.passed
    assert not outcome_of(view(success_rate=estimate), "http://attune", RateGate(0.801)).passed


def test_twelve_runs_of_one_case_are_too_few_cases_for_the_low_end() -> None:
    gate = RateGate(0.7, "low")
    found = outcome_of(view(cases=1), "http://attune", gate)
    assert "gate missed, 1 case is too few for an interval" in found.table()
    assert outcome_of(view(cases=12), "http://attune", gate).passed


def test_it_is_said_why_calls_failed_unless_that_may_quote_users() -> None:
    # A provider's error may quote the words of a user, and logs of CI have other readers
    for dataset_id in (None, "3"):
        failed = view(dataset_id, failed=2, call_error="The provider timed out.")
        said = "app: a call failed: The provider timed out."
        is_said = said in outcome_of(failed, "http://attune", None).table()
        assert is_said is (dataset_id is None)
