"""Evaluations go on where they were: what has been answered is not paid for again."""

import threading
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core.database.db import transaction
from core.evaluations import jobs
from core.evaluations.errors import (
    CasesNotScored,
    EvaluationEnded,
    EvaluationRunning,
    EvaluationUnfinished,
    NothingFailed,
)
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.evaluations.runs import call_waiter
from core.evaluations.schemas import (
    EvaluationResume,
    EvaluationStatus,
    NewScoring,
    ResultStatus,
)
from core.evaluations.service import claims, evaluations
from core.executions import progress
from core.executions.models import Execution
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus
from core.executions.service import executions
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.evaluations import (
    answering,
    app_answered,
    evaluated,
    read,
    run,
    started,
    until,
)
from tests.factories.identity import Person, person

SLOW = answering("good", delay_s=30)


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def completed_calls() -> int:
    with transaction() as session:
        done = Execution.status == ExecutionStatus.COMPLETED
        return session.scalar(select(func.count()).select_from(Execution).where(done)) or 0


def status_of_calls() -> set[str]:
    with transaction() as session:
        return set(session.scalars(select(Execution.status)))


def count_silent_calls(silence: timedelta = timedelta()) -> int:
    """Return how many pending calls gave no sign of life for so long."""
    silent = Execution.alive_at < clock.now() - silence
    with transaction() as session:
        waiting = select(func.count()).where(Execution.status == ExecutionStatus.PENDING, silent)
        return session.scalar(waiting) or 0


def test_runs_that_a_killed_worker_had_claimed_are_run_again_and_no_others(one: Person) -> None:
    evaluation_id = started(one.actor, *[answering("good")] * 6)
    killed = new_id()
    with transaction() as session:
        taken = claims.take(session, evaluation_id, killed)
        assert taken is not None
        assert len(claims.claim(session, taken, most=2)) == 2
    run(evaluation_id)  # too early: the worker may be alive
    assert read(one.actor, evaluation_id).progress.done == 0
    with transaction() as session:
        lost = clock.now() - 2 * claims.LOST_AFTER
        session.execute(update(EvaluationTest).values(alive_at=lost))
    run(evaluation_id)
    found = read(one.actor, evaluation_id)
    assert (found.status, found.success_rate.n) == (EvaluationStatus.COMPLETED, 6)
    assert completed_calls() == 6


def test_one_whose_worker_was_killed_goes_on_with_the_job_that_takes_its_place(one: Person) -> None:
    # The search for lost evaluations marked it alive, and its job took it for another worker's
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        assert claims.take(session, evaluation_id, new_id()) is not None
        session.execute(update(EvaluationTest).values(alive_at=clock.now() - 2 * claims.LOST_AFTER))
    jobs.resume(0)
    run(evaluation_id)
    assert read(one.actor, evaluation_id).status is EvaluationStatus.COMPLETED


def test_an_answer_that_was_stored_before_a_kill_is_only_scored(one: Person) -> None:
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        [claimed] = claims.claim(session, taken, most=1)
    answer = call_waiter.CallWaiter(taken).answer(claimed)
    assert answer is not None
    with transaction() as session:
        lost = clock.now() - 2 * claims.LOST_AFTER
        session.execute(update(EvaluationTest).values(alive_at=lost))
    run(evaluation_id)
    assert read(one.actor, evaluation_id).success_rate.value == 1.0
    assert completed_calls() == 1


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(one: Person) -> None:
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        [claimed] = claims.claim(session, taken, most=1)
        session.execute(update(EvaluationTest).values(worker=None))
    run(evaluation_id)
    with transaction() as session:
        assert not claims.keep_alive(session, taken)
        assert claims.claim(session, taken, most=1) == []
    assert call_waiter.CallWaiter(taken).answer(claimed) is None
    found = read(one.actor, evaluation_id)
    assert (found.progress.done, found.status) == (1, EvaluationStatus.COMPLETED)


def test_a_worker_that_was_taken_for_dead_leaves_the_runs_of_the_next_one_alone(
    one: Person,
) -> None:
    # It gave back all claimed runs, so that answers in progress were paid for twice
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        late = claims.take(session, evaluation_id, new_id())
        session.execute(update(EvaluationTest).values(worker=None))
    with transaction() as session:
        present = claims.take(session, evaluation_id, new_id())
        assert late is not None
        assert present is not None
        assert len(claims.claim(session, present, most=1)) == 1
    with transaction() as session:
        claims.release(session, late)
        assert session.scalar(select(EvaluationResult.status)) == ResultStatus.RUNNING


def test_an_evaluation_goes_on_in_the_next_slice(one: Person) -> None:
    evaluation_id = started(one.actor, *[answering("good", delay_s=0.3)] * 24)
    run(evaluation_id, slice_s=0.1)
    early = read(one.actor, evaluation_id)
    assert 0 < early.progress.done < 24
    assert early.status is EvaluationStatus.RUNNING
    run(evaluation_id)
    assert read(one.actor, evaluation_id).status is EvaluationStatus.COMPLETED
    assert completed_calls() == 24


def test_a_cancelled_evaluation_stops_its_calls_and_can_be_resumed(one: Person) -> None:
    quick = [answering("good")] * 4
    evaluation_id = started(one.actor, *quick, *[SLOW] * 4)
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: read(one.actor, evaluation_id).progress.done == 4)
    with transaction() as session:
        evaluations.cancel(session, evaluation_id, actor=one.actor)
    working.join(60)
    assert not working.is_alive()
    found = read(one.actor, evaluation_id)
    assert (found.status, found.progress.done) == (EvaluationStatus.CANCELLED, 4)
    assert not found.recommendations  # it has more cases than have been run
    assert ExecutionStatus.PENDING not in status_of_calls()
    with transaction() as session:
        evaluations.resume(session, evaluation_id, EvaluationResume(), actor=one.actor)
    assert read(one.actor, evaluation_id).status is EvaluationStatus.PENDING


def test_calls_that_wait_for_a_thread_are_not_taken_for_abandoned(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker claims runs ahead of its threads, and they waited for longer than a sign of life
    # lasts
    monkeypatch.setattr(progress, "ALIVE_INTERVAL_S", 0.2)
    evaluation_id = started(one.actor, *[SLOW] * 12)
    working = threading.Thread(target=run, args=(evaluation_id,))
    working.start()
    until(lambda: count_silent_calls() == 12)
    with transaction() as session:
        earlier = clock.now() - 2 * executions.ABANDONED_AFTER
        session.execute(update(Execution).values(alive_at=earlier))
    until(lambda: count_silent_calls(executions.ABANDONED_AFTER) == 0)
    with transaction() as session:
        assert executions.fail_abandoned(session) == 0
        evaluations.cancel(session, evaluation_id, actor=one.actor)
    working.join(60)
    assert not working.is_alive()


def test_failed_calls_are_made_again_and_others_are_not(one: Person) -> None:
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    found = evaluated(one.actor, answering("good"), failing)
    with transaction() as session:
        assert evaluations.rerun_failed(session, found.id, actor=one.actor) == 1
    run(found.id)
    again = read(one.actor, found.id)
    assert (again.progress.done, again.progress.failed) == (2, 1)
    assert completed_calls() == 1


def test_scoring_again_calls_no_model(one: Person) -> None:
    found = evaluated(one.actor, answering("good"), answering("bad"))
    scoring = NewScoring.model_validate({"scorers": [{"kind": "contains", "values": ["bad"]}]})
    with transaction() as session:
        evaluations.rescore(session, found.id, scoring, actor=one.actor)
    run(found.id)
    again = read(one.actor, found.id)
    assert again.scorers[0]["values"] == ["bad"]
    assert (again.success_rate.value, again.spent_usd) == (0.5, found.spent_usd)
    assert completed_calls() == 2


def test_what_was_left_when_it_was_cancelled_is_run_by_resuming_alone(one: Person) -> None:
    evaluation_id = started(one.actor, answering("good"))
    with transaction() as session:
        evaluations.cancel(session, evaluation_id, actor=one.actor)
    with pytest.raises(EvaluationUnfinished), transaction() as session:
        evaluations.rescore(session, evaluation_id, NewScoring(), actor=one.actor)
    with pytest.raises(EvaluationUnfinished), transaction() as session:
        evaluations.rerun_failed(session, evaluation_id, actor=one.actor)
    run(evaluation_id)
    assert read(one.actor, evaluation_id).status is EvaluationStatus.CANCELLED
    assert completed_calls() == 0


def test_scoring_again_counts_no_unpriced_answer_twice(one: Person) -> None:
    evaluation_id = started(one.actor, targets=[{"app": "shop"}])
    app_answered(one.actor, evaluation_id, "good")
    run(evaluation_id)
    assert read(one.actor, evaluation_id).unpriced == 1
    with transaction() as session:
        evaluations.rescore(session, evaluation_id, NewScoring(), actor=one.actor)
    run(evaluation_id)
    assert read(one.actor, evaluation_id).unpriced == 1


def test_figures_of_former_scorers_are_not_shown_once_others_score_again(one: Person) -> None:
    # They were shown by the names of the new scorers, and with fewer of them the page broke
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    scorers = [{"kind": "contains", "values": [each]} for each in ("bad", "worst")]
    answers = [answering(f"bad {number}") for number in range(12)]
    found = evaluated(one.actor, failing, *answers, scorers=scorers)
    assert found.results[0].by_scorer[-1].number == 2
    fewer = NewScoring.model_validate({"scorers": scorers[:1]})
    with transaction() as session:
        evaluations.rescore(session, found.id, fewer, actor=one.actor)
    waiting = read(one.actor, found.id).results[0]
    assert (waiting.by_scorer, waiting.success_rate.value) == ((), None)
    run(found.id)
    assert read(one.actor, found.id).results[0].success_rate.value == 1


def test_what_is_left_is_estimated_by_what_is_done_since_an_evaluation_went_on(
    one: Person,
) -> None:
    # Hours between a stop and a resume counted as time of its runs
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    found = evaluated(one.actor, failing, *[answering("good")] * 3)
    with transaction() as session:
        day, spent = timedelta(days=1), Decimal(8)
        earlier = {"started_at": EvaluationTest.started_at - day, "spent_usd": spent}
        session.execute(update(EvaluationTest).values(earlier))
    with transaction() as session:
        evaluations.rescore(session, found.id, NewScoring(), actor=one.actor)
    begun = read(one.actor, found.id).progress
    assert (begun.done, begun.left_s, begun.estimated_usd) == (1, None, None)
    with transaction() as session:
        half = {"status": EvaluationStatus.RUNNING, "done": 2, "spent_usd": spent + 1}
        session.execute(update(EvaluationTest).values(half))
    later = read(one.actor, found.id).progress
    assert later.left_s is not None
    assert later.left_s < 60
    assert later.estimated_usd == 11


def test_answers_are_not_scored_again_by_nothing(one: Person) -> None:
    # It took away all figures
    found = evaluated(one.actor, answering("good"))
    nothing = NewScoring.model_validate({"scorers": []})
    with pytest.raises(CasesNotScored), transaction() as session:
        evaluations.rescore(session, found.id, nothing, actor=one.actor)
    assert read(one.actor, found.id).success_rate.value == 1


def test_a_reached_cost_limit_stops_the_calls_and_a_higher_one_goes_on(one: Person) -> None:
    inputs = [answering("good")] * 8
    evaluation_id = started(one.actor, *inputs, cost_limit_usd="0.001")
    with transaction() as session:
        session.execute(
            update(EvaluationTest).values(spent_usd=EvaluationTest.cost_limit_usd, done=0)
        )
    run(evaluation_id)
    stopped = read(one.actor, evaluation_id)
    assert stopped.status is EvaluationStatus.FAILED
    assert "cost limit" in (stopped.error or "")
    wanted = EvaluationResume.model_validate({"cost_limit_usd": "5"})
    with transaction() as session:
        evaluations.resume(session, evaluation_id, wanted, actor=one.actor)
    run(evaluation_id)
    assert read(one.actor, evaluation_id).status is EvaluationStatus.COMPLETED


def test_what_does_not_fit_the_state_is_refused(one: Person) -> None:
    evaluation_id = started(one.actor)
    me = one.actor
    with pytest.raises(EvaluationRunning), transaction() as session:
        evaluations.remove(session, evaluation_id, actor=me)
    with pytest.raises(EvaluationRunning), transaction() as session:
        evaluations.rerun_failed(session, evaluation_id, actor=me)
    run(evaluation_id)
    with pytest.raises(EvaluationEnded), transaction() as session:
        evaluations.cancel(session, evaluation_id, actor=me)
    with pytest.raises(EvaluationEnded), transaction() as session:
        evaluations.resume(session, evaluation_id, EvaluationResume(), actor=me)
    with pytest.raises(NothingFailed), transaction() as session:
        evaluations.rerun_failed(session, evaluation_id, actor=me)


def claimed_rows(evaluation_id: UUID) -> int:
    with transaction() as session:
        running = (
            EvaluationResult.evaluation_id == evaluation_id,
            EvaluationResult.status == ResultStatus.RUNNING,
        )
        return session.scalar(select(func.count()).where(*running)) or 0


def test_nothing_stays_claimed_when_an_evaluation_ends(one: Person) -> None:
    found = evaluated(one.actor, *[answering("good")] * 5)
    assert claimed_rows(found.id) == 0
