"""Route the most frequent requests first: FastAPI walks through every router before it finds one.

The API keeps its own routes of the same addresses: they are the reference, and they answer whatever is not plain here.
"""

from functools import partial

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Message, Receive, Scope, Send

from api import deps, limits
from api.routes import executions, ingest
from core.executions.schemas import NewExecution
from core.platform.config import config


def routes(api: Mount) -> list[BaseRoute]:
    """Return the routes; what they leave goes to `api`."""
    rows = (
        Route(f"{api.path}/ingest/{name}", partial(_take_rows, kind=kind), methods=["POST"])
        for name, kind in ingest.KINDS.items()
    )
    return [*rows, Route(f"{api.path}/prompts/execute", Execute(api), methods=["POST"])]


async def _take_rows(request: Request, *, kind: ingest.IngestKind) -> Response:
    return JSONResponse(await ingest.take(request, kind, await deps.actor(request), config()), 202)


class Execute:
    """Asks a model when the body is what it should be; what is wrong with another one, the API says."""

    def __init__(self, api: Mount) -> None:
        """Leave other bodies to `api`."""
        self.api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        request = Request(scope, receive)
        body = await request.body()
        given = _execution(request, body)
        if given is None:
            _, below = self.api.matches(scope)
            await self.api.handle({**scope, **below}, _once_more(body, receive), send)
            return
        actor = await deps.actor(request)
        await limits.standard(request, actor, config())
        await deps.person(actor)
        await (await executions.execute(given, actor))(scope, receive, send)


def _execution(request: Request, body: bytes) -> NewExecution | None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        return NewExecution.model_validate_json(body)
    except ValidationError:
        return None


def _once_more(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that begins with a body that was read already."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return left.pop() if left else await receive()

    return replayed
