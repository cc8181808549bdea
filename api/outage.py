"""The page shown while the database does not answer: it retries by itself and on request."""

from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from core.errors import Unavailable

TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
TRIES_EVERY_S = 3
WORDS = {"title": "Not available", "heading": "Could not load this page", "lead": ""}


def wants_page(scope: Scope) -> bool:
    """Return whether a person follows a link, an export's too, rather than a program asks."""
    headers = Headers(scope=scope)
    is_document = headers.get("sec-fetch-dest") == "document" or not scope["path"].startswith(("/api/", "/otlp/"))
    return scope["type"] == "http" and is_document and "text/html" in headers.get("accept", "")


def page(scope: Scope, failure: Unavailable) -> Response:
    """Return the page; its *Try again* leads to the address that was asked for."""
    # Two slashes at the beginning would name another host.
    again = (
        "/"
        + quote(scope["path"].lstrip("/\\"))
        + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    )
    words = {**WORDS, "problem": failure.detail, "again": again, "tries_every_s": TRIES_EVERY_S}
    headers = {"Retry-After": str(TRIES_EVERY_S)}
    return TEMPLATES.TemplateResponse(Request(scope), "outage.html", words, status_code=503, headers=headers)
