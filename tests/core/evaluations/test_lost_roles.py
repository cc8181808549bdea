"""An account that started an evaluation may lose its role before the evaluation ends."""

from sqlalchemy import update

from core.database.db import transaction
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from core.identity.models import AdminUser
from core.identity.schemas import Role
from tests.factories.evaluations import read, run, started
from tests.factories.identity import person


def test_an_evaluation_of_an_account_that_may_not_run_models_any_more_counts_no_failures(
    runner: Runner,
) -> None:
    actor = person().actor
    evaluation_id = started(actor)
    with transaction() as session:
        its_account = update(AdminUser).where(AdminUser.id == actor.id)
        session.execute(its_account.values(role=Role.ANALYST))
    run(evaluation_id)
    found = read(actor, evaluation_id)
    assert (found.status, found.progress.done) == (EvaluationStatus.FAILED, 0)
    assert "may not run models" in (found.error or "")
