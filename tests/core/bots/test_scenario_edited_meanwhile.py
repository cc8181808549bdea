"""A run of scenarios sends the texts that they had when it was started."""

import pytest

from core.bots.result_schemas import NewScenario, RunStatus, ScenarioChange
from core.bots.service import scenarios
from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.bots import made, started, worked
from tests.factories.identity import person


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def test_run_that_waits_while_its_scenario_is_edited_sends_the_former_texts(actor: Actor) -> None:
    # Runs take turns, so that an edit may come hours before a run begins
    new = NewScenario(
        name="Greeting", user_messages=("hello",), expected_outcomes=("contains: hello",)
    )
    with transaction() as session:
        scenario = scenarios.create_scenario(session, new, actor=actor)
    run_id = started(actor, made(actor), scenario.id, judge_model_id=None)
    change = ScenarioChange(
        name="Farewell", user_messages=("bye", "then"), expected_outcomes=("contains: bye",)
    )
    with transaction() as session:
        scenarios.change_scenario(session, scenario.id, change, actor=actor)
    run, found = worked(actor, run_id)
    assert (run.status, run.done, run.total) == (RunStatus.COMPLETED, 1, 1)
    assert [each.message for each in found] == ["hello"]
    assert [(check.outcome, check.met) for check in found[0].outcomes] == [
        ("contains: hello", True)
    ]
