"""The API: FastAPI, mounted at /api/v1."""

import warnings
from urllib.parse import quote

from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ExceptionHandler

from api import deps, errors, frequent_routes, rate_limits
from api.reference import DescribedApi
from api.routes import docs
from api.routes.bots import bot_tests, bots, scenarios
from api.routes.datasets import case_proposals, datasets
from api.routes.evaluation import ab_tests, evaluations
from api.routes.ingest import imports, otlp_errors, rows, traces
from api.routes.openai import routes as openai
from api.routes.review import (
    annotation_exports,
    annotations,
    conversations,
    documents,
    feedback,
    memories,
    notes,
    review_queue,
)
from api.routes.scoring import judges, production_scoring
from api.routes.system import (
    accounts,
    auth,
    keys,
    mcp_servers,
    operations,
    prices,
    quotas,
    redaction,
    services,
    workspace,
)
from api.routes.test import (
    callbacks,
    comparisons,
    executions,
    improvements,
    labels,
    models,
    playground,
    replays,
    sessions,
    templates,
    tickets,
    tools,
    usage,
)
from api.routes.watch import (
    activity,
    ai_metrics,
    batches,
    daily_metrics,
    digests,
    engagement,
    funnels,
    insights,
    onboarding,
    overview,
    scores,
    views,
)
from core import VERSION
from core.errors import Failure

PREFIX = "/api/v1"
# Routes for people alone, for those who may call models, for reviewers, and for readers
PEOPLES = (
    judges,  # before the routes of evaluations, whose IDs are at its place
    production_scoring,
    keys,
    models,
    prices,
    mcp_servers,
    services,
    quotas,
    playground,
    comparisons,
    bot_tests,  # before the bots, whose IDs its words would be taken for
    bots,
    scenarios,
    replays,
    sessions,
    redaction,
    operations,
    workspace,
    imports,
    improvements,
    ab_tests,
)
RUNNERS = (
    models.callable_models,
    templates.router,
    labels.router,
    executions.router,
    quotas.limits,
    tools.router,
    usage.router,
    datasets.router,
    case_proposals.router,
    evaluations.router,
)
REVIEW = (accounts, annotations, review_queue, notes, tickets, insights)
WATCH = (
    activity,
    onboarding,
    engagement,
    funnels,
    ai_metrics,
    scores,
    batches,
    daily_metrics,
    overview,
    views,
    digests,
    conversations,
    annotation_exports,
    documents,
    memories,
    feedback,
)
# Error handlers of the routes besides the API.
FAILURES: dict[type[Exception], ExceptionHandler] = {
    Failure: errors.failure,
    HTTPException: errors.refusal,
    Exception: errors.unexpected,
}


def create() -> FastAPI:
    """Return the API with all routes."""
    # FastAPI hides these itself, but not while other threads of the start change what is hidden
    warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
    api = DescribedApi(
        title="Attune",
        version=VERSION,
        summary="Watch, review, test and tune the assistant of your product.",
        # Relative: the description is read at whatever address the console has
        servers=[{"url": PREFIX}],
        # Its pages load scripts from a CDN; ours are in api/routes/docs.py
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # FastAPI's own route would block the event loop for seconds
        redirect_slashes=False,  # its redirects would have the requested host, and http
    )
    # First: a router is found by trying one after another
    api.include_router(
        executions.streaming, dependencies=[Depends(rate_limits.streaming), Depends(deps.runner)]
    )
    api.include_router(auth.router)
    api.include_router(callbacks.router)
    thread, slot = (
        Depends(each, scope="function") for each in (deps.thread, deps.query_slot_or_thread)
    )
    standard, person, runner = (
        Depends(each) for each in (rate_limits.standard, deps.person, deps.runner)
    )
    for feature in PEOPLES:
        api.include_router(feature.router, dependencies=[standard, person, thread])
    api.include_router(evaluations.starting, dependencies=[runner, thread])
    api.include_router(ab_tests.starting, dependencies=[person, thread])
    # Without a rate limit: each process of a program reads its prompts once a minute, with one key
    api.include_router(templates.compiled, dependencies=[runner, thread])
    for run in RUNNERS:
        api.include_router(run, dependencies=[standard, runner, thread])
    for review in REVIEW:
        api.include_router(review.router, dependencies=[standard, person, slot])
    for watch in WATCH:
        api.include_router(watch.router, dependencies=[standard, slot])
    api.include_router(rows.router)
    api.include_router(playground.sockets)
    api.include_router(docs.router)
    errors.install(api)
    # FastAPI would prepare them when the first request looks for its route: a second, in which the
    # event loop answers nobody
    list(iter_route_contexts(api.routes))
    return api


def mounts(api: FastAPI) -> list[BaseRoute]:
    """Return the API with its shortcut routes, redirects and a 404 for the rest of /api."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    api_mount = Mount(PREFIX, api)
    return [
        *frequent_routes.routes(api_mount),
        Mount(f"{PREFIX}/docs/static", StaticFiles(directory=docs.assets())),
        api_mount,
        Route(otlp_errors.PATH, traces.traces, methods=["POST"]),
        *openai.ROUTES,
        *(
            Route(path, _nothing, methods=methods)
            for path in ("/api", "/api/", PREFIX, "/otlp", "/openai", "/widget")
        ),
        Route("/api/{path:path}", _moved, methods=methods),
        *(
            Route(f"/{folder}/{{path:path}}", _nothing, methods=methods)
            for folder in ("otlp", "openai", "widget")
        ),
    ]


async def _moved(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    # 308 keeps the method and the body
    return RedirectResponse(
        f"{PREFIX}/{quote(request.path_params['path'])}{query}", status_code=308
    )


async def _nothing(_request: Request) -> Response:
    return errors.response(errors.problem(404, "not_found", "Nothing found at this address."))
