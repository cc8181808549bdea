"""What routes of model calls share: rendering the prompt, and following an answer."""

from collections.abc import AsyncIterator
from typing import TypeAlias
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from api.access.revocation import Rights
from core.database.db import transaction
from core.executions import queries
from core.executions.answer_buffers import AnswerBuffer, Bell
from core.executions.schemas import (
    CallOutcome,
    ExecutionStatus,
    ExecutionView,
    NewExecution,
    PendingExecution,
    ToolExecution,
)
from core.executions.service import executions as service
from core.identity.errors import SessionExpired
from core.identity.schemas import Actor
from core.playground import queries as playground_queries
from core.prompts.calls import PromptExecution
from core.prompts.service import executions as prompts

COMMENT_INTERVAL_S = 15.0

# New text, a tool call, nothing for a while, or the ended call
Part: TypeAlias = str | ToolExecution | ExecutionView | None


async def resolve(call: PromptExecution, actor: Actor) -> NewExecution:
    """Return the call with its prompt rendered; raise for a session that is not the actor's."""
    if call.session_id is None and call.template_id is None:
        return prompts.without_template(call)
    return await run_in_threadpool(_read, call, actor)


def _read(call: PromptExecution, actor: Actor) -> NewExecution:
    with transaction() as session:
        if call.session_id is not None:
            playground_queries.get_session(session, call.session_id, owner=actor.id)
        return prompts.resolve(session, call, actor=actor)


def view(execution_id: UUID, actor: Actor) -> ExecutionView:
    """Return one of the actor's calls; raise ExecutionMissing."""
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=actor.id)


def _cancel(execution: PendingExecution, buffer: AnswerBuffer, actor: Actor) -> None:
    with transaction() as session:
        service.cancel(session, execution.id, text=buffer.text, actor=actor)


async def follow(
    execution: PendingExecution, buffer: AnswerBuffer, actor: Actor
) -> AsyncIterator[Part]:
    """Yield an answer's parts as they arrive; raise SessionExpired when the actor is shut out."""
    bell = Bell()
    unsubscribe, rights = buffer.subscribe(bell.ring), Rights(actor, bell.ring)
    position, tools = 0, 0
    try:
        while await rights.hold():
            snapshot = buffer.since(position)
            if snapshot.text:
                yield snapshot.text
                position = snapshot.end
            for tool in buffer.tool_changes[tools:]:
                yield tool
                tools += 1
            outcome = buffer.outcome
            if outcome is not None and snapshot.status is not ExecutionStatus.PENDING:
                break
            if not await bell.heard(COMMENT_INTERVAL_S):
                yield None
        else:
            if actor.is_program:  # nobody else can stop it, and a revoked key pays for nothing
                await run_in_threadpool(_cancel, execution, buffer, actor)
            raise SessionExpired
        yield await _final_view(execution, outcome, actor)
    finally:
        unsubscribe()
        rights.unsubscribe()


async def _final_view(
    execution: PendingExecution, outcome: CallOutcome, actor: Actor
) -> ExecutionView:
    if outcome.status is ExecutionStatus.CANCELLED:  # stored by the request that cancelled it
        return await run_in_threadpool(view, execution.id, actor)
    return execution.view(outcome)
