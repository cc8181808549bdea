"""Route the most frequent requests first: FastAPI checks every router before it finds a route.

The API also has these routes: for the reference, and for requests that this shortcut does not
handle.
"""

from functools import partial

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Message, Receive, Scope, Send

from api import deps, rate_limits
from api.routes.ingest import rows as ingest
from api.routes.test import executions
from core.platform.config import config
from core.prompts.calls import PromptExecution


def routes(api: Mount) -> list[BaseRoute]:
    """Return the shortcut routes; other requests are passed to `api`."""
    rows = (
        Route(f"{api.path}/ingest/{name}", partial(_ingest_rows, kind=kind), methods=["POST"])
        for name, kind in ingest.KINDS.items()
    )
    return [*rows, Route(f"{api.path}/prompts/execute", Execute(api), methods=["POST"])]


async def _ingest_rows(request: Request, *, kind: ingest.IngestKind) -> Response:
    return JSONResponse(
        await ingest.ingest_rows(request, kind, await deps.actor(request), config()), 202
    )


class Execute:
    """Handles valid requests to call a model; the API answers all others with the error."""

    def __init__(self, api: Mount) -> None:
        self.api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        new_execution = _execution(request, body)
        if new_execution is None:
            _, child_scope = self.api.matches(scope)
            await self.api.handle({**scope, **child_scope}, _replay(body, receive), send)
            return
        actor = await deps.actor(request)
        # In the order of the API's own dependencies
        await rate_limits.standard(request, actor, config())
        await deps.runner(actor)
        await (await executions.execute(new_execution, actor))(scope, receive, send)


def _execution(request: Request, body: bytes) -> PromptExecution | None:
    if (
        request.headers.get("content-type", "").partition(";")[0].strip().lower()
        != "application/json"
    ):
        return None
    try:
        return PromptExecution.model_validate_json(body)
    except ValidationError:
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that starts with a body that was already read."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
