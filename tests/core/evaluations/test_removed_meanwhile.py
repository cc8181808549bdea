"""An evaluation may be removed while a worker counts its results."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select, text

from core.database.db import transaction
from core.evaluations.models import EvaluationOutcomes
from core.evaluations.service import evaluations, summaries
from core.executions.runner import Runner
from tests.factories.evaluations import evaluated
from tests.factories.identity import person
from tests.faults.program import until

WAITING = text("select count(*) from pg_locks where not granted")


def is_waited() -> bool:
    with transaction() as session:
        return bool(session.scalar(WAITING))


def test_figures_of_an_evaluation_that_is_removed_while_they_are_counted_are_not_stored(
    runner: Runner,
) -> None:
    # Outcomes refer to its row, and the job failed with a traceback
    actor = person().actor
    evaluation_id = evaluated(actor).id
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            evaluations.remove(session, evaluation_id, actor=actor)
            session.flush()
            counted = pool.submit(summaries.write, evaluation_id)
            until(is_waited, 10)
        counted.result(20)
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(EvaluationOutcomes)) == 0
