"""The work of a scenario run, answer by answer; after a kill it goes on after the last one."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from core.bots import bot_tests, judging
from core.bots.errors import ScenarioMissing
from core.bots.models import BotResult, ScenarioRun
from core.bots.queries import conversations, scenarios
from core.bots.result_schemas import RunMode, ScenarioView
from core.bots.scenarios import simulated_user
from core.bots.schemas import BotContent
from core.bots.service import results, runs
from core.database.db import read_session, transaction
from core.errors import Failure, Unavailable
from core.executions.schemas import ExecutionStatus
from core.identity.schemas import Actor
from core.providers.schemas import ChatMessage, Parameters

log = logging.getLogger("attune.bots")

UNEXPECTED = "Unexpected error; the server log has details under this run's ID."
MayGoOn = Callable[[], bool]


class RunStopped(Exception):
    """The run was cancelled, or the worker stops."""


def work(run_id: UUID, *, may_go_on: MayGoOn) -> None:
    """Make a run's missing answers; when the worker stops, the next one continues."""
    try:
        asyncio.run(_work(run_id, may_go_on))
    except RunStopped:
        # A run that was cancelled stops here as well, and is not queued again
        if not may_go_on():
            with transaction() as session:
                runs.defer(session, run_id, after=runs.PAUSE)
    except Unavailable:
        raise  # the job tries again
    except Failure as failure:
        _finish(run_id, failure.detail)
    except Exception:
        log.exception("a scenario run broke", extra={"run": str(run_id)})
        _finish(run_id, UNEXPECTED)
    else:
        _finish(run_id, None)


def _finish(run_id: UUID, error: str | None) -> None:
    with transaction() as session:
        runs.finish(session, run_id, error)


async def _work(run_id: UUID, may_go_on: MayGoOn) -> None:
    with transaction() as session:
        run = runs.begin(session, run_id)
        if run is None:
            return
        to_run = scenarios.list_scenarios_of_run(session, run)
    for scenario in to_run:
        # One that is deleted meanwhile ends, and the others go on
        with suppress(ScenarioMissing):
            await _run_scenario(run, scenario, may_go_on)


async def _run_scenario(run: ScenarioRun, scenario: ScenarioView, may_go_on: MayGoOn) -> None:
    while True:
        with read_session() as session:
            answers = scenarios.list_answers(session, run.id, scenario.id)
            said = conversations.as_messages(answers)
            # Each time: a run may take hours, in which its account may lose the right to it
            actor = runs.actor_of_run(session, run)
        await _analyze_last(run, answers, actor)
        with transaction() as session:
            scenarios.get_scenario(session, scenario.id, actor=actor)
            goes_on = runs.record_progress(session, run.id)
        if not (goes_on and may_go_on()):
            raise RunStopped
        mode = RunMode(run.mode)
        has_failed = bool(answers) and conversations.problem_of(answers[-1]) is not None
        if mode is not RunMode.MESSAGES and has_failed:
            return  # a conversation can't go on after an answer that is missing
        message = await _next_message(run, scenario, said, len(answers), actor)
        if message is None:
            return
        history = [] if mode is RunMode.MESSAGES else said
        await _answer(run, scenario, message, history, len(answers) + 1, actor)


async def _analyze_last(run: ScenarioRun, answers: list[BotResult], actor: Actor) -> None:
    """Have the last answer judged: at the first look at it, or after a kill before its analysis."""
    if not answers or conversations.is_analyzed(answers[-1]):
        return
    last = answers[-1].id
    if run.judge_model_id is not None:
        await bot_tests.analyze(last, run.judge_model_id, actor=actor)
        return
    with transaction() as session:
        reason = judging.NO_JUDGE_IN_RUN
        results.store_judgement(session, last, None, reason, actor=actor)


async def _next_message(
    run: ScenarioRun, scenario: ScenarioView, said: list[ChatMessage], sent: int, actor: Actor
) -> str | None:
    """Return the message to send next, None at the end."""
    is_simulated = RunMode(run.mode) is RunMode.SIMULATED
    if not is_simulated or sent == 0:
        return scenario.user_messages[sent] if sent < len(scenario.user_messages) else None
    if sent >= run.turns:
        return None
    request = simulated_user.next_message_request(run.model_id, scenario.goal, said, Parameters())
    written = await bot_tests.call(request, actor=actor)
    if written.status is not ExecutionStatus.COMPLETED:
        raise Failure(f"The simulated user failed. {written.error.detail if written.error else ''}")
    return simulated_user.message_of(written.response)


async def _answer(
    run: ScenarioRun,
    scenario: ScenarioView,
    message: str,
    history: list[ChatMessage],
    position: int,
    actor: Actor,
) -> None:
    prepared = bot_tests.prepare(
        run.bot_config_id,
        BotContent.model_validate(run.content),
        run.bot_version,
        run.model_id,
        message,
        history=history,
        actor=actor,
    )
    origin = replace(
        prepared.origin,
        run_id=run.id,
        scenario_id=scenario.id,
        scenario=scenario.name,
        position=position,
        outcomes=scenario.expected_outcomes,
    )
    answer = await bot_tests.call(prepared.execution, actor=actor)
    await bot_tests.store(replace(prepared, origin=origin), answer, actor=actor)
