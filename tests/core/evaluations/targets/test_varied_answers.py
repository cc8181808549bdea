"""No figure of an evaluation is canned: other answers give other figures."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import person
from tests.factories.requests import price

SCORERS = [
    {"kind": "contains", "values": ["good"]},
    {"kind": "similarity", "value": "a good answer"},
]


@pytest.fixture
def actor(runner: Runner) -> Actor:
    one = person().actor
    price(one, "echo", datetime(2020, 1, 1, tzinfo=UTC), provider="fake")
    return one


def figures(actor: Actor, *answers: str, tokens: int, delay_s: float) -> dict[str, Any]:
    """Return every figure of an evaluation whose cases are answered like this, twice each."""
    usage = f'{{"input": {tokens}, "output": 1}}'
    inputs = [answering(each, usage=usage, delay_s=delay_s) for each in answers]
    found = evaluated(actor, *inputs, runs=2, scorers=SCORERS)
    [target] = found.results
    of_target = target.model_dump(
        include={"success_rate", "score", "pass_power", "by_scorer"}
        | {"median_ms", "p95_ms", "cost_usd", "consistency"}
    )
    whole = {"average_score", "spent_usd"}
    return of_target | found.model_dump(include=whole)


def test_other_answers_change_every_figure(actor: Actor) -> None:
    one = figures(actor, *["a good answer"] * 12, tokens=10, delay_s=0)
    other = figures(actor, *["a good answer", "bad"] * 6, tokens=999, delay_s=0.2)
    assert [name for name in one if one[name] == other[name]] == []


def test_the_same_answers_have_the_same_figures(actor: Actor) -> None:
    answers = ["a good answer", "bad", "so so"] * 4
    one, other = (figures(actor, *answers, tokens=10, delay_s=0) for _ in range(2))
    assert [name for name in one if one[name] != other[name] and not name.endswith("_ms")] == []
