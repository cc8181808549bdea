"""`client.evaluate` against the API: a function answers a dataset, and the worker scores it."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from attune_client import Case, Client, EvaluationFailed, evaluations
from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.queries import results
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.service import evaluations as service
from core.evaluations.views import EvaluationRunView
from core.identity.schemas import Scope
from tests.api.evaluation.conftest import DATASET, shared
from tests.client import shop_bot
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import CONTAINS
from tests.factories.identity import Person, person
from tests.factories.keys import api_key

GATES = ("value", "low")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "POLL_INTERVAL_S", 0.05)


@pytest.fixture
def attune(one: Person, address: str) -> Iterator[Client]:
    with Client(address, api_key(Scope.EXECUTE).key, app="shop-bot", release="1.4") as client:
        yield client


def runs_of(one: Person, evaluation_id: str) -> dict[int, EvaluationRunView]:
    """Return the first run of each case."""
    with transaction() as session:
        [found] = session.scalars(select(EvaluationTest.id))
        assert str(found) == evaluation_id
        rows = results.list_cases(session, found, actor=one.actor).items
        cases = [results.get_case(session, found, row.id, actor=one.actor) for row in rows]
    return {case.position: case.runs[0] for case in cases}


@pytest.mark.usefixtures("worker")
def test_an_app_is_measured_with_its_time_tools_and_cost(one: Person, attune: Client) -> None:
    shared(one, "wrong", "slow", "tool", *["right"] * 9, context={"order": 7})
    found = attune.evaluate(DATASET, shop_bot.answer, gate=0.9)
    assert found.rate == pytest.approx(11 / 12)
    assert found.targets[0].title == "app: shop-bot 1.4"
    assert found.low is not None
    assert found.passed
    assert found.url.endswith(f"/evaluations?evaluation={found.id}")
    runs = runs_of(one, found.id)
    assert runs[1].passed is False
    assert (runs[2].latency_ms or 0) >= 200
    assert runs[3].tool_calls[0].arguments == {"id": 7}
    assert str(runs[3].cost_usd) == "0.00120000"


@pytest.mark.usefixtures("worker")
def test_what_the_app_raises_is_a_failed_call_and_the_gate_is_missed(
    one: Person, attune: Client
) -> None:
    shared(one, "right", "fail", "exit", "number", "right")
    found = attune.evaluate(DATASET, shop_bot.answer, gate=0.5)
    assert (found.rate, found.targets[0].failed, found.passed) == (1.0, 3, False)
    runs = runs_of(one, found.id)
    assert runs[2].error == "LookupError: no stock ?"
    assert runs[3].error == "SystemExit: 0"
    assert runs[4].error == "TypeError: the app returned int, not a text or an Answer"
    assert "gate missed, 3 runs failed or were not scored" in found.table()


@pytest.mark.usefixtures("worker")
def test_the_gate_is_of_the_rate_or_of_the_low_end_of_its_interval(
    one: Person, attune: Client
) -> None:
    shared(one, *["right"] * 12)
    both = [attune.evaluate(DATASET, shop_bot.answer, gate=0.9, gate_on=on) for on in GATES]
    assert [it.passed for it in both] == [True, False]
    assert "the low end of the interval is 75.8%, below 90.0%" in both[1].table()


@pytest.mark.usefixtures("worker")
def test_a_call_with_the_same_key_goes_on_and_calls_for_no_answer_twice(
    one: Person, attune: Client
) -> None:
    shared(one, *[f"right {number}" for number in range(6)])
    calls = list[int]()

    def answer(case: Case) -> str:
        calls.append(case.position)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return shop_bot.answer(case)  # type: ignore[return-value]

    again = {"idempotency_key": "build 7", "threads": 1, "runs": 2}
    with pytest.raises(KeyboardInterrupt):
        attune.evaluate(DATASET, answer, **again)
    found = attune.evaluate(DATASET, answer, **again)
    assert (found.rate, found.targets[0].failed) == (1.0, 0)
    assert attune.evaluate(DATASET, answer, **again).id == found.id
    with transaction() as session:
        row = session.scalars(select(EvaluationTest)).one()
    assert (row.done, row.waiting) == (12, 0)


@pytest.mark.usefixtures("worker")
def test_several_cases_are_answered_at_the_same_time(one: Person, attune: Client) -> None:
    shared(one, *["right"] * 6)
    together = threading.Barrier(3, timeout=20)

    def answer(case: Case) -> str:
        together.wait()
        return "good"

    assert attune.evaluate(DATASET, answer, threads=3).rate == 1.0


@pytest.mark.usefixtures("worker")
def test_cases_that_are_worse_than_by_the_baseline_are_listed(one: Person, attune: Client) -> None:
    shared(one, "right", "also right")
    first = attune.evaluate(DATASET, lambda _: "good")
    assert (first.failed_cases, first.worse_cases) == ((), ())
    assert "worse than" not in first.table()

    def answer(case: Case) -> str:
        return "good" if case.position == 1 else "bad"

    found = attune.evaluate(DATASET, answer, baseline_id=first.id)
    [worse] = found.worse_cases
    assert (worse.position, worse.passed, worse.scored, worse.baseline) == (2, 0, 1, (1, 1))
    line = "  case 2, app: shop-bot 1.4: 0 of 1 passed, 1 of 1 by the baseline"
    assert f"worse than the baseline:\n{line}\n" in found.table()


def test_a_cancelled_one_stops_the_client_with_the_reason(one: Person, attune: Client) -> None:
    shared(one, *["right"] * 3)

    def answer(case: Case) -> str:
        with transaction() as session:
            for row in session.scalars(select(EvaluationTest)):
                if row.status != EvaluationStatus.CANCELLED:
                    service.cancel(session, row.id, actor=one.actor)
        return "good"

    with pytest.raises(EvaluationFailed, match="cancelled"):
        attune.evaluate(DATASET, answer)


def test_a_dataset_that_the_key_does_not_see_is_named(one: Person, attune: Client) -> None:
    dataset(one.actor, question("a", assertions=[CONTAINS]), name=DATASET)
    with pytest.raises(EvaluationFailed, match="sees no dataset named Billing questions"):
        attune.evaluate(DATASET, shop_bot.answer)
    for owner in (person(), person()):
        dataset(owner.actor, question("a"), name="Two", visibility="shared")
    with pytest.raises(EvaluationFailed, match="Several datasets are named two"):
        attune.evaluate("two", shop_bot.answer)


def test_what_is_refused_is_raised_in_words(one: Person, attune: Client) -> None:
    shared(one, "right")
    with pytest.raises(EvaluationFailed, match="runs"):
        attune.evaluate(DATASET, shop_bot.answer, runs=101)
    with pytest.raises(EvaluationFailed, match="Name the app"):
        attune.evaluate(DATASET, shop_bot.answer, app="")
