"""Responses at unknown addresses: a page for people, a problem for programs."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from api import errors
from core.platform.config import ROOT

TEMPLATES = Jinja2Templates(ROOT / "api" / "templates")
TEXTS = {
    "title": "Page not found",
    "heading": "Page not found",
    "lead": "Attune has no page at this address. Check it for typing errors.",
}


async def refusal(request: Request, error: Exception) -> Response:
    """Return the response for an HTTPException of routes besides the API."""
    is_not_found = isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND
    if (
        is_not_found
        and request.method in ("GET", "HEAD")
        and "text/html" in request.headers.get("accept", "")
    ):
        return TEMPLATES.TemplateResponse(request, "nothing.html", TEXTS, status_code=404)
    return await errors.refusal(request, error)
