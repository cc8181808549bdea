"""Routes of model calls.

Those that wait for a model are coroutines, so that they use no threads.
"""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import errors
from api.deps import ActorDep
from api.reference import CONFLICT, MODEL_CALL
from api.routes.test import answer_stream
from core.database.db import transaction
from core.errors import Failure
from core.executions import queries, runner
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import (
    ExecutionError,
    ExecutionStatus,
    ExecutionView,
    PendingExecution,
    ToolExecution,
)
from core.executions.service import executions as service
from core.identity.schemas import Actor
from core.playground.service import answers
from core.prompts.calls import PromptExecution
from core.tools import confirmations

router = APIRouter(prefix="/prompts", tags=["Executions"])
streaming = APIRouter(prefix="/prompts", tags=["Executions"])

# Many readers treat these as line ends, although JSON and event streams don't.
LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


@router.post("/execute", response_model=ExecutionView, responses=MODEL_CALL)
async def execute(call: PromptExecution, actor: ActorDep) -> Response:
    """Call a model with texts or a prompt, and return its complete answer."""
    view = await answer_stream.answer(call, actor)
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        return errors.response(problem(view.error, view))
    # Not by FastAPI, which would validate the answer again
    return Response(view.model_dump_json(), media_type="application/json")


@streaming.post(
    "/execute/stream",
    response_class=StreamingResponse,
    responses=MODEL_CALL | {200: {"content": {"text/event-stream": {}}}},
)
async def execute_stream(call: PromptExecution, actor: ActorDep) -> StreamingResponse:
    """Call a model and stream its answer: `token`, `tool`, `usage`, then `done` or `error`.

    While the call waits for its turn at a provider with limits, `queue` has its position.
    """
    execution, buffer = await run_in_threadpool(answer_stream.start, call, actor)
    # nginx would hold events back until its buffer is full
    headers = {"X-Accel-Buffering": "no", "X-Execution-Id": str(execution.id)}
    return StreamingResponse(
        _events(execution, buffer, actor), media_type="text/event-stream", headers=headers
    )


@router.post("/{execution_id}/cancel")
def cancel(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Stop an answer in progress; its text so far stays."""
    # The row has the text of up to a second ago; this process may have more of it
    text = runner.current().text_of(execution_id)
    with transaction() as session:
        queries.get_execution(session, execution_id, owner=actor.id)
        if service.cancel(session, execution_id, text=text, actor=actor):
            answers.settle(session, execution_id)
        return queries.get_execution(session, execution_id, owner=actor.id)


@router.post("/{execution_id}/tools/{call_id}/confirm", responses=CONFLICT)
def confirm_tool(
    execution_id: UUID, call_id: Annotated[str, Path(max_length=300)], actor: ActorDep
) -> ToolExecution:
    """Run a tool call that waits for a confirmation, as yourself."""
    return confirmations.confirm(execution_id, call_id, actor=actor)


@router.get("/{execution_id}")
def read(execution_id: UUID, actor: ActorDep) -> ExecutionView:
    """Return one of the caller's executions."""
    return answer_stream.view(execution_id, actor)


STATUSES = {"provider_failed": 502, "limit_exceeded": 429}


def problem(error: ExecutionError, view: ExecutionView) -> dict[str, Any]:
    """Return the problem of a call that failed."""
    status = errors.OF_THE_REQUEST.get(error.reason) or STATUSES.get(error.code, 500)
    return errors.problem(
        status,
        error.code,
        error.detail,
        reason=error.reason,
        execution=view.model_dump(mode="json"),
    )


async def _events(
    execution: PendingExecution, buffer: AnswerBuffer, actor: Actor
) -> AsyncIterator[str]:
    try:
        async for part in answer_stream.follow(execution, buffer, actor):
            match part:
                case str():
                    yield _event("token", {"text": part})
                case ToolExecution():
                    yield _event("tool", part.model_dump(mode="json"))
                case answer_stream.QueuePosition(position):
                    yield _event("queue", {"position": position})
                case None:
                    yield ": still here\n\n"
                case ExecutionView():
                    yield _event("usage", part.usage.model_dump(mode="json"))
                    yield _last_event(part)
    # The status is sent: from here on, an error is an event
    except Failure as failure:
        yield _event("error", {"problem": errors.problem_of(failure)})


def _last_event(view: ExecutionView) -> str:
    if view.status is ExecutionStatus.FAILED and view.error is not None:
        return _event("error", {"problem": problem(view.error, view)})
    return _event("done", {"execution": view.model_dump(mode="json")})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False).translate(LINE_ENDS)}\n\n"
