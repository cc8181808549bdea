"""Model calls. Routes that wait for a model are coroutines, so that a hundred of them leave threads for other routes."""

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
from api.deps import ActorDep
from api.reference import MODEL_CALL
from api.revocation import Rights
from core.database.db import transaction
from core.errors import Failure
from core.executions import queries, runner, service
from core.executions.buffers import AnswerBuffer, Bell
from core.executions.schemas import CallOutcome, ExecutionError, ExecutionStatus, ExecutionView, NewExecution
from core.executions.service import StartedCall
from core.identity.errors import SessionOver
from core.identity.schemas import Actor
from core.playground import queries as playground_queries
from core.playground import service as playground

router = APIRouter(prefix="/prompts", tags=["Executions"])
streaming = APIRouter(prefix="/prompts", tags=["Executions"])

COMMENT_EVERY_S = 15.0
# Line ends to many a reader of lines, though to neither JSON nor event streams.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


@router.post("/execute", response_model=ExecutionView, responses=MODEL_CALL)
async def execute(given: NewExecution, actor: ActorDep) -> Response:
    """Ask a model and wait for its whole answer."""
    await _own_session(given, actor)
    view = await asyncio.wrap_future(runner.current().ask(given, actor=actor))
    if view.status is ExecutionStatus.CANCELLED:
        view = await run_in_threadpool(_view, view.id, actor)  # whoever has stopped it has stored it
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        return errors.response(_problem(view.error, view))
    return Response(view.model_dump_json(), media_type="application/json")


@streaming.post("/execute/stream", response_class=StreamingResponse, responses=MODEL_CALL)
async def execute_stream(given: NewExecution, actor: ActorDep) -> StreamingResponse:
    """Ask a model and follow its answer: server-sent events `token`, `tool`, `usage`, and at the end `done` or `error`."""
    await _own_session(given, actor)
    begun, buffer = await run_in_threadpool(runner.execute, given, actor=actor)
    headers = {"X-Accel-Buffering": "no", "X-Execution-Id": str(begun.id)}
    return StreamingResponse(_events(begun, buffer, actor), media_type="text/event-stream", headers=headers)


@router.post("/{execution_id}/cancel")
def cancel(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Stop an answer that is being written; what there is of it stays."""
    text = runner.current().text_of(execution_id)
    with transaction() as session:
        queries.get_execution(session, execution_id, owner=actor.id)
        if service.cancel(session, execution_id, text=text, actor=actor):
            playground.settle(session, execution_id)
        return queries.get_execution(session, execution_id, owner=actor.id)


@router.get("/{execution_id}")
def read(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Return one of your own calls."""
    return _view(execution_id, actor)


async def _own_session(given: NewExecution, actor: Actor) -> None:
    if given.session_id is not None:
        await run_in_threadpool(_get_session, given.session_id, actor)


def _get_session(session_id: UUID, actor: Actor) -> None:
    with transaction() as session:
        playground_queries.get_session(session, session_id, owner=actor.id)


def _view(execution_id: UUID, actor: Actor) -> ExecutionView:
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=actor.id)


def _problem(error: ExecutionError, view: ExecutionView) -> dict[str, Any]:
    status = 502 if error.code == "provider_failed" else 500
    return errors.problem(status, error.code, error.detail, reason=error.reason, execution=view.model_dump(mode="json"))


async def _ended(begun: StartedCall, outcome: CallOutcome, actor: Actor) -> ExecutionView:
    if outcome.status is ExecutionStatus.CANCELLED:  # whoever has stopped it has stored it
        return await run_in_threadpool(_view, begun.id, actor)
    return service.view_of(begun, outcome)


async def _events(begun: StartedCall, buffer: AnswerBuffer, actor: Actor) -> AsyncIterator[str]:
    bell = Bell()
    unsubscribe, rights = buffer.subscribe(bell.ring), Rights(actor, bell.ring)
    position, tools = 0, 0
    try:
        while await rights.hold():
            found = buffer.since(position)
            if found.text:
                yield _event("token", {"text": found.text})
                position = found.end
            for tool in buffer.tools[tools:]:
                yield _event("tool", tool.model_dump())
                tools += 1
            if (outcome := buffer.outcome) is not None and found.status is not ExecutionStatus.PENDING:
                break
            if not await bell.heard(COMMENT_EVERY_S):
                yield ": still here\n\n"
        else:
            raise SessionOver
        view = await _ended(begun, outcome, actor)
    except Failure as failure:
        yield _event("error", {"problem": errors.problem_of(failure)})
        return
    finally:
        unsubscribe()
        rights.let_go()
    yield _event("usage", view.usage.model_dump(mode="json"))
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        yield _event("error", {"problem": _problem(view.error, view)})
    else:
        yield _event("done", {"execution": view.model_dump(mode="json")})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False).translate(LINE_ENDS)}\n\n"
