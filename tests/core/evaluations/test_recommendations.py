"""Recommendations of an evaluation name what can be done."""

import pytest

from core.database.db import transaction
from core.evaluations import encrypted_texts
from core.evaluations.models import EvaluationTest
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.evaluations import answering, evaluated, read
from tests.factories.identity import person

FAILING = '#fake {"fault": "auth", "fail_after": 0}\nquestion'


@pytest.fixture
def me(runner: Runner) -> Actor:
    return person().actor


def test_an_evaluation_of_ten_cases_is_not_advised_to_add_cases_for_failed_calls(me: Actor) -> None:
    found = evaluated(me, *[answering("good")] * 9, FAILING)
    assert (found.results[0].success_rate.n, found.results[0].success_rate.low) == (9, None)
    assert [each.kind for each in found.recommendations] == ["calls_failed"]


def test_failed_calls_of_a_model_that_is_gone_are_not_to_be_rerun(me: Actor) -> None:
    found = evaluated(me, answering("good"), FAILING)
    assert "rerun" in found.recommendations[0].text
    with transaction() as session:
        row = session.get(EvaluationTest, found.id)
        assert row is not None
        definition = encrypted_texts.definition_of(row)
        gone = definition.targets[0].model_copy(update={"model_id": "former:model"})
        changed = definition.model_copy(update={"targets": (gone,)})
        row.definition = encrypted_texts.seal_definition(changed, row.id)
    first = read(me, found.id).recommendations[0]
    assert first.kind == "calls_failed"
    assert first.text.endswith("its rates leave out failed calls, and it can't be called any more.")
