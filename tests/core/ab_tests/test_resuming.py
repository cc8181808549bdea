"""A run goes on where it was, and its results are counted once, whatever is repeated."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core.ab_tests.errors import AbTestNotRunning, AbTestRunning
from core.ab_tests.models import AbTestConfiguration, AbTestResult
from core.ab_tests.schemas import AbTestChange
from core.ab_tests.service import ab_tests
from core.ab_tests.service import count_results as counting
from core.ab_tests.views import AbTestView
from core.database.db import Database, transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationStatus, NewScoring
from core.evaluations.service import claims, evaluations
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.identity.schemas import Actor
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.ab_tests import (
    BAD,
    GOOD,
    JUDGE,
    Judges,
    case,
    count_ended,
    created,
    finished,
    outcome,
    read,
    started,
)
from tests.factories.evaluations import run
from tests.factories.identity import person


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def count_results() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(AbTestResult)) or 0


def completed_calls() -> int:
    with transaction() as session:
        done = Execution.status == ExecutionStatus.COMPLETED
        return session.scalar(select(func.count()).select_from(Execution).where(done)) or 0


def cancel(actor: Actor, test: AbTestView) -> None:
    with transaction() as session:
        ab_tests.cancel(session, test.id, actor=actor)


def half_done(actor: Actor, evaluation_id: UUID) -> None:
    """Leave a run as a worker that was killed with two claimed answers leaves it."""
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        assert len(claims.claim(session, taken, most=2)) == 2
    with transaction() as session:
        lost = clock.now() - 2 * claims.LOST_AFTER
        session.execute(update(EvaluationTest).values(alive_at=lost))


def test_a_run_whose_worker_was_killed_pays_for_no_answer_twice(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)] * 5)
    evaluation_id = started(actor, test.id)
    half_done(actor, evaluation_id)
    run(evaluation_id)
    assert count_ended() == 1
    assert (count_results(), completed_calls()) == (10, 10)


def test_an_end_that_is_told_twice_is_counted_once(actor: Actor) -> None:
    test = finished(actor, [case(GOOD, BAD)] * 2)
    before = outcome(actor, test.id)
    assert test.evaluation_id is not None
    for _ in range(2):
        with transaction() as session:
            claims.announce_end(session, test.evaluation_id)
        assert count_ended() == 1
    assert count_results() == 4
    assert outcome(actor, test.id) == before


def test_results_are_counted_by_the_next_worker_when_one_was_killed_before(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)])
    run(started(actor, test.id))
    outbox.relay(Database.CORE)  # the job is queued, and its worker killed
    assert read(actor, test.id).is_running
    assert count_ended() == 1
    assert not read(actor, test.id).is_running
    assert count_results() == 2


def test_a_cancelled_run_compares_its_answers_and_goes_on(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)] * 3)
    evaluation_id = started(actor, test.id)
    cancel(actor, test)
    count_ended()
    found = read(actor, test.id)
    assert (found.status, found.is_running) == (EvaluationStatus.CANCELLED, False)
    assert outcome(actor, test.id).A.answers == 0
    assert started(actor, test.id) == evaluation_id
    run(evaluation_id)
    count_ended()
    assert read(actor, test.id).status is EvaluationStatus.COMPLETED
    assert outcome(actor, test.id).A.answers == 3


def test_a_run_that_reached_its_cost_limit_goes_on_with_a_higher_one(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges().install(monkeypatch)
    test = created(actor, [case(GOOD, BAD)] * 6, judge_model_id=JUDGE, cost_limit_usd="0.000001")
    evaluation_id = started(actor, test.id)
    with transaction() as session:  # as if a call had cost so much
        session.execute(update(EvaluationTest).values(spent_usd=Decimal("0.000001"), done=0))
    run(evaluation_id)
    count_ended()
    stopped = read(actor, test.id)
    assert (stopped.status, stopped.error) == (
        EvaluationStatus.FAILED,
        "The cost limit is reached. Raise it, and resume the evaluation.",
    )
    with transaction() as session:
        raised = AbTestChange.model_validate({"cost_limit_usd": "1"})
        ab_tests.change(session, test.id, raised, actor=actor)
    assert started(actor, test.id) == evaluation_id
    run(evaluation_id)
    count_ended()
    assert read(actor, test.id).status is EvaluationStatus.COMPLETED


def test_a_running_one_is_neither_run_again_nor_deleted(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)])
    with transaction() as session, pytest.raises(AbTestNotRunning):
        ab_tests.cancel(session, test.id, actor=actor)
    started(actor, test.id)
    for act in (ab_tests.run, ab_tests.remove):
        with transaction() as session, pytest.raises(AbTestRunning):
            act(session, test.id, actor=actor)


def test_answers_that_are_scored_again_are_counted_again(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    judges = Judges({GOOD: 2, BAD: 2})
    judges.install(monkeypatch)
    test = finished(actor, [case(GOOD, BAD)], judge_model_id=JUDGE)
    assert outcome(actor, test.id).metrics.quality_scores.A == 0.625
    assert test.evaluation_id is not None
    judges.scores = {GOOD: 5, BAD: 2}
    with transaction() as session:
        evaluations.rescore(session, test.evaluation_id, NewScoring(), actor=actor)
    run(test.evaluation_id)
    count_ended()
    assert outcome(actor, test.id).metrics.quality_scores.A == 1


def test_a_deleted_one_takes_its_evaluation_and_results_with_it(actor: Actor) -> None:
    test = finished(actor, [case(GOOD, BAD)])
    with transaction() as session:
        ab_tests.remove(session, test.id, actor=actor)
    with transaction() as session:
        for table in (AbTestConfiguration, AbTestResult, EvaluationTest):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_without_its_evaluation_it_can_be_run_again(actor: Actor) -> None:
    test = finished(actor, [case(GOOD, BAD)])
    assert test.evaluation_id is not None
    with transaction() as session:
        evaluations.remove(session, test.evaluation_id, actor=actor)
    gone = read(actor, test.id)
    assert (gone.status, gone.evaluation_id, count_results()) == (None, None, 0)
    counting.count(test.evaluation_id)  # told late
    run(started(actor, test.id))
    count_ended()
    assert outcome(actor, test.id).A.answers == 1
