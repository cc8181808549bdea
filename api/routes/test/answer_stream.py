"""What routes of model calls share: starting a call, and following its answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.access.revocation import Rights, reason_of_end
from core.database.db import transaction
from core.executions import queries, runner
from core.executions.answer_buffers import AnswerBuffer, CrossThreadEvent, ToolChange
from core.executions.schemas import (
    CallOutcome,
    ExecutionStatus,
    ExecutionView,
    NewExecution,
    PendingExecution,
    ToolExecution,
)
from core.executions.service import executions as service
from core.identity.errors import ApiKeyRejected
from core.identity.schemas import Actor
from core.playground import queries as playground_queries
from core.prompts.calls import PromptExecution
from core.prompts.service import executions as prompts
from core.tools.toolboxes import AccountToolbox, toolbox_for

# Proxies close a connection that is silent (nginx after 60 s); clients skip comments
COMMENT_INTERVAL_S = 15.0


@dataclass(frozen=True)
class QueuePosition:
    """Where the call waits at its provider: 1 is the next."""

    position: int


# New text, a tool call, where it waits, nothing for a while, or the ended call
Part: TypeAlias = str | ToolExecution | QueuePosition | ExecutionView | None
Resolved: TypeAlias = tuple[NewExecution, AccountToolbox | None]


async def answer(call: PromptExecution, actor: Actor) -> ExecutionView:
    """Call a model, and return the ended call; a failed one raises nothing."""
    return await _ended_view(await _submit(call, actor), actor)


async def answer_while_read(call: PromptExecution, actor: Actor, request: Request) -> ExecutionView:
    """Call a model like `answer`; cancel the call when the client of `request`, whose body has been
    read, closes its connection.
    """
    started: Future[runner.StartedCall] = Future()
    ended = await _submit(call, actor, started)
    disconnect = asyncio.ensure_future(request.receive())
    await _first(ended, disconnect)
    disconnect.cancel()
    if not ended.done():
        await _first(ended, asyncio.wrap_future(started))
    if not ended.done():
        await run_in_threadpool(_cancel, *started.result(), actor)
    return await _ended_view(ended, actor)


async def _first(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _submit(
    call: PromptExecution, actor: Actor, started: Future[runner.StartedCall] | None = None
) -> asyncio.Future[ExecutionView]:
    if (resolved := _resolve_directly(call)) is None:
        resolved = await run_in_threadpool(_resolve, call, actor)
    new_execution, toolbox = resolved
    return asyncio.wrap_future(
        runner.current().submit(new_execution, actor=actor, toolbox=toolbox, started=started)
    )


async def _ended_view(ended: asyncio.Future[ExecutionView], actor: Actor) -> ExecutionView:
    execution = await ended
    if execution.status is ExecutionStatus.CANCELLED:
        # Stored by the request that cancelled it
        return await run_in_threadpool(view, execution.id, actor)
    return execution


def start(call: PromptExecution, actor: Actor) -> tuple[PendingExecution, AnswerBuffer]:
    """Start a call of a model, in a thread; return its row and the buffer of its answer."""
    new_execution, toolbox = _resolve_directly(call) or _resolve(call, actor)
    return runner.execute(new_execution, actor=actor, toolbox=toolbox)


def _resolve_directly(call: PromptExecution) -> Resolved | None:
    """Return a call that needs nothing from the database, or None."""
    if call.session_id or call.template_id or call.variables or call.tool_names:
        return None
    return prompts.without_template(call), None


def _resolve(call: PromptExecution, actor: Actor) -> Resolved:
    """Return the call with its prompt rendered, and its tools."""
    with transaction() as session:
        if call.session_id is not None:
            playground_queries.get_session(session, call.session_id, owner=actor.id)
        new_execution = prompts.resolve(session, call, actor=actor)
        return new_execution, toolbox_for(session, new_execution, actor=actor)


def view(execution_id: UUID, actor: Actor) -> ExecutionView:
    """Return one of the actor's calls; raise ExecutionMissing."""
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=actor.id)


def _cancel(execution: PendingExecution, buffer: AnswerBuffer, actor: Actor) -> None:
    with transaction() as session:
        service.cancel(session, execution.id, text=buffer.text, actor=actor)


def stop_unread(execution: PendingExecution, buffer: AnswerBuffer, actor: Actor) -> None:
    """Cancel a call whose only reader has left, unless it has ended.

    In a thread: the reader's task may be cancelled, and waits for nothing.
    """
    if buffer.outcome is None:
        asyncio.get_running_loop().run_in_executor(None, _cancel, execution, buffer, actor)


async def follow(
    execution: PendingExecution, buffer: AnswerBuffer, actor: Actor
) -> AsyncIterator[Part]:
    """Yield an answer's parts as they arrive; raise SessionExpired, ApiKeyRejected or
    Forbidden once the actor's session or key has ended, or its role no longer runs models.
    """
    bell = CrossThreadEvent()
    unsubscribe, rights = buffer.subscribe(bell.ring), Rights(actor, bell.ring)
    position, tools, queue_position = 0, 0, None
    try:
        while await rights.hold():
            snapshot = buffer.since(position)
            if snapshot.queue_position not in (None, queue_position):
                yield QueuePosition(snapshot.queue_position)
            queue_position = snapshot.queue_position
            for part in _in_order(snapshot.text, position, snapshot.tool_changes[tools:]):
                yield part
            position, tools = snapshot.end, len(snapshot.tool_changes)
            outcome = buffer.outcome
            if outcome is not None and snapshot.status is not ExecutionStatus.PENDING:
                break
            if not await bell.heard(COMMENT_INTERVAL_S):
                yield None
        else:
            if actor.is_program:  # no one else can stop it, and a revoked key pays for nothing
                await run_in_threadpool(_cancel, execution, buffer, actor)
                raise ApiKeyRejected
            raise await run_in_threadpool(reason_of_end, actor)
        yield await _final_view(execution, outcome, actor)
    finally:
        # The call goes on without this reader: its answer is stored
        unsubscribe()
        rights.unsubscribe()


def _in_order(
    text: str, position: int, changes: Sequence[ToolChange]
) -> Iterator[str | ToolExecution]:
    """Yield the text from a position on, with each change of a tool call in its place."""
    for change in changes:
        if before := text[: change.position - position]:
            yield before
        text, position = text[change.position - position :], change.position
        yield change.call
    if text:
        yield text


async def _final_view(
    execution: PendingExecution, outcome: CallOutcome, actor: Actor
) -> ExecutionView:
    if outcome.status is ExecutionStatus.CANCELLED:  # stored by the request that cancelled it
        return await run_in_threadpool(view, execution.id, actor)
    return execution.view(outcome)
