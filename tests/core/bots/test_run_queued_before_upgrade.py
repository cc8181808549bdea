"""A run of scenarios that was queued before an upgrade goes on after it."""

import pytest
from sqlalchemy import text

from core.bots.result_schemas import NewScenario, RunStatus
from core.bots.service import scenarios
from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.bots import made, started, worked
from tests.factories.identity import person


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def test_run_without_texts_sends_those_that_its_scenario_has_now(actor: Actor) -> None:
    # Runs of earlier programs have no texts of their own
    new = NewScenario(name="Greeting", user_messages=("hello", "bye"))
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    run_id = started(actor, made(actor), scenario.id, judge_model_id=None)
    with transaction() as session:
        session.execute(text("update scenario_runs set content = content - 'scenarios'"))
    run, found = worked(actor, run_id)
    assert (run.status, run.done) == (RunStatus.COMPLETED, 2)
    assert [each.message for each in found] == ["hello", "bye"]
