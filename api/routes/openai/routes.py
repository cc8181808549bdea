"""`chat/completions` and `models` of OpenAI's protocol, for keys with the scope execute.

`model` is a model's ID or `prompt:name@label`, whose variables are in the body's `variables`.
"""

from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api import deps, errors, rate_limits
from api.routes.openai import answers, bodies
from api.routes.openai.bodies import ChatCompletion
from api.routes.openai.errors import AnswerCancelled, error_of
from api.routes.test import answer_stream
from api.routes.test.executions import problem
from core.database.db import read_session
from core.errors import Failure
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import ExecutionStatus, ExecutionView, PendingExecution, ToolExecution
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.config import config
from core.providers import catalogue
from core.providers.schemas import ModelView

PREFIX = "/openai/"


async def create_completion(request: Request) -> Response:
    """Call a model, and return its answer or stream it."""
    actor = await deps.actor(request)
    await deps.runner(actor)
    asked = bodies.read(await request.body())
    # Only the body says which limit counts
    limit = rate_limits.streaming if asked.stream else rate_limits.standard
    await limit(request, actor, config())
    if asked.stream:
        execution, buffer = await run_in_threadpool(_start, asked, actor)
        return StreamingResponse(
            _events(asked, execution, buffer, actor),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )
    call = await run_in_threadpool(asked.call)
    # SDKs close the connection at their timeout, and ask again
    view = await answer_stream.answer_while_read(call, actor, request)
    if (incomplete := _incomplete(view)) is not None:
        return errors.response(incomplete)
    return JSONResponse(answers.completion(view, asked.model))


def _incomplete(view: ExecutionView) -> dict[str, Any] | None:
    """Return the problem of a call that has failed or was cancelled, else None."""
    if view.status is ExecutionStatus.CANCELLED:
        return errors.problem_of(AnswerCancelled())
    return None if view.error is None else problem(view.error, view)


def _start(asked: ChatCompletion, actor: Actor) -> tuple[PendingExecution, AnswerBuffer]:
    return answer_stream.start(asked.call(), actor)


async def list_models(request: Request) -> Response:
    """List the models that can be called."""
    actor = await deps.actor(request)
    await deps.runner(actor)
    await rate_limits.standard(request, actor, config())
    found = await run_in_threadpool(_models, actor)
    return JSONResponse({"object": "list", "data": [answers.model(model) for model in found]})


def _models(actor: Actor) -> list[ModelView]:
    require(actor, Permission.RUN_MODELS)
    with read_session() as session:
        return catalogue.list_models(session)


async def get_model(request: Request) -> Response:
    """Return a model that can be called, by its ID."""
    actor = await deps.actor(request)
    await deps.runner(actor)
    await rate_limits.standard(request, actor, config())
    found = await run_in_threadpool(_model, request.path_params["model"], actor)
    return JSONResponse(answers.model(found))


def _model(model_id: str, actor: Actor) -> ModelView:
    require(actor, Permission.RUN_MODELS)
    with read_session() as session:
        return catalogue.find_route(session, model_id).model


async def _events(
    asked: ChatCompletion, execution: PendingExecution, buffer: AnswerBuffer, actor: Actor
) -> AsyncIterator[str]:
    chunks = answers.Chunks(
        {
            "id": f"chatcmpl-{execution.id.hex}",
            "object": "chat.completion.chunk",
            "created": int(execution.created_at.timestamp()),
            "model": asked.model,
            "system_fingerprint": None,
        }
    )
    try:
        # Within `try`: a client may leave at the first chunk, and its call must be cancelled too
        yield chunks.first()
        async for part in answer_stream.follow(execution, buffer, actor):
            match part:
                case str():
                    yield chunks.text(part)
                case ToolExecution():
                    yield chunks.tool(part)
                case answer_stream.QueuePosition() | None:
                    yield ": still here\n\n"
                case ExecutionView():
                    yield _ending(chunks, part, asked) + answers.DONE
    except Failure as failure:
        yield answers.line({"error": error_of(errors.problem_of(failure))}) + answers.DONE
    finally:
        # Nobody could read the rest, which would cost its tokens: this protocol names no execution
        answer_stream.stop_unread(execution, buffer, actor)


def _ending(chunks: answers.Chunks, view: ExecutionView, asked: ChatCompletion) -> str:
    if (incomplete := _incomplete(view)) is not None:
        return answers.line({"error": error_of(incomplete)})
    wants_usage = asked.stream_options is not None and asked.stream_options.include_usage
    return chunks.last(view) + (chunks.usage(view) if wants_usage else "")


ROUTES = (
    Route(f"{PREFIX}v1/chat/completions", create_completion, methods=["POST"]),
    Route(f"{PREFIX}v1/models", list_models, methods=["GET"]),
    # Names of models may contain slashes
    Route(f"{PREFIX}v1/models/{{model:path}}", get_model, methods=["GET"]),
)
