"""Health checks: alive, ready, healthy. They need no credential and show no details."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.routes.system.operations import health_response
from api.threads import SIGN_IN
from core.database.connections import disk_room, engines
from core.system import queries

RETRY_LATER = {"Retry-After": "2"}


class Readiness:
    """Whether startup is complete and shutdown has not begun."""

    def __init__(self) -> None:
        self.is_ready = False


def routes(readiness: Readiness) -> list[Route]:
    return [
        Route("/healthz", _alive),
        Route("/readyz", partial(_ready, readiness=readiness)),
        Route("/health", _health),
    ]


async def _alive(_request: Request) -> Response:
    # Without the database: restarting this process would not bring it back
    return PlainTextResponse("alive\n")


async def _ready(_request: Request, *, readiness: Readiness) -> Response:
    if not readiness.is_ready:
        return PlainTextResponse("not ready\n", status_code=503, headers=RETRY_LATER)
    if not engines.answers():
        return PlainTextResponse(
            "the database is not responding\n", status_code=503, headers=RETRY_LATER
        )
    if await SIGN_IN.run(disk_room.is_full):
        return PlainTextResponse("the disk is full\n", status_code=503, headers=RETRY_LATER)
    return PlainTextResponse("ready\n")


async def _health(_request: Request) -> Response:
    report = await SIGN_IN.run(queries.health)
    body = health_response(report, with_details=False).model_dump(mode="json")
    return JSONResponse(body) if report.is_healthy else JSONResponse(body, 503, headers=RETRY_LATER)
