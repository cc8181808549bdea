"""What changes an evaluation goes by what is stored once it has the lock, not by what it read."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.runs.work_items import EndedRun, TakenEvaluation
from core.evaluations.schemas import EvaluationResume, EvaluationStatus
from core.evaluations.service import claims, evaluations, settling
from core.executions.runner import Runner
from core.platform.ids import new_id
from core.scoring.schemas import ScoredAnswer
from tests.factories.evaluations import answering, started, until
from tests.factories.identity import person

WAITING = text("select count(*) from pg_locks where not granted")


def test_an_evaluation_that_ended_before_it_was_locked_is_seen_as_ended(runner: Runner) -> None:
    # SQLAlchemy keeps the values that a row was read with before the lock
    actor = person().actor
    evaluation_id = started(actor)
    with transaction() as session:
        before = get_row(session, evaluation_id, actor=actor)
        assert before.status == EvaluationStatus.PENDING
        with transaction() as other:
            ended = update(EvaluationTest).where(EvaluationTest.id == evaluation_id)
            other.execute(ended.values(status=EvaluationStatus.COMPLETED))
        locked = get_row(session, evaluation_id, actor=actor, lock=True)
        assert locked.status == EvaluationStatus.COMPLETED


def settle(session: Session, taken: TakenEvaluation, ended: EndedRun) -> None:
    settling.settle(session, taken, [ended])


def release(session: Session, taken: TakenEvaluation, _ended: EndedRun) -> None:
    claims.release(session, taken)


def is_one_waiting() -> bool:
    with transaction() as session:
        return bool(session.scalar(WAITING))


@pytest.mark.parametrize("end", [settle, release], ids=["settled", "given back"])
def test_a_run_that_ends_after_a_cancel_waits_for_who_resumes_and_locks_nothing_meanwhile(
    runner: Runner, end: Callable[[Session, TakenEvaluation, EndedRun], None]
) -> None:
    # Locked in another order, Postgres ended one of the two: scores were lost and judges paid twice
    actor = person().actor
    evaluation_id = started(actor, answering("good"))
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
        assert taken is not None
        [claimed] = claims.claim(session, taken, most=1)
        evaluations.cancel(session, evaluation_id, actor=actor)

    def end_run() -> None:
        with transaction() as session:
            end(session, taken, EndedRun(claimed.id, ScoredAnswer(error="cut off")))

    with ThreadPoolExecutor(1) as worker:
        with transaction() as session:
            get_row(session, evaluation_id, actor=actor, lock=True)
            ending = worker.submit(end_run)
            until(is_one_waiting)
            evaluations.resume(session, evaluation_id, EvaluationResume(), actor=actor)
        ending.result()
    with transaction() as session:
        row = get_row(session, evaluation_id, actor=actor)
        assert row.status == EvaluationStatus.PENDING
