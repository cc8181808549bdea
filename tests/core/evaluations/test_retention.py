"""Evaluations that ended long ago are deleted with their results; those going on stay."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.database import settings
from core.database.db import transaction
from core.database.settings import Retention
from core.evaluations.errors import EvaluationMissing
from core.evaluations.models import EvaluationResult, EvaluationTest
from core.executions.runner import Runner
from core.system.service import retention
from tests.factories.evaluations import evaluated, read, started
from tests.factories.identity import Person, person

DAYS = 30


@pytest.fixture
def one(runner: Runner) -> Person:
    with transaction() as session:
        settings.write(session, Retention(evaluation_days=DAYS), by=None)
    return person()


def age(days: int) -> None:
    """Let all evaluations be older."""
    with transaction() as session:
        older = timedelta(days=days)
        moments = ("created_at", "alive_at", "started_at", "finished_at")
        columns = {name: getattr(EvaluationTest, name) - older for name in moments}
        session.execute(update(EvaluationTest).values(columns))


def test_an_ended_evaluation_goes_with_its_results_after_its_days(one: Person) -> None:
    old = evaluated(one.actor)
    age(DAYS + 1)
    young = evaluated(one.actor)
    done = retention.apply()
    assert done.rows["evaluation_tests"] == 1
    assert done.rows["evaluation_results"] == 1
    with pytest.raises(EvaluationMissing):
        read(one.actor, old.id)
    assert read(one.actor, young.id).success_rate.n == 1


def test_one_that_has_not_ended_stays_however_old(one: Person) -> None:
    evaluation_id = started(one.actor)
    age(DAYS * 20)
    retention.apply()
    assert read(one.actor, evaluation_id).progress.total == 1


def test_a_dry_run_counts_and_deletes_nothing(one: Person) -> None:
    evaluated(one.actor)
    age(DAYS + 1)
    assert retention.apply(dry_run=True).rows["evaluation_results"] == 1
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(EvaluationResult)) == 1
