"""What answers at an address where nothing is: a page for people, a problem for programs."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from api import errors

TEMPLATES = Jinja2Templates(Path(__file__).parent.parent / "templates")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
WORDS = {
    "title": "Page not found",
    "heading": "Page not found",
    "lead": "Attune has no page at this address. Check it for typing errors.",
}


def route() -> Route:
    """Return the route that comes after all others."""
    return Route("/{path:path}", nothing, methods=METHODS)


async def nothing(request: Request) -> Response:
    """Answer 404."""
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
        return TEMPLATES.TemplateResponse(request, "nothing.html", WORDS, status_code=404)
    return errors.response(errors.problem(404, "not_found", "There is nothing at this address."))
