"""An estimate counts the calls of targets and of judges, and prices both."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.database.db import transaction
from core.errors import NotFound
from core.evaluations import estimates
from core.evaluations.views import EvaluationEstimate
from core.executions.runner import Runner
from tests.factories.evaluations import new
from tests.factories.identity import Person, person
from tests.factories.requests import price

JUDGE = {"kind": "judge", "rubric": "Is it right?", "judge_model_id": "fake:constrained"}
PAIRWISE = JUDGE | {"kind": "pairwise", "value": "Yes."}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def estimated(one: Person, *inputs: str, **more: Any) -> EvaluationEstimate:  # noqa: ANN401  fields
    with transaction() as session:
        return estimates.estimate(session, new(*inputs, **more), actor=one.actor)


def test_judges_are_counted_for_each_answer(one: Person) -> None:
    nested = {"kind": "any", "scorers": [JUDGE, {"kind": "contains", "values": ["a"]}]}
    found = estimated(
        one,
        "a",
        "b",
        runs=3,
        targets=[{"model_id": "fake:echo"}, {"model_id": "fake:plain"}],
        scorers=[JUDGE, PAIRWISE, nested],
        personality_judge_id="fake:constrained",
    )
    assert (found.calls, found.judge_calls) == (12, 12 * 5)


def test_a_judges_price_is_part_of_the_cost(one: Person) -> None:
    price(
        one.actor, "constrained", datetime(2020, 1, 1, tzinfo=UTC), provider="fake", output="1000"
    )
    free = estimated(one, "a", "b")
    judged = estimated(one, "a", "b", scorers=[JUDGE])
    assert free.cost_usd == Decimal(0)
    # 150 tokens of each verdict at $1,000 per million, and what is read at $1
    assert judged.cost_usd is not None
    assert Decimal("0.3") < judged.cost_usd < Decimal("0.302")
    assert judged.worst_case_usd is not None
    assert judged.worst_case_usd > 2 * 2  # 2,000 tokens of each


def test_comparisons_by_meaning_are_part_of_the_cost(one: Person) -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    price(one.actor, "plain", since, provider="fake", input="1000", output="0")
    similar = {"kind": "similarity", "value": "y" * 800, "model_id": "fake:plain"}
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:echo"}]
    found = estimated(one, "a", runs=3, targets=targets, scorers=[similar])
    # 1,200 characters of the answer and 800 of the text, of which four are taken for a token
    assert found.cost_usd == 2 * 3 * Decimal("0.5")
    assert found.worst_case_usd == 2 * 3 * Decimal(2)


def test_a_comparison_whose_model_is_missing_costs_nothing(one: Person) -> None:
    similar = {"kind": "similarity", "value": "yes", "model_id": "fake:none"}
    assert estimated(one, "a", scorers=[similar]).cost_usd == Decimal(0)


def test_a_judge_that_is_missing_is_told_before_the_start(one: Person) -> None:
    with pytest.raises(NotFound):
        estimated(one, "a", scorers=[JUDGE | {"judge_model_id": "fake:none"}])


def test_the_sample_reaches_the_end_of_the_cases(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "SAMPLE", 2)
    price(one.actor, "echo", datetime(2020, 1, 1, tzinfo=UTC), provider="fake", output="0")
    short, long = estimated(one, "a", "b", "c"), estimated(one, "a", "b", "c" * 40_000)
    assert short.cost_usd is not None
    assert long.cost_usd is not None
    assert long.cost_usd > 100 * short.cost_usd
