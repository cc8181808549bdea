"""Results of bots' tests and scenario runs are deleted after as many days as evaluations are."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.bots.models import BotResult, ScenarioRun
from core.database import settings
from core.database.db import transaction
from core.database.settings import Retention
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.system.service import retention
from tests.factories.bots import asked, included, made, started, state, worked
from tests.factories.history import count
from tests.factories.identity import person

DAYS = 30


@pytest.fixture
def actor(runner: Runner) -> Actor:
    with transaction() as session:
        settings.write(session, Retention(evaluation_days=DAYS), by=None)
    return person().actor


def age() -> None:
    """Let all that is there be older than it is kept."""
    older = timedelta(days=DAYS + 1)
    with transaction() as session:
        for table, names in (
            (ScenarioRun, ("created_at", "finished_at")),
            (BotResult, ("created_at",)),
        ):
            columns = {name: getattr(table, name) - older for name in names}
            session.execute(update(table).values(columns))


def test_old_results_go_with_their_runs_and_those_of_single_tests_too(actor: Actor) -> None:
    bot, scenario = made(actor), included(actor)[0].id
    worked(actor, started(actor, bot, scenario, judge_model_id=None))
    asked(actor, bot)
    age()
    young, _ = worked(actor, started(actor, bot, scenario, judge_model_id=None))
    kept = asked(actor, bot)
    expected = {"scenario_runs": 1, "playground_test_results": 3 + 1}
    for is_dry in (True, False):
        rows = retention.apply(dry_run=is_dry).rows
        assert {name: rows[name] for name in expected} == expected
    assert len(state(actor, young.id)[1]) == 3
    assert count("playground_test_results", f"id = '{kept.id}'") == 1
    assert count("playground_test_results") == 4


def test_a_run_that_has_not_ended_stays_however_old(actor: Actor) -> None:
    run_id = started(actor, made(actor), included(actor)[0].id)
    age()
    assert retention.apply().rows["scenario_runs"] == 0
    assert state(actor, run_id)[0].id == run_id
