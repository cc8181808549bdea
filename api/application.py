"""Assemble the ASGI application: the API, the pages before sign-in and the console, all gated."""

from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api import main, probes
from api.access.gate import Gate
from api.console import frontend
from api.console.form_charsets import FormsInUtf8
from api.console.frontend import Frontend
from api.console.static_compression import CompressedConsole
from api.http.cors import ApiCors
from api.http.problem_bodies import TranslatedProblems
from api.http.security_headers import SecurityHeaders, content_policy
from api.request_bodies.size_limits import BodyLimit
from api.routes import not_found
from api.routes.ingest import otlp_errors
from api.routes.openai import errors as openai_errors
from api.routes.openai import routes as openai
from api.routes.system import sign_in
from core.platform.config import Config

ATTUNE_PATHS = (
    "/api",
    "/otlp",
    "/openai",
    "/widget",
    "/door",
    "/login",
    "/welcome",
    "/healthz",
    "/readyz",
    "/health",
)

# Streamlit's files, sockets and probes. It serves its sockets below each page's address, too.
STREAMLIT_FOLDERS = ("/_stcore/", "/app/static/", "/media/", "/component/")
STREAMLIT_FILES = ("/", "/favicon.ico", "/favicon.png", "/manifest.json")


class Router:
    """Routes requests to the API and the sign-in pages, or to Streamlit."""

    def __init__(
        self, *, attune: ASGIApp, console: ASGIApp, pages: Collection[str], frontend: Frontend
    ) -> None:
        """`pages` are the paths of the console's pages, `frontend` has its static files."""
        self.attune = attune
        self.console = console
        self.pages = frozenset(pages)
        self.frontend = frontend
        self.files = frozenset((*STREAMLIT_FILES, *frontend.files))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the path; lifespan events and all other websockets go to the console."""
        if scope["type"] == "http":
            scope["path"] = self.frontend.current_path(scope["path"])
        is_attune = (
            scope["type"] != "lifespan"
            and f"/{scope['path'][1:].partition('/')[0]}" in ATTUNE_PATHS
        )
        # At any unknown address Streamlit would return the console, as if the page existed.
        is_unknown = scope["type"] == "http" and not self._is_of_console(scope["path"])
        await (self.attune if is_attune or is_unknown else self.console)(scope, receive, send)

    def _is_of_console(self, path: str) -> bool:
        page, _, subpath = path[1:].partition("/")
        if page in self.pages and (not subpath or subpath.startswith("_stcore/")):
            return True
        return path in self.files or path.startswith(STREAMLIT_FOLDERS)


def behind_gate(
    config: Config,
    readiness: probes.Readiness,
    *,
    console: ASGIApp,
    index: Path,
    pages: Collection[str] = (),
) -> ASGIApp:
    """Return the whole program as one ASGI application.

    `index` is Streamlit's index.html, `pages` are the paths of the console's pages.
    """
    built_frontend = frontend.build(index.parent)
    attune = Starlette(
        routes=[
            *main.mounts(main.create()),
            *probes.routes(readiness),
            *sign_in.routes(config, built_frontend.ahead),
        ],
        exception_handlers={**main.FAILURES, HTTPException: not_found.refusal},
    )
    router = Router(
        attune=attune,
        console=CompressedConsole(FormsInUtf8(console), built_frontend),
        pages=pages,
        frontend=built_frontend,
    )
    gated: ASGIApp = Gate(BodyLimit(router), config=config)
    for prefix, translate in (
        (otlp_errors.PATH, otlp_errors.translate),
        (openai.PREFIX, openai_errors.translate),
    ):
        gated = TranslatedProblems(gated, prefix=prefix, translate=translate)
    # Outermost, so that refusals of the gate have the headers, too.
    return SecurityHeaders(
        ApiCors(gated, origins=config.cors_origins) if config.cors_origins else gated,
        policy=content_policy(built_frontend.index, built_frontend.index_of_kept),
        behind_tls=config.behind_tls,
    )
