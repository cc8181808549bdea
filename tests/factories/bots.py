"""Bots and their tests, made through the product's services; the fake provider plays the judge."""

import asyncio
import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from core.bots import bot_tests, scenario_steps
from core.bots.queries import results, scenarios
from core.bots.result_schemas import (
    BotTestResult,
    NewBotTest,
    NewScenarioRun,
    ScenarioRunView,
    ScenarioView,
)
from core.bots.schemas import BotView, NewBot
from core.bots.service import bots, runs
from core.bots.service import scenarios as scenario_service
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Actor
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk, EndChunk, TextChunk
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake

JUDGE = "fake:constrained"
SCORES = {
    "formality_score": 40,
    "enthusiasm_score": 60,
    "technical_depth_score": 30,
    "empathy_score": 80,
    "overall_alignment": 90,
}


def made(actor: Actor, **content: object) -> BotView:
    """Create a bot."""
    with transaction() as session:
        return bots.create_bot(session, NewBot.model_validate(content), actor=actor)


def asked(actor: Actor, bot: BotView, message: str = "hello", **more: object) -> BotTestResult:
    """Send a test message to a bot, and wait for the answer and its analysis."""
    given = {"message": message, "model_id": "fake:echo", "judge_model_id": JUDGE, **more}
    new_test = NewBotTest.model_validate(given)
    return asyncio.run(bot_tests.test_message(bot.id, new_test, actor=actor))


def judgement(**changes: object) -> str:
    """Return what a judge may answer."""
    whole = {"rationale": "It is warm.", **SCORES, "suggestions": ["Be brief."]}
    return json.dumps(whole | changes)


class Judge:
    """Answers for the fake provider where it is asked as judge; the last answer is repeated."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.calls: list[ModelCall] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Answer instead of the fake's examples of a schema."""
        usual = Fake.stream

        def stream(fake: Fake, call: ModelCall, token: CancelToken) -> Iterator[Chunk]:
            if call.response_schema is None:
                yield from usual(fake, call, token)
                return
            self.calls.append(call)
            yield TextChunk(self.answer(call))
            yield EndChunk("stop")

        patch.setattr(Fake, "stream", stream)

    def answer(self, _call: ModelCall) -> str:
        """Return the answer to the last call."""
        return self.answers[min(len(self.calls), len(self.answers)) - 1]


def included(actor: Actor) -> list[ScenarioView]:
    """Return the included scenarios."""
    with transaction() as session:
        scenario_service.ensure_included(session)
        return scenarios.list_scenarios(session, actor=actor)[:3]


def started(actor: Actor, bot: BotView, scenario: UUID | None = None, **more: object) -> UUID:
    """Queue a run of a scenario, or of all."""
    given = {"bot_id": bot.id, "model_id": "fake:echo", "judge_model_id": JUDGE, **more}
    new_run = NewScenarioRun.model_validate(given)
    with transaction() as session:
        if scenario is None:
            return runs.start_all(session, new_run, actor=actor).id
        return runs.start_one(session, scenario, new_run, actor=actor).id


def worked(actor: Actor, run_id: UUID) -> tuple[ScenarioRunView, list[BotTestResult]]:
    """Do the job of a run; return its state and its results in order."""
    scenario_steps.work(run_id, may_go_on=lambda: True)
    return state(actor, run_id)


def state(actor: Actor, run_id: UUID) -> tuple[ScenarioRunView, list[BotTestResult]]:
    """Return the state of a run and its results in order."""
    with transaction() as session:
        run = scenarios.get_run(session, run_id, actor=actor)
        page = results.list_results(
            session, run.bot_id, run_id=run_id, window=Window(200), actor=actor
        )
    return run, page.items
