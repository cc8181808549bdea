"""Routes of model calls.

Those that wait for a model are coroutines, so that they use no threads.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import errors
from api.access.revocation import Rights
from api.deps import ActorDep
from api.reference import MODEL_CALL
from core.database.db import transaction
from core.errors import Failure
from core.executions import queries, runner, service
from core.executions.answer_buffers import AnswerBuffer, Bell
from core.executions.schemas import (
    CallOutcome,
    ExecutionError,
    ExecutionStatus,
    ExecutionView,
    NewExecution,
    PendingExecution,
)
from core.identity.errors import SessionExpired
from core.identity.schemas import Actor
from core.playground import queries as playground_queries
from core.playground import service as playground
from core.prompts.schemas import PromptExecution
from core.prompts.service import executions as prompts

router = APIRouter(prefix="/prompts", tags=["Executions"])
streaming = APIRouter(prefix="/prompts", tags=["Executions"])

COMMENT_INTERVAL_S = 15.0
# Many readers treat these as line ends, although JSON and event streams don't.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


@router.post("/execute", response_model=ExecutionView, responses=MODEL_CALL)
async def execute(call: PromptExecution, actor: ActorDep) -> Response:
    """Call a model with texts or a prompt, and return its complete answer."""
    new_execution = await _resolve(call, actor)
    view = await asyncio.wrap_future(runner.current().submit(new_execution, actor=actor))
    if view.status is ExecutionStatus.CANCELLED:
        # Stored by the request that cancelled it
        view = await run_in_threadpool(_view, view.id, actor)
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        return errors.response(_problem(view.error, view))
    return Response(view.model_dump_json(), media_type="application/json")


@streaming.post("/execute/stream", response_class=StreamingResponse, responses=MODEL_CALL)
async def execute_stream(call: PromptExecution, actor: ActorDep) -> StreamingResponse:
    """Call a model and stream its answer: `token`, `tool`, `usage`, then `done` or `error`."""
    new_execution = await _resolve(call, actor)
    execution, buffer = await run_in_threadpool(runner.execute, new_execution, actor=actor)
    headers = {"X-Accel-Buffering": "no", "X-Execution-Id": str(execution.id)}
    return StreamingResponse(
        _events(execution, buffer, actor), media_type="text/event-stream", headers=headers
    )


@router.post("/{execution_id}/cancel")
def cancel(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Stop an answer in progress; its text so far stays."""
    text = runner.current().text_of(execution_id)
    with transaction() as session:
        queries.get_execution(session, execution_id, owner=actor.id)
        if service.cancel(session, execution_id, text=text, actor=actor):
            playground.settle(session, execution_id)
        return queries.get_execution(session, execution_id, owner=actor.id)


@router.get("/{execution_id}")
def read(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Return one of the caller's executions."""
    return _view(execution_id, actor)


async def _resolve(call: PromptExecution, actor: Actor) -> NewExecution:
    """Return the call with its prompt rendered; raise for a session that is not the actor's."""
    if call.session_id is None and call.template_id is None:
        return prompts.without_template(call)
    return await run_in_threadpool(_read, call, actor)


def _read(call: PromptExecution, actor: Actor) -> NewExecution:
    with transaction() as session:
        if call.session_id is not None:
            playground_queries.get_session(session, call.session_id, owner=actor.id)
        return prompts.resolve(session, call, actor=actor)


def _view(execution_id: UUID, actor: Actor) -> ExecutionView:
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=actor.id)


def _problem(error: ExecutionError, view: ExecutionView) -> dict[str, Any]:
    status = 502 if error.code == "provider_failed" else 500
    return errors.problem(
        status,
        error.code,
        error.detail,
        reason=error.reason,
        execution=view.model_dump(mode="json"),
    )


async def _final_view(
    execution: PendingExecution, outcome: CallOutcome, actor: Actor
) -> ExecutionView:
    if outcome.status is ExecutionStatus.CANCELLED:  # stored by the request that cancelled it
        return await run_in_threadpool(_view, execution.id, actor)
    return execution.view(outcome)


async def _events(
    execution: PendingExecution, buffer: AnswerBuffer, actor: Actor
) -> AsyncIterator[str]:
    bell = Bell()
    unsubscribe, rights = buffer.subscribe(bell.ring), Rights(actor, bell.ring)
    position, tools = 0, 0
    try:
        while await rights.hold():
            snapshot = buffer.since(position)
            if snapshot.text:
                yield _event("token", {"text": snapshot.text})
                position = snapshot.end
            for tool in buffer.tools[tools:]:
                yield _event("tool", tool.model_dump())
                tools += 1
            if (
                outcome := buffer.outcome
            ) is not None and snapshot.status is not ExecutionStatus.PENDING:
                break
            if not await bell.heard(COMMENT_INTERVAL_S):
                yield ": still here\n\n"
        else:
            raise SessionExpired
        view = await _final_view(execution, outcome, actor)
    except Failure as failure:
        yield _event("error", {"problem": errors.problem_of(failure)})
        return
    finally:
        unsubscribe()
        rights.unsubscribe()
    yield _event("usage", view.usage.model_dump(mode="json"))
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        yield _event("error", {"problem": _problem(view.error, view)})
    else:
        yield _event("done", {"execution": view.model_dump(mode="json")})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False).translate(LINE_ENDS)}\n\n"
