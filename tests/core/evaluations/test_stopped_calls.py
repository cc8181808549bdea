"""What calls have cost that took too long or were cancelled is spent, without an answer, too."""

from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.models import EvaluationResult
from core.evaluations.runs import call_waiter
from core.evaluations.schemas import EvaluationResume, EvaluationStatus
from core.evaluations.service import evaluations
from core.executions.models import Execution
from core.executions.runner import Runner
from core.platform.config import config
from tests.factories.evaluations import read, run, started, until
from tests.factories.identity import Person, person
from tests.factories.requests import price

ALWAYS = datetime(2001, 1, 1, tzinfo=UTC)
ENDLESS = '#fake {"words": 20000, "rate": 20}\nquestion'
TARGET = {"model_id": "fake:echo", "parameters": {"max_tokens": 1000}}


class Clock:
    """Stands in for the module `time`, and is put forward by hand."""

    now_s = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(call_waiter, "time", clock)
    return clock


@pytest.fixture
def one(runner: Runner) -> Person:
    one = person()
    price(one.actor, "echo", ALWAYS, provider="fake", input="1", output="1")
    return one


def call_of(evaluation_id: UUID) -> UUID | None:
    with transaction() as session:
        of_it = EvaluationResult.evaluation_id == evaluation_id
        return session.scalar(select(EvaluationResult.execution_id).where(of_it))


def answering_begun(runner: Runner, evaluation_id: UUID) -> Thread:
    """Run an evaluation in a thread until its next call has said something."""
    before = call_of(evaluation_id)
    working = Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: (id_ := call_of(evaluation_id)) not in (None, before) and runner.text_of(id_))
    return working


def costs() -> list[Decimal | None]:
    with transaction() as session:
        return list(session.scalars(select(Execution.cost_usd)))


def test_a_call_that_took_too_long_is_spent(runner: Runner, one: Person, clock: Clock) -> None:
    evaluation_id = started(one.actor, ENDLESS, target=TARGET, cost_limit_usd="1")
    working = answering_begun(runner, evaluation_id)
    clock.now_s += 2 * config().evaluation_call_timeout_s
    working.join(60)
    until(lambda: None not in costs())
    found = read(one.actor, evaluation_id)
    assert (found.status, found.progress.failed) == (EvaluationStatus.COMPLETED, 1)
    assert found.spent_usd == sum(filter(None, costs())) > 0


def test_calls_that_were_cancelled_are_spent_beside_those_of_the_resumed_evaluation(
    runner: Runner, one: Person, clock: Clock
) -> None:
    evaluation_id = started(one.actor, ENDLESS, target=TARGET, cost_limit_usd="1")
    for _ in range(2):
        working = answering_begun(runner, evaluation_id)
        with transaction() as session:
            evaluations.cancel(session, evaluation_id, actor=one.actor)
        working.join(60)
        until(lambda: None not in costs())
        with transaction() as session:
            evaluations.resume(session, evaluation_id, EvaluationResume(), actor=one.actor)
    assert len(costs()) == 2
    assert read(one.actor, evaluation_id).spent_usd == sum(filter(None, costs())) > 0
