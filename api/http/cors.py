"""Cross-origin requests from pages of other sites to the API, where CORS_ORIGINS allows them."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HEADERS = ("Authorization", "Content-Type", "Content-Encoding")
READABLE = (
    "Content-Disposition",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Execution-Id",
    "X-Request-Id",
)
MAX_AGE_S = 600


class ApiCors:
    """Middleware before the gate: a preflight has no credentials.

    Cookies are never allowed across origins, only keys and tokens in `Authorization`.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self.app = app
        self.cors = CORSMiddleware(
            app,
            allow_origins=sorted(origins),
            allow_methods=METHODS,
            allow_headers=HEADERS,
            expose_headers=READABLE,
            max_age=MAX_AGE_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to answers of the API, and answer its preflights."""
        is_api = scope["type"] == "http" and scope["path"].startswith(API)
        await (self.cors if is_api else self.app)(scope, receive, send)
