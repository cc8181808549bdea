"""The page shown while the database does not respond: it reloads by itself and on request."""

from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from core.errors import Unavailable
from core.platform.config import ROOT

TEMPLATES = Jinja2Templates(ROOT / "api" / "templates")
RETRY_INTERVAL_S = 3
TEXTS = {"title": "Not available", "heading": "Could not load this page", "lead": ""}


def wants_page(scope: Scope) -> bool:
    """Return whether a browser opens a page or a download."""
    headers = Headers(scope=scope)
    is_document = headers.get("sec-fetch-dest") == "document" or not scope["path"].startswith(
        ("/api/", "/otlp/", "/openai/")
    )
    return scope["type"] == "http" and is_document and "text/html" in headers.get("accept", "")


def page(scope: Scope, failure: Unavailable) -> Response:
    """Return the page; its *Try again* link opens the requested address."""
    # Two slashes at the beginning would point to another host.
    retry_path = (
        "/"
        + quote(scope["path"].lstrip("/\\"))
        + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    )
    context = {
        **TEXTS,
        "problem": failure.detail,
        "again": retry_path,
        "tries_every_s": RETRY_INTERVAL_S,
    }
    headers = {"Retry-After": str(RETRY_INTERVAL_S)}
    return TEMPLATES.TemplateResponse(
        Request(scope), "outage.html", context, status_code=503, headers=headers
    )
