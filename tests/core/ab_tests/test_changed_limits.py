"""A cost limit that is changed holds for the run in progress, and can be removed."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from core.ab_tests.schemas import AbTestChange
from core.ab_tests.service import ab_tests
from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.quotas.errors import CostUnknown
from tests.factories import evaluations
from tests.factories.ab_tests import BAD, GOOD, case, count_ended, created, read, started, variants
from tests.factories.evaluations import run
from tests.factories.identity import person
from tests.factories.providers import stored


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def change(actor: Actor, test_id: UUID, **changes: object) -> None:
    with transaction() as session:
        wanted = AbTestChange.model_validate(changes)
        ab_tests.change(session, test_id, wanted, actor=actor)


def spend(amount: str) -> None:
    with transaction() as session:  # as if a call had cost so much
        session.execute(update(EvaluationTest).values(spent_usd=Decimal(amount)))


def test_a_limit_that_is_lowered_during_a_run_stops_it(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)], cost_limit_usd="5")
    evaluation_id = started(actor, test.id)
    spend("2")
    change(actor, test.id, cost_limit_usd="1")
    run(evaluation_id)
    count_ended()
    assert read(actor, test.id).status is EvaluationStatus.FAILED
    assert evaluations.read(actor, evaluation_id).cost_limit_usd == 1


def test_a_limit_that_is_raised_during_a_run_lets_it_go_on(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)], cost_limit_usd="1")
    evaluation_id = started(actor, test.id)
    spend("2")
    change(actor, test.id, cost_limit_usd="5")
    run(evaluation_id)
    count_ended()
    assert read(actor, test.id).status is EvaluationStatus.COMPLETED


def test_a_limit_can_be_removed_also_from_a_run_that_it_has_stopped(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)], cost_limit_usd="1")
    evaluation_id = started(actor, test.id)
    spend("2")
    run(evaluation_id)
    change(actor, test.id, cost_limit_usd=None)
    assert read(actor, test.id).cost_limit_usd is None
    assert started(actor, test.id) == evaluation_id
    run(evaluation_id)
    count_ended()
    assert read(actor, test.id).status is EvaluationStatus.COMPLETED


def test_a_limit_stays_when_something_else_is_changed(actor: Actor) -> None:
    test = created(actor, [case(GOOD, BAD)], cost_limit_usd="1")
    change(actor, test.id, test_name="Tone")
    assert read(actor, test.id).cost_limit_usd == 1


def test_a_limit_that_no_price_lets_a_run_keep_is_refused(actor: Actor) -> None:
    stored("mine")
    both = [each | {"model_id": "mine:unpriced"} for each in variants(actor)]
    test = created(actor, [case(GOOD, BAD)], variants=both)
    started(actor, test.id)
    with pytest.raises(CostUnknown, match="mine:unpriced"):
        change(actor, test.id, cost_limit_usd="1")
    assert read(actor, test.id).cost_limit_usd is None
