"""Bots and scenarios that are deleted while an answer is made."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.bots import bot_tests, scenario_steps
from core.bots.errors import BotMissing, BotResultMissing
from core.bots.models import BotResult
from core.bots.queries import conversations
from core.bots.result_schemas import NewBotTest, NewScenario, RunStatus
from core.bots.service import bots, results, scenarios
from core.database.db import transaction
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from tests.factories.bots import Judge, asked, judgement, made, started, state
from tests.factories.identity import person


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def added(actor: Actor, name: str, *messages: str) -> UUID:
    new = NewScenario(name=name, user_messages=messages)
    with transaction() as session:
        return scenarios.create_scenario(session, new, actor=actor).id


def delete_scenario(actor: Actor, scenario_id: UUID) -> None:
    with transaction() as session:
        scenarios.delete_scenario(session, scenario_id, actor=actor)


def delete_bot(actor: Actor, bot_id: UUID) -> None:
    with transaction() as session:
        bots.delete_bot(session, bot_id, actor=actor)


@contextmanager
def while_answering(act: Callable[[Actor, UUID], None], actor: Actor, id_: UUID) -> Iterator[None]:
    """Do something once a model is answering, which goes on after it."""
    usual, is_asked, is_done = Fake.stream, Event(), Event()

    def stream(fake: Fake, call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        is_asked.set()
        assert is_done.wait(60)
        yield from usual(fake, call, cancel_token)

    def wait() -> None:
        assert is_asked.wait(60)
        act(actor, id_)
        is_done.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fake, "stream", stream)
        thread = Thread(target=wait)
        thread.start()
        yield
        thread.join()


def test_a_run_skips_a_scenario_that_is_deleted_and_goes_on_with_the_next(actor: Actor) -> None:
    # The whole run ended with an unexpected error
    slow = added(actor, "A", "first")
    added(actor, "B", "quick")
    run_id = started(actor, made(actor), mode="messages")
    with while_answering(delete_scenario, actor, slow):
        scenario_steps.work(run_id, may_go_on=lambda: True)
    run, found = state(actor, run_id)
    assert (run.status, run.error) == (RunStatus.COMPLETED, None)
    assert "quick" in [each.message for each in found]


def test_a_scenario_that_is_deleted_between_two_answers_is_not_asked_again(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = added(actor, "A", "first", "second")

    class Judging(Judge):
        def answer(self, _call: ModelCall) -> str:
            delete_scenario(actor, scenario)
            return judgement()

    Judging().install(monkeypatch)
    run_id = started(actor, made(actor), scenario)
    scenario_steps.work(run_id, may_go_on=lambda: True)
    run, found = state(actor, run_id)
    assert (run.status, run.error) == (RunStatus.COMPLETED, None)
    assert [each.message for each in found] == ["first"]
    with transaction() as session:
        calls = session.scalar(select(func.count()).select_from(Execution))
    assert calls == 2  # the first answer, and the judge of it


def test_a_run_that_is_deleted_with_its_bot_meanwhile_logs_no_error(
    actor: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    bot = made(actor)
    run_id = started(actor, bot, added(actor, "A", "first"))
    with caplog.at_level(logging.ERROR), while_answering(delete_bot, actor, bot.id):
        scenario_steps.work(run_id, may_go_on=lambda: True)
    assert caplog.records == []


def test_a_test_message_to_a_bot_that_is_deleted_meanwhile_finds_no_bot(actor: Actor) -> None:
    bot = made(actor)
    new_test = NewBotTest(message="hello", model_id="fake:echo")
    with while_answering(delete_bot, actor, bot.id), pytest.raises(BotMissing):
        asyncio.run(bot_tests.test_message(bot.id, new_test, actor=actor))


def test_an_analysis_of_an_answer_whose_bot_is_just_deleted_finds_no_result(actor: Actor) -> None:
    bot = made(actor)
    result_id = asked(actor, bot, analyze=False).id
    delete_bot(actor, bot.id)
    with pytest.raises(BotResultMissing), transaction() as session:
        results.store_judgement(session, result_id, None, "Not asked.", actor=actor)


def test_a_run_whose_bot_is_deleted_while_an_analysis_begins_logs_no_error(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bot, read = made(actor), conversations.get_row

    def read_before_a_deletion(session: Session, id_: UUID, *, actor: Actor) -> BotResult:
        row = read(session, id_, actor=actor)
        delete_bot(actor, bot.id)
        return row

    monkeypatch.setattr(conversations, "get_row", read_before_a_deletion)
    run_id = started(actor, bot, added(actor, "A", "first"))
    with caplog.at_level(logging.ERROR):
        scenario_steps.work(run_id, may_go_on=lambda: True)
    assert caplog.records == []
