"""The API: FastAPI, mounted at /api/v1."""

from urllib.parse import quote

from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ExceptionHandler

from api import deps, errors, frequent_routes, limits, otlp_errors
from api.reference import DescribedApi
from api.routes import (
    accounts,
    activity,
    ai_metrics,
    annotation_exports,
    annotations,
    auth,
    batches,
    conversations,
    docs,
    executions,
    imports,
    ingest,
    keys,
    knowledge,
    models,
    onboarding,
    overview,
    playground,
    prices,
    redaction,
    review_queue,
    system,
    traces,
    workspace,
)
from core import VERSION
from core.errors import Failure

PREFIX = "/api/v1"
# What the addresses beside the API answer with, when they cannot answer.
FAILURES: dict[type[Exception], ExceptionHandler] = {
    Failure: errors.failure,
    HTTPException: errors.refusal,
    Exception: errors.unexpected,
}


def create() -> FastAPI:
    """Return the API."""
    api = DescribedApi(
        title="Attune",
        version=VERSION,
        summary="Watch, review, test and tune the assistant of your product.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # its own route would compute the description on the event loop, for seconds
        redirect_slashes=False,  # its redirects would name the host that was asked, and http
    )
    api.include_router(auth.router)
    reads = Depends(deps.query_slot, scope="function")
    for feature in (keys, models, prices, playground, executions, redaction, system, workspace, imports):
        api.include_router(feature.router, dependencies=[Depends(limits.standard), Depends(deps.person)])
    for review in (accounts, annotations, review_queue):
        api.include_router(review.router, dependencies=[Depends(limits.standard), Depends(deps.person), reads])
    for watch in (activity, onboarding, ai_metrics, batches, overview, conversations, annotation_exports, knowledge):
        api.include_router(watch.router, dependencies=[Depends(limits.standard), reads])
    api.include_router(ingest.router)
    api.include_router(executions.streaming, dependencies=[Depends(limits.streaming), Depends(deps.person)])
    api.include_router(playground.sockets)
    api.include_router(docs.router)
    errors.install(api)
    return api


def mounts(api: FastAPI) -> list[BaseRoute]:
    """Return the API and what surrounds it: shorter addresses lead to it, and nothing under /api is ever the console's HTML."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    served = Mount(PREFIX, api)
    return [
        *frequent_routes.routes(served),
        Mount(f"{PREFIX}/docs/static", StaticFiles(directory=docs.assets())),
        served,
        Route(otlp_errors.PATH, traces.traces, methods=["POST"]),
        *(Route(path, _nothing, methods=methods) for path in ("/api", "/api/", PREFIX, "/otlp", "/widget")),
        Route("/api/{path:path}", _moved, methods=methods),
        *(Route(f"/{folder}/{{path:path}}", _nothing, methods=methods) for folder in ("otlp", "widget")),
    ]


async def _moved(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{PREFIX}/{quote(request.path_params['path'])}{query}", status_code=308)


async def _nothing(_request: Request) -> Response:
    return errors.response(errors.problem(404, "not_found", "Nothing found at this address."))
