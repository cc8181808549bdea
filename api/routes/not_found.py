"""Responses at unknown addresses: a page for people, a problem for programs."""

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from api import errors

TEMPLATES = Jinja2Templates(Path(__file__).parent.parent / "templates")
WORDS = {
    "title": "Page not found",
    "heading": "Page not found",
    "lead": "Attune has no page at this address. Check it for typing errors.",
}


async def refusal(request: Request, error: Exception) -> Response:
    """Answer what a route beside the API refuses."""
    is_nothing = isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND
    if is_nothing and request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
        return TEMPLATES.TemplateResponse(request, "nothing.html", WORDS, status_code=404)
    return await errors.refusal(request, error)
