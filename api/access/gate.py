"""Authenticate every request and websocket before it reaches the console or the API.

Without a valid session, a browser's navigation is redirected to the sign-in page, and everything
else gets 401, except for a few public paths. Cookies are accepted for writes and websockets only
with an `Origin` of the console.
"""

import logging
import re
import time
from collections.abc import Callable
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import outage, threads
from api.access.credentials import (
    BEARER,
    COOKIE,
    KEY,
    SIGN_IN_PATH,
    SIGNED_PATHS,
    RequestCredentials,
    read_credentials,
)
from api.errors import problem_of, response, unexpected
from core.database.connections import engines
from core.database.connections.engines import Lane
from core.database.db import Session, read_session
from core.errors import Failure, Forbidden, NotFound, NotSignedIn, Unavailable
from core.identity import tokens
from core.identity.schemas import Actor, Caller
from core.platform import logs
from core.platform.config import Config

log = logging.getLogger("attune.api")

CHECK_INTERVAL_S = 30.0  # of what a long response is sent for
EVENT_STREAM = "text/event-stream"
PROGRAM_PATHS = ("/api/", "/otlp/", "/openai/")
JWT_DOTS = 2
NO_CREDENTIAL = "Sign in, or send an API key in the header `Authorization: Bearer atn_…`."
PORT = re.compile(r":\d+$")
# The only websocket that accepts a ticket instead of a cookie; its route checks the ticket.
TICKETED = "/api/v1/admin/playground/ws"
CLIENT_HEADER = b"x-attune-client"
REQUEST_HEADER = b"x-attune-request"


class OriginRefused(Forbidden):
    """The request's Origin is not this server. Behind a proxy, set ATTUNE_PUBLIC_URL."""

    code = "origin_refused"


class RightsEnded(ClientDisconnect):
    """The session or key of a long download has ended, or has other rights.

    To the layers within, it is as if the client had left: that is no error of a route.
    """


class Gate:
    """The outermost middleware that decides about access."""

    def __init__(self, app: ASGIApp, *, config: Config) -> None:
        self.app = app
        self.config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, redirect it to the sign-in page, or reject it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        credentials = read_credentials(scope, self.config)
        logs.request_id.set(credentials.caller.request_id)
        if credentials.is_public and credentials.path not in SIGNED_PATHS:
            engines.lane.set(Lane.SIGN_IN)  # also applies to the page's own threads
        servers_state, scope = (
            scope.get("state", {}),
            _with_caller_headers(scope, credentials.caller),
        )
        try:
            scope["state"]["actor"] = await self._actor(credentials)
            # Without sign-in, the body gets less time, and the connection is closed first.
            servers_state["is_anonymous"] = scope["state"]["actor"] is None
        except Failure as error:
            await _reject(credentials, error, scope, receive, send)
            return
        send = self._while_allowed(_with_response_headers(send, scope), credentials, scope)
        await self._pass_on(scope, receive, send)

    def _while_allowed(self, send: Send, credentials: RequestCredentials, scope: Scope) -> Send:
        """Return a `send` that breaks off a long download once its session or key has ended, or has
        other rights. Event streams say so themselves.
        """
        actor: Actor | None = scope["state"]["actor"]
        if actor is None or credentials.is_websocket:
            return send
        checked_at, is_download = time.monotonic(), True

        async def send_while_allowed(message: Message) -> None:
            nonlocal checked_at, is_download
            if message["type"] == "http.response.start":
                content_type = Headers(raw=message["headers"]).get("content-type", "")
                is_download = not content_type.startswith(EVENT_STREAM)
            is_due = time.monotonic() - checked_at >= CHECK_INTERVAL_S
            if is_due and is_download and message.get("more_body"):
                checked_at = time.monotonic()
                await self._check_still(actor, credentials)
            await send(message)

        return send_while_allowed

    async def _check_still(self, actor: Actor, credentials: RequestCredentials) -> None:
        """Raise RightsEnded unless the credentials still give the actor's rights."""
        try:
            present = await self._actor(credentials)
        except Unavailable:
            return  # what the download reads says so, too
        except Failure as failure:
            raise RightsEnded from failure
        if present is None or _rights(present) != _rights(actor):
            raise RightsEnded

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; log unexpected errors, and return their incident ID only."""
        has_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except RightsEnded:  # the server closes the connection before the download is whole
            log.info("a download ended with its session", extra={"path": scope["path"]})
        except Exception as error:
            if scope["type"] != "http":
                raise
            error_response = await unexpected(Request(scope), error)
            # A response that has begun cannot become another one
            if not has_started:
                await error_response(scope, receive, send)

    async def _actor(self, credentials: RequestCredentials) -> Actor | None:
        """Return the actor, or None on a public path.

        Raises NotSignedIn, OriginRefused, or NotFound for blocked paths.
        """
        if credentials.is_public or (
            credentials.is_websocket and credentials.path == TICKETED and credentials.ticket
        ):
            return None
        # Keys are accepted as bearer tokens only: in a cookie they would open the console.
        credential = self._credential(credentials)
        check = COOKIE if credentials.bearer is None else KEY if credentials.is_program else BEARER
        actor = check.authenticate_cached(credential, credentials.caller)
        if actor is None:
            actor = await threads.SIGN_IN.run(
                _authenticate, check.authenticate, credential, credentials.caller
            )
        if credentials.is_program and not credentials.path.startswith(PROGRAM_PATHS):
            raise Forbidden(
                "API keys can't open the console. Call /api/v1, /openai/v1 or /otlp/v1."
            )
        if credentials.is_blocked:
            raise NotFound("Nothing found at this address.")
        return actor

    def _credential(self, credentials: RequestCredentials) -> str:
        # Without a look at Origin: only cookies are sent by a browser on its own
        if credentials.bearer is not None:
            if not credentials.is_program:
                # Such as the key of another vendor: it never was a session
                if credentials.bearer.count(".") != JWT_DOTS:
                    raise NotSignedIn(NO_CREDENTIAL)
                tokens.check_bearer(credentials.bearer)
            return credentials.bearer
        if credentials.cookie is None:
            raise NotSignedIn(NO_CREDENTIAL)
        headers = credentials.headers
        own = origins(self.config, headers.get("host", ""))
        needs_origin = credentials.is_write or credentials.is_websocket
        if needs_origin and headers.get("origin", "").lower() not in own:
            raise OriginRefused
        return credentials.cookie


def _rights(actor: Actor) -> tuple[object, ...]:
    return actor.role, actor.scopes, actor.may_read_messages


def origins(config: Config, host: str) -> frozenset[str]:
    """Return the console's origins: the public one, this machine's names, or the requested host."""
    if config.attune_public_url:
        return frozenset({config.attune_public_url})
    if config.on_loopback:
        # Whichever name of this machine the console was opened by
        port = PORT.search(host)
        return frozenset(
            f"http://{name}{port[0] if port else ''}"
            for name in ("127.0.0.1", "localhost", "[::1]")
        )
    return frozenset({f"http://{host.lower()}"})


def _authenticate(
    authenticate: Callable[[Session, str, Caller], Actor], credential: str, caller: Caller
) -> Actor:
    with read_session() as session:
        return authenticate(session, credential, caller)


def _with_caller_headers(scope: Scope, caller: Caller) -> Scope:
    """Return the scope with the caller's address and request ID as headers, replacing any that the
    client sent.
    """
    others = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (CLIENT_HEADER, REQUEST_HEADER)
    ]
    own = [
        (CLIENT_HEADER, (caller.ip_address or "").encode()),
        (REQUEST_HEADER, (caller.request_id or "").encode()),
    ]
    return {
        **scope,
        "headers": [*others, *own],
        "state": {**scope.get("state", {}), "caller": caller, "headers": {}},
    }


def _with_response_headers(send: Send, scope: Scope) -> Send:
    """Return a `send` that adds the request ID and headers set by routes to the response."""
    state = scope["state"]

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(
                {"X-Request-Id": state["caller"].request_id, **state["headers"]}
            )
        await send(message)

    return send_named


async def _reject(
    credentials: RequestCredentials, error: Failure, scope: Scope, receive: Receive, send: Send
) -> None:
    if credentials.is_websocket:
        await send(
            {"type": "websocket.close", "code": 4401 if isinstance(error, NotSignedIn) else 4403}
        )
        return
    rejection: Response
    if isinstance(error, NotSignedIn) and credentials.is_navigation:
        rejection = RedirectResponse(_sign_in_address(scope), status_code=303)
    elif isinstance(error, Unavailable) and outage.wants_page(scope):
        rejection = outage.page(scope, error)
    else:
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, NotSignedIn) else None
        rejection = response(problem_of(error), headers)
    await rejection(scope, receive, _with_response_headers(send, scope))


def _sign_in_address(scope: Scope) -> str:
    target = scope["path"] + (
        f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    )
    return SIGN_IN_PATH if target == "/" else f"{SIGN_IN_PATH}?next={quote(target, safe='')}"
