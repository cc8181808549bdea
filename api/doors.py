"""The doors of the program, side by side behind one gate: the API with the pages before sign-in, and the console."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from api import frontend, main, probes
from api.bodies import BodyLimit
from api.compressed import CompressedConsole
from api.gate import Gate
from api.headers import SecurityHeaders, content_policy
from api.otlp import StatusBodies
from api.routes import sign_in
from core.config import Config

OURS = ("/api", "/otlp", "/widget", "/door", "/login", "/welcome", "/healthz", "/readyz", "/health")


class Doors:
    """Sends a request to our own routes, or to the console; the API does without what Streamlit wraps around its pages."""

    def __init__(self, *, ours: ASGIApp, console: ASGIApp) -> None:
        """Stand in front of both."""
        self.ours = ours
        self.console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the first part of the path; starting and stopping is the console's."""
        is_ours = scope["type"] != "lifespan" and f"/{scope['path'][1:].partition('/')[0]}" in OURS
        await (self.ours if is_ours else self.console)(scope, receive, send)


def behind_gate(config: Config, readiness: probes.Readiness, *, console: ASGIApp, index: Path) -> ASGIApp:
    """Return the whole program as one ASGI application; `index` is the page of Streamlit's that the console begins with."""
    built = frontend.build(index.parent)
    ours = Starlette(
        routes=[*main.mounts(main.create()), *probes.routes(readiness), *sign_in.routes(config, built.ahead)],
        exception_handlers=main.FAILURES,
    )
    gate = Gate(BodyLimit(Doors(ours=ours, console=CompressedConsole(console, built))), config=config)
    return SecurityHeaders(StatusBodies(gate), policy=content_policy(built.index.decode()), behind_tls=config.behind_tls)
