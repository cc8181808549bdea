"""What changes an evaluation goes by what is stored once it has the lock, not by what it read."""

from sqlalchemy import update

from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from tests.factories.evaluations import started
from tests.factories.identity import person


def test_an_evaluation_that_ended_before_it_was_locked_is_seen_as_ended(runner: Runner) -> None:
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
