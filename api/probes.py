"""Health checks: alive, ready, healthy. They need no credential and show no details."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.routes.system import answer
from api.threads import SIGN_IN
from core.database import db
from core.system import queries

LATER = {"Retry-After": "2"}


class Readiness:
    """Whether start-up is complete, and shut-down has not begun."""

    def __init__(self) -> None:
        """Begin not ready."""
        self.is_ready = False


def routes(readiness: Readiness) -> list[Route]:
    """Return the routes."""
    return [
        Route("/healthz", _alive),
        Route("/readyz", partial(_ready, readiness=readiness)),
        Route("/health", _health),
    ]


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _ready(_request: Request, *, readiness: Readiness) -> Response:
    if not readiness.is_ready:
        return PlainTextResponse("not ready\n", status_code=503, headers=LATER)
    if not db.answers():
        return PlainTextResponse("the database is not responding\n", status_code=503, headers=LATER)
    return PlainTextResponse("ready\n")


async def _health(_request: Request) -> Response:
    found = await SIGN_IN.run(queries.health)
    told = answer(found, with_details=False).model_dump(mode="json")
    return JSONResponse(told) if found.is_healthy else JSONResponse(told, 503, headers=LATER)
