"""Authenticate every request and websocket before it reaches the console or the API.

Without a valid session there is the sign-in page for a browser's navigation and 401 for everything else, but for a short list of
open doors. Cookies count for writes and websockets only with an `Origin` of ours.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import outage, threads
from api.errors import problem_of, response, unexpected
from core.database import db
from core.database.db import Lane, Session, reading
from core.errors import Failure, Forbidden, NotFound, NotSignedIn, Unavailable
from core.identity import keys, sessions, tokens
from core.identity.schemas import Actor, Caller
from core.network.client_addresses import client_address
from core.platform import logs
from core.platform.config import Config
from core.platform.ids import new_id

SIGN_IN = "/login"
OPEN = frozenset({SIGN_IN, "/healthz", "/readyz", "/health", "/favicon.ico", "/favicon.png", "/api/v1/admin/auth/login"})
OPEN_FOLDERS = ("/welcome/", "/door/", "/static/", "/app/static/")
SHUT = frozenset({"/_stcore/metrics", "/_stcore/script-health-check"})
FOR_PROGRAMS = ("/api/", "/otlp/")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PORT = re.compile(r":\d+$")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
# The one websocket that a program may open without a cookie: it checks its ticket itself.
TICKETED = "/api/v1/admin/playground/ws"
CLIENT_HEADER = b"x-attune-client"
REQUEST_HEADER = b"x-attune-request"


class OriginRefused(Forbidden):
    """The request's Origin is not this server. Behind a proxy, set ATTUNE_PUBLIC_URL."""

    code = "origin_refused"


@dataclass(frozen=True)
class CredentialCheck:
    """How one kind of credential is checked: `recall` without the database, `enter` with it."""

    recall: Callable[[str, Caller], Actor | None]
    enter: Callable[[Session, str, Caller], Actor]


KEY, BEARER = CredentialCheck(keys.recall, keys.enter), CredentialCheck(sessions.recall, sessions.enter_often)
# A person who signs out in one process is out of every other at once.
COOKIE = CredentialCheck(lambda *_: None, sessions.enter)


@dataclass(frozen=True)
class Knock:
    """What is known of a request before it is let in."""

    path: str
    headers: Headers
    caller: Caller
    cookie: str | None
    bearer: str | None
    ticket: str | None
    is_websocket: bool
    is_write: bool

    @property
    def is_open_door(self) -> bool:
        """Whether this address is for everybody."""
        return not (self.is_websocket or self.is_shut) and (self.path in OPEN or self.path.startswith(OPEN_FOLDERS))

    @property
    def is_shut(self) -> bool:
        """Whether this address is for nobody. Routes overlook a line's end: to them, `/x%0A` is `/x`."""
        return self.path in SHUT or CONTROL.search(self.path) is not None

    @property
    def is_program(self) -> bool:
        """Whether a key knocks, not a person."""
        return self.bearer is not None and self.bearer.startswith(keys.PREFIX)

    @property
    def is_navigation(self) -> bool:
        """Whether a person typed this address or followed a link, rather than a script of ours."""
        wants_page = "text/html" in self.headers.get("accept", "")
        return not self.is_websocket and not self.is_write and wants_page and not self.path.startswith("/api/")


class Gate:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, *, config: Config) -> None:
        """Guard `app`."""
        self.app = app
        self.config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, send to the sign-in page, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        knock = self._knock(scope)
        logs.request_id.set(knock.caller.request_id)
        if knock.is_open_door:
            db.lane.set(Lane.SIGN_IN)  # for what the page does in threads of its own, too
        servers_state, scope = scope.get("state", {}), _marked(scope, knock.caller)
        try:
            scope["state"]["actor"] = await self._actor(knock)
            # The server gives a stranger's body less time, and takes its connection first.
            servers_state["is_stranger"] = scope["state"]["actor"] is None
        except Failure as refusal:
            await _refuse(knock, refusal, scope, receive, send)
            return
        await self._pass_on(scope, receive, _naming(send, scope))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the house answer; what breaks in there is logged, and told to nobody but by its incident's id."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            answer = await unexpected(Request(scope), error)
            if not has_begun:
                await answer(scope, receive, send)

    def _knock(self, scope: Scope) -> Knock:
        connection = HTTPConnection(scope)
        headers = connection.headers
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        peer = connection.client.host if connection.client else None
        # A proxy may add a header of its own below the one that the client has sent: all of them are one list.
        forwarded_for = ",".join(headers.getlist("x-forwarded-for"))
        address = client_address(peer, forwarded_for, self.config.attune_trusted_proxies)
        is_websocket = scope["type"] == "websocket"
        return Knock(
            path=scope["path"],
            headers=headers,
            caller=Caller(address, headers.get("user-agent"), str(new_id())),
            cookie=connection.cookies.get(cookie_name(self.config)),
            bearer=credential.strip() if scheme.lower() == "bearer" else None,
            ticket=connection.query_params.get("ticket"),
            is_websocket=is_websocket,
            is_write=not is_websocket and scope["method"] not in READS,
        )

    async def _actor(self, knock: Knock) -> Actor | None:
        """Return who knocks: None at an open door.

        Raises NotSignedIn, OriginRefused, or NotFound for what is shut for everybody.
        """
        if knock.is_open_door or (knock.is_websocket and knock.path == TICKETED and knock.ticket):
            return None
        # A key counts as a bearer only: in a cookie it would open the console.
        credential = self._credential(knock)
        door = COOKIE if knock.bearer is None else KEY if knock.is_program else BEARER
        actor = door.recall(credential, knock.caller)
        if actor is None:
            actor = await threads.SIGN_IN.run(_enter, door.enter, credential, knock.caller)
        if knock.is_program and not knock.path.startswith(FOR_PROGRAMS):
            raise Forbidden("API keys can't open the console.")
        if knock.is_shut:
            raise NotFound("Nothing found at this address.")
        return actor

    def _credential(self, knock: Knock) -> str:
        if knock.bearer is not None:
            if not knock.is_program:
                tokens.check_bearer(knock.bearer)
            return knock.bearer
        if knock.cookie is None:
            raise NotSignedIn
        if (knock.is_write or knock.is_websocket) and not self._is_ours(knock.headers):
            raise OriginRefused
        return knock.cookie

    def _is_ours(self, headers: Headers) -> bool:
        origin = headers.get("origin", "").lower()
        return origin in origins(self.config, headers.get("host", ""))


def origins(config: Config, host: str) -> frozenset[str]:
    """Return the origins of our own pages: the public one, this machine's names, or else the host that was asked."""
    if config.attune_public_url:
        return frozenset({config.attune_public_url})
    if config.on_loopback:
        port = PORT.search(host)
        return frozenset(f"http://{name}{port[0] if port else ''}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return frozenset({f"http://{host.lower()}"})


def cookie_name(config: Config) -> str:
    """Return the name of the session cookie; with https its prefix makes browsers keep it to this host and to https."""
    return "__Host-attune" if config.behind_tls else "attune"


def _enter(enter: Callable[[Session, str, Caller], Actor], credential: str, caller: Caller) -> Actor:
    with reading() as session:
        return enter(session, credential, caller)


def _marked(scope: Scope, caller: Caller) -> Scope:
    """Return the scope with the caller's true address and request id as headers, whatever a client sent under these names."""
    kept = [(name, value) for name, value in scope["headers"] if name not in (CLIENT_HEADER, REQUEST_HEADER)]
    ours = [(CLIENT_HEADER, (caller.ip_address or "").encode()), (REQUEST_HEADER, (caller.request_id or "").encode())]
    return {**scope, "headers": [*kept, *ours], "state": {**scope.get("state", {}), "caller": caller, "headers": {}}}


def _naming(send: Send, scope: Scope) -> Send:
    """Return `send` with the request's id, and whatever the house has to say, in the headers of the answer."""
    state = scope["state"]

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update({"X-Request-Id": state["caller"].request_id, **state["headers"]})
        await send(message)

    return named


async def _refuse(knock: Knock, refusal: Failure, scope: Scope, receive: Receive, send: Send) -> None:
    if knock.is_websocket:
        await send({"type": "websocket.close", "code": 4401 if isinstance(refusal, NotSignedIn) else 4403})
        return
    answer: Response
    if isinstance(refusal, NotSignedIn) and knock.is_navigation:
        answer = RedirectResponse(_sign_in_address(scope), status_code=303)
    elif isinstance(refusal, Unavailable) and outage.wants_page(scope):
        answer = outage.page(scope, refusal)
    else:
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(refusal, NotSignedIn) else None
        answer = response(problem_of(refusal), headers)
    await answer(scope, receive, _naming(send, scope))


def _sign_in_address(scope: Scope) -> str:
    wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return SIGN_IN if wanted == "/" else f"{SIGN_IN}?next={quote(wanted, safe='')}"
