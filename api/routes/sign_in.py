"""The sign-in pages: plain HTML forms, because Streamlit's widgets cannot set a cookie (docs/decisions/0003)."""

import functools
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from api import sign_in_queue
from api.gate import OriginRefused, cookie_name, origins
from api.threads import SIGN_IN
from core.database.db import transaction
from core.errors import RateLimited, Unavailable
from core.identity import flows, queries, tokens
from core.identity.errors import LinkSpent
from core.identity.schemas import Caller, NewPassword, SessionKind
from core.platform import crypto
from core.platform.config import Config

TEMPLATES = Jinja2Templates(Path(__file__).parent.parent / "templates")
LOGIN = {
    "title": "Sign in",
    "heading": "Sign in to Attune",
    "lead": "Watch, review, test and tune your AI assistant.",
}
WELCOME = {"title": "Welcome", "heading": "Choose a password", "lead": "You'll use it to sign in to Attune."}
SPENT = {
    "title": "Link expired",
    "heading": "This link has expired",
    "lead": "It was already used or has expired. Ask an admin for a new one.",
}


def routes(config: Config, ahead: Sequence[str] = ()) -> list[BaseRoute]:
    """Return the routes: the sign-in page, and the page that a link to set a password opens.

    Both have the browser fetch `ahead`, files of the console, while a password is typed.
    """
    TEMPLATES.env.globals["ahead"] = ahead
    return [
        Route("/login", functools.partial(_login, config=config), methods=["GET", "POST"]),
        Route("/welcome/{token:path}", functools.partial(_welcome, config=config), methods=["GET", "POST"]),
        Mount("/door", StaticFiles(directory=Path(__file__).parent.parent / "static")),
    ]


def local_path(wanted: str) -> str:
    """Return `wanted` when it is a path of ours, else the front page: nobody is sent elsewhere by a link to our sign-in."""
    # Browsers read "\" as "/", and strip tabs and newlines: "/\evil.example" and "/<tab>/evil.example" lead away.
    is_local = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_local and wanted.isprintable() and not wanted.startswith("/login") else "/"


async def _login(request: Request, *, config: Config) -> Response:
    if request.method != "POST":
        return await _login_page(request, config)
    form = await _form(request, config)
    wanted, email = local_path(form.get("next", "/")), form.get("email", "")
    caller: Caller = request.scope["state"]["caller"]
    try:
        signed_in = await sign_in_queue.sign_in(request, email, form.get("password", ""), SessionKind.BROWSER, caller)
    except (Unavailable, RateLimited) as failure:
        status = 429 if isinstance(failure, RateLimited) else 503
        return _page(request, "login.html", status, **LOGIN, next=wanted, email=email, problem=failure.detail)
    if signed_in is None:
        words = "Wrong email or password. After 5 failed attempts, sign-in is locked for 15 minutes."
        return _page(request, "login.html", 401, **LOGIN, next=wanted, email=email, problem=words)
    answer = RedirectResponse(wanted, status_code=303)
    _set_cookie(answer, signed_in.token, config)
    return answer


async def _login_page(request: Request, config: Config) -> Response:
    wanted = local_path(request.query_params.get("next", "/"))
    cookie: str = request.cookies.get(cookie_name(config), "")
    is_live: bool = await SIGN_IN.run(_is_live, cookie)
    if is_live:
        return RedirectResponse(wanted, status_code=303)
    answer = _page(request, "login.html", 200, **LOGIN, next=wanted, email="")
    if cookie:
        answer.delete_cookie(cookie_name(config), httponly=True, samesite="lax", secure=config.behind_tls)
    return answer


def _is_live(token: str) -> bool:
    if not token:
        return False
    with transaction() as session:
        return queries.find_actor(session, crypto.fingerprint(token), Caller()) is not None


async def _welcome(request: Request, *, config: Config) -> Response:
    token = str(request.path_params["token"])
    if not await SIGN_IN.run(_is_open_link, token):
        return _page(request, "welcome.html", 404, **SPENT, spent=True)
    if request.method != "POST":
        return _page(request, "welcome.html", 200, **WELCOME)
    form = await _form(request, config)
    if form.get("password") != form.get("again"):
        return _page(request, "welcome.html", 422, **WELCOME, problem="The passwords don't match.")
    try:
        given = NewPassword(password=form.get("password", ""))
        account = await SIGN_IN.run(flows.accept_link, token, given, caller=request.scope["state"]["caller"])
    except ValidationError:
        return _page(
            request,
            "welcome.html",
            422,
            **WELCOME,
            problem="Use 12 to 72 characters (accented characters count double).",
        )
    except LinkSpent:
        return _page(request, "welcome.html", 404, **SPENT, spent=True)
    return _page(request, "login.html", 200, **LOGIN, next="/", email=account.email)


def _is_open_link(token: str) -> bool:
    with transaction() as session:
        return queries.find_link(session, crypto.fingerprint(token)) is not None


async def _form(request: Request, config: Config) -> dict[str, str]:
    """Return the fields of a posted form; refuse one that another site's page has sent."""
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() not in origins(config, request.headers.get("host", "")):
        raise OriginRefused
    body = await request.body()
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _set_cookie(answer: Response, token: str, config: Config) -> None:
    answer.set_cookie(
        cookie_name(config),
        token,
        max_age=int(tokens.LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=config.behind_tls,
    )


def _page(request: Request, template: str, status: int, **words: object) -> Response:
    headers = {"Retry-After": "2"} if status == 503 else None
    return TEMPLATES.TemplateResponse(request, template, words, status_code=status, headers=headers)
