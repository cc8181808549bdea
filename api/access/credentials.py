"""The credentials of a request, and how each kind is checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from core.database.db import Session
from core.identity.schemas import Actor, Caller
from core.identity.service import api_keys, sessions
from core.network.client_addresses import client_address
from core.platform.config import Config
from core.platform.ids import new_id
from core.services.schemas import CALLBACK_PATH

SIGN_IN_PATH = "/login"
PUBLIC_PATHS = frozenset(
    {
        SIGN_IN_PATH,
        "/healthz",
        "/readyz",
        "/health",
        "/favicon.ico",
        "/favicon.png",
        "/api/v1/admin/auth/login",
    }
)
# Public, too: the body's signature is checked instead
SIGNED_PATHS = frozenset({CALLBACK_PATH})
# Short addresses of public routes: they lead to the full ones, also without sign-in
SHORT_PATHS = frozenset(
    path.replace("/api/v1/", "/api/") for path in PUBLIC_PATHS | SIGNED_PATHS if "/api/" in path
)
PUBLIC_FOLDERS = ("/welcome/", "/door/", "/static/", "/app/static/")
BLOCKED_PATHS = frozenset({"/_stcore/metrics", "/_stcore/script-health-check"})
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class CredentialCheck:
    """How a kind of credential is checked: from the cache, and with the database."""

    authenticate_cached: Callable[[str, Caller], Actor | None]
    authenticate: Callable[[Session, str, Caller], Actor]


KEY, BEARER = (
    CredentialCheck(api_keys.authenticate_cached, api_keys.authenticate),
    CredentialCheck(sessions.authenticate_cached, sessions.authenticate_and_cache),
)
# Cookies are not cached, so that signing out applies to every process at once.
COOKIE = CredentialCheck(lambda *_: None, sessions.authenticate)


@dataclass(frozen=True)
class RequestCredentials:
    """The parts of a request that the gate checks."""

    path: str
    headers: Headers
    caller: Caller
    cookie: str | None
    bearer: str | None
    ticket: str | None
    is_websocket: bool
    is_write: bool

    @property
    def is_public(self) -> bool:
        """Whether the path is public."""
        return not (self.is_websocket or self.is_blocked) and (
            self.path in PUBLIC_PATHS | SIGNED_PATHS | SHORT_PATHS
            or self.path.startswith(PUBLIC_FOLDERS)
        )

    @property
    def is_blocked(self) -> bool:
        """Whether the path is blocked for everyone.

        Routes ignore a line end: to them, `/x%0A` is `/x`.
        """
        return self.path in BLOCKED_PATHS or CONTROL.search(self.path) is not None

    @property
    def is_program(self) -> bool:
        """Whether the credential is an API key."""
        return self.bearer is not None and self.bearer.startswith(api_keys.PREFIX)

    @property
    def is_navigation(self) -> bool:
        """Whether a browser opens this path as a page."""
        wants_page = "text/html" in self.headers.get("accept", "")
        return (
            not self.is_websocket
            # A redirect would make a GET of it
            and not self.is_write
            and wants_page
            and not self.path.startswith("/api/")
        )


def read_credentials(scope: Scope, config: Config) -> RequestCredentials:
    """Read the path, the caller and the credentials of a request."""
    connection = HTTPConnection(scope)
    headers = connection.headers
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    peer = connection.client.host if connection.client else None
    # A proxy may add another header of this name below the client's: together they are one
    # list.
    forwarded_for = ",".join(headers.getlist("x-forwarded-for"))
    address = client_address(peer, forwarded_for, config.attune_trusted_proxies)
    is_websocket = scope["type"] == "websocket"
    return RequestCredentials(
        path=scope["path"],
        headers=headers,
        caller=Caller(address, headers.get("user-agent"), str(new_id())),
        cookie=connection.cookies.get(cookie_name(config)),
        bearer=credential.strip() if scheme.lower() == "bearer" else None,
        ticket=connection.query_params.get("ticket"),
        is_websocket=is_websocket,
        is_write=not is_websocket and scope["method"] not in READ_METHODS,
    )


def cookie_name(config: Config) -> str:
    """Return the session cookie's name; over https its prefix restricts it to this host."""
    return "__Host-attune" if config.behind_tls else "attune"
