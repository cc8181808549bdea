"""A bot answers an evaluation with the prompt and parameters of a version."""

import pytest
from sqlalchemy import select

from core.bots.errors import BotMissing, BotVersionMissing
from core.database.db import transaction
from core.executions.models import Execution
from core.executions.runner import Runner
from tests.factories.bots import made
from tests.factories.evaluations import answering, evaluated, started
from tests.factories.identity import Person, person


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def test_two_bots_answer_with_their_own_prompts_and_parameters(one: Person) -> None:
    bots = [
        made(one.actor, bot_name=name, response_style=style)
        for name, style in (("Rosa", "concise"), ("Max", "detailed"))
    ]
    targets = [{"bot_id": str(bot.id), "model_id": "fake:echo"} for bot in bots]
    found = evaluated(one.actor, answering("good"), targets=targets)
    assert [it.title for it in found.results] == ["Rosa v1 · fake:echo", "Max v1 · fake:echo"]
    assert [it.success_rate.value for it in found.results] == [1, 1]
    with transaction() as session:
        sent = session.scalars(select(Execution).order_by(Execution.created_at)).all()
        assert sorted(it.parameters["max_tokens"] for it in sent) == [150, 500]
    first, second = (it.prompt or "" for it in found.definition_targets)
    assert "Rosa" in first
    assert "Max" in second


def test_a_bot_that_the_account_does_not_see_is_missing(one: Person) -> None:
    private = made(person().actor)
    with pytest.raises(BotMissing):
        started(one.actor, "hello", target={"bot_id": str(private.id), "model_id": "fake:echo"})


def test_a_version_that_is_not_there_is_named(one: Person) -> None:
    bot = made(one.actor)
    with pytest.raises(BotVersionMissing):
        started(one.actor, "hello", target={"bot_id": str(bot.id), "version": 9})
