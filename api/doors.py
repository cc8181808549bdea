"""Assemble the ASGI application: the API, the pages before sign-in and the console, all behind one gate."""

from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api import frontend, main, probes
from api.bodies import BodyLimit
from api.gate import Gate
from api.headers import SecurityHeaders, content_policy
from api.otlp_errors import StatusBodies
from api.routes import not_found, sign_in
from api.static_compression import CompressedConsole
from core.platform.config import Config

OURS = ("/api", "/otlp", "/widget", "/door", "/login", "/welcome", "/healthz", "/readyz", "/health")

# Streamlit's own: its files, sockets and probes. It looks for those below each page's address, too.
FOLDERS = ("/_stcore/", "/app/static/", "/media/", "/component/")
FILES = ("/", "/favicon.ico", "/favicon.png", "/manifest.json")


class Doors:
    """Sends a request to our own routes, or to the console; the API does without what Streamlit wraps around its pages."""

    def __init__(self, *, ours: ASGIApp, console: ASGIApp, pages: Collection[str], files: Collection[str]) -> None:
        """Stand in front of both; `pages` are the addresses of the console's pages, `files` those of what they are made of."""
        self.ours = ours
        self.console = console
        self.pages = frozenset(pages)
        self.files = frozenset((*FILES, *files))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the path; starting and stopping, and all sockets but ours, are the console's."""
        is_ours = scope["type"] != "lifespan" and f"/{scope['path'][1:].partition('/')[0]}" in OURS
        # At any other address Streamlit would answer with the console, as if there were such a page.
        is_nowhere = scope["type"] == "http" and not self._is_of_console(scope["path"])
        await (self.ours if is_ours or is_nowhere else self.console)(scope, receive, send)

    def _is_of_console(self, path: str) -> bool:
        page, _, rest = path[1:].partition("/")
        if page in self.pages and (not rest or rest.startswith("_stcore/")):
            return True
        return path in self.files or path.startswith(FOLDERS)


def behind_gate(
    config: Config, readiness: probes.Readiness, *, console: ASGIApp, index: Path, pages: Collection[str] = ()
) -> ASGIApp:
    """Return the whole program as one ASGI application, in which the console has `pages`.

    `index` is the page of Streamlit's that the console begins with.
    """
    built = frontend.build(index.parent)
    ours = Starlette(
        routes=[*main.mounts(main.create()), *probes.routes(readiness), *sign_in.routes(config, built.ahead)],
        exception_handlers={**main.FAILURES, HTTPException: not_found.refusal},
    )
    doors = Doors(ours=ours, console=CompressedConsole(console, built), pages=pages, files=built.files)
    gate = Gate(BodyLimit(doors), config=config)
    return SecurityHeaders(StatusBodies(gate), policy=content_policy(built.index.decode()), behind_tls=config.behind_tls)
