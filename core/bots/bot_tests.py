"""Tests of bots step by step: each step is a transaction of its own, and none waits for a model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.bots import judging
from core.bots.errors import BotAnswerFailed
from core.bots.instructions import instructions_of
from core.bots.judging import AnswerJudgement
from core.bots.queries import bots, conversations
from core.bots.queries import results as stored
from core.bots.result_schemas import BotTestResult, NewBotTest
from core.bots.schemas import BotContent, Traits
from core.bots.service import results
from core.bots.service.results import ResultOrigin
from core.database.db import read_session, transaction
from core.errors import Failure, Unavailable
from core.executions import runner
from core.executions.schemas import INTERRUPTED, ExecutionStatus, ExecutionView, NewExecution
from core.identity.schemas import Actor
from core.playground.answering import default_model
from core.providers import catalogue
from core.providers.schemas import ChatMessage, ModelView
from core.providers.structured_output import StructuredOutput


@dataclass(frozen=True)
class PreparedCall:
    """A call of a bot that can be made, and what its answer will be a test of."""

    origin: ResultOrigin
    execution: NewExecution


async def test_message(bot_id: UUID, new_test: NewBotTest, *, actor: Actor) -> BotTestResult:
    """Return a bot's answer, stored; analyzed unless that is not wanted.

    Raises BotMissing, BotVersionMissing, NoModel, BotAnswerFailed, and what a call raises.
    """
    result = await answer_message(bot_id, new_test, actor=actor)
    if not new_test.analyze:
        return result
    return await analyze(result.id, new_test.judge_model_id, actor=actor)


async def answer_message(bot_id: UUID, new_test: NewBotTest, *, actor: Actor) -> BotTestResult:
    """Return a bot's answer, stored and not analyzed; raise what `test_message` raises."""

    def prepare_call() -> PreparedCall:
        with read_session() as core:
            bot = bots.get_bot(core, bot_id, actor=actor)
            content, version = bots.tested(core, bot, new_test.version)
            model_id = new_test.model_id or default_model(core)
        return prepare(bot_id, content, version, model_id, new_test.message, actor=actor)

    # The database's driver is synchronous, and would hold up the event loop
    prepared = await asyncio.to_thread(prepare_call)
    answer = await call(prepared.execution, actor=actor)
    if answer.status is not ExecutionStatus.COMPLETED:
        if (error := answer.error) is None:
            raise BotAnswerFailed(execution_id=str(answer.id))
        raise BotAnswerFailed(error.detail, reason=error.reason, execution_id=str(answer.id))
    return await store(prepared, answer, actor=actor)


def prepare(
    bot_id: UUID,
    content: BotContent,
    version: int | None,
    model_id: str,
    message: str,
    *,
    history: Sequence[ChatMessage] = (),
    actor: Actor,
) -> PreparedCall:
    """Return the call that answers a message as a bot; parameters that the model doesn't take are
    left out, unless they were set by hand. Raises ModelMissing.
    """
    with read_session() as core:
        model = catalogue.find_route(core, model_id).model
    told = instructions_of(content, model, actor=actor)
    execution = NewExecution(
        model_id=model.id,
        prompt=message,
        system_prompt=told.system_prompt,
        messages=tuple(history),
        parameters=told.parameters,
        metadata={"bot_id": str(bot_id), "bot_version": version},
    )
    origin = ResultOrigin(bot_id, content, version, told.items, told.left_out)
    return PreparedCall(origin, execution)


async def call(execution: NewExecution, *, actor: Actor) -> ExecutionView:
    """Return the ended call of a model; raise what storing a call raises, and Unavailable when this
    process stopped meanwhile: nothing is known of the answer then.
    """
    answer = await asyncio.wrap_future(runner.current().submit(execution, actor=actor))
    if answer.error == INTERRUPTED:
        raise Unavailable(INTERRUPTED.detail)
    return answer


async def store(prepared: PreparedCall, answer: ExecutionView, *, actor: Actor) -> BotTestResult:
    """Store the answer of a prepared call."""

    def write() -> BotTestResult:
        with transaction() as session:
            message = prepared.execution.prompt
            return results.store(session, prepared.origin, message, answer, actor=actor)

    return await asyncio.to_thread(write)


async def analyze(
    result_id: UUID, judge_model_id: str | None = None, *, actor: Actor
) -> BotTestResult:
    """Have a judge analyze an answer; what it says, or why it said nothing, is stored.

    Without a judge, the workspace's default model judges if it is fit. Raises BotResultMissing.
    """
    question = await asyncio.to_thread(_question, result_id, judge_model_id, actor)
    judgement: AnswerJudgement | str
    if isinstance(question, str):
        judge_id, judgement = judge_model_id, question
    else:
        judge_id, judgement = question.judge.id, await _judge(question, actor)

    def write() -> BotTestResult:
        with transaction() as session:
            return results.store_judgement(session, result_id, judge_id, judgement, actor=actor)

    return await asyncio.to_thread(write)


@dataclass(frozen=True)
class _Question:
    """What a judge is asked."""

    judge: ModelView
    conversation: Sequence[ChatMessage]
    answer: str
    traits: Traits
    outcomes: Sequence[str]


def _question(result_id: UUID, judge_model_id: str | None, actor: Actor) -> _Question | str:
    """Return what to ask a judge, or the reason why none is asked."""
    with read_session() as session:
        view = stored.get_result(session, result_id, actor=actor)
        row = conversations.get_row(session, result_id, actor=actor)
        chosen = judge_model_id or judging.default_judge(session)
        if chosen is None:
            return judging.NO_JUDGE
        if view.problem is not None:
            return "There is no answer to analyze."
        try:
            judge = catalogue.find_route(session, chosen).model
        except Failure as failure:
            return f"The judge failed. {failure.detail}"
        if judge.capabilities.structured_output is StructuredOutput.NONE:
            return f"{judge.id} can't return structured output. Choose another judge."
        return _Question(
            judge,
            conversations.before(session, row),
            view.response,
            Traits.model_validate(row.traits),
            results.judged_outcomes(view.outcomes),
        )


async def _judge(question: _Question, actor: Actor) -> AnswerJudgement | str:
    """Return what the judge says, at the second try if the first is outside the schema."""
    judgement: AnswerJudgement | str = judging.NO_JUDGE
    for _ in range(judging.TRIES):
        request = judging.request(
            question.judge,
            question.conversation,
            question.answer,
            question.traits,
            question.outcomes,
        )
        try:
            answer = await call(request, actor=actor)
        # Nothing is known of the answer, so the job has to try again
        except Unavailable:
            raise
        except Failure as failure:
            return f"The judge failed. {failure.detail}"
        judgement = judging.judgement_of(answer, len(question.outcomes))
        if isinstance(judgement, AnswerJudgement) or not judging.may_be_retried(answer):
            return judgement
    return judgement
