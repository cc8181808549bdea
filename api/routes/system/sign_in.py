"""The sign-in pages: HTML forms, because Streamlit's widgets cannot set an HttpOnly cookie."""

import functools
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import parse_qs

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from api.access import sign_in_queue
from api.access.credentials import cookie_name
from api.access.gate import OriginRefused, origins
from api.threads import SIGN_IN
from core.database.db import transaction
from core.errors import RateLimited, Unavailable
from core.identity import queries, tokens
from core.identity.errors import LinkExpired
from core.identity.schemas import Caller, NewPassword, SessionKind
from core.identity.service import sign_in
from core.platform import crypto
from core.platform.config import ROOT, Config

TEMPLATES = Jinja2Templates(ROOT / "api" / "templates")
LOGIN = {
    "title": "Sign in",
    "heading": "Sign in to Attune",
    "lead": "Watch, review, test and tune your AI assistant.",
}
WELCOME = {
    "title": "Welcome",
    "heading": "Choose a password",
    "lead": "You'll use it to sign in to Attune.",
}
EXPIRED = {
    "title": "Link does not work",
    "heading": "This link does not work",
    "lead": "It was used, has expired or its account is disabled. Ask a super admin for a new one.",
}


def routes(config: Config, ahead: Sequence[str] = ()) -> list[BaseRoute]:
    """Return the routes of the sign-in page and of the page behind password links.

    Both have the browser prefetch `ahead`, files of the console, while a password is typed.
    """
    TEMPLATES.env.globals["ahead"] = ahead
    return [
        Route("/login", functools.partial(_login, config=config), methods=["GET", "POST"]),
        Route(
            "/welcome/{token:path}",
            functools.partial(_welcome, config=config),
            methods=["GET", "POST"],
        ),
        Mount("/door", StaticFiles(directory=ROOT / "api" / "static")),
    ]


def local_path(path: str) -> str:
    """Return `path` when it is within Attune, else "/": links must not lead elsewhere."""
    # Browsers read "\" as "/", and strip tabs and newlines: "/\evil.example" and
    # "/<tab>/evil.example" lead away.
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_local and path.isprintable() and not path.startswith("/login") else "/"


async def _login(request: Request, *, config: Config) -> Response:
    if request.method != "POST":
        return await _login_page(request, config)
    form = await _form(request, config)
    next_path, email = local_path(form.get("next", "/")), form.get("email", "")
    caller: Caller = request.scope["state"]["caller"]
    try:
        signed_in = await sign_in_queue.sign_in(
            request, email, form.get("password", ""), SessionKind.BROWSER, caller
        )
    except (Unavailable, RateLimited) as failure:
        status = 429 if isinstance(failure, RateLimited) else 503
        return _page(
            request,
            "login.html",
            status,
            **LOGIN,
            next=next_path,
            email=email,
            problem=failure.detail,
        )
    if signed_in is None:
        problem = (
            "Wrong email or password. After 5 failed attempts, sign-in is locked for 15 minutes."
        )
        return _page(
            request, "login.html", 401, **LOGIN, next=next_path, email=email, problem=problem
        )
    redirect = RedirectResponse(next_path, status_code=303)
    _set_cookie(redirect, signed_in.token, config)
    return redirect


async def _login_page(request: Request, config: Config) -> Response:
    next_path = local_path(request.query_params.get("next", "/"))
    cookie: str = request.cookies.get(cookie_name(config), "")
    is_signed_in: bool = await SIGN_IN.run(_is_active_session, cookie)
    if is_signed_in:
        return RedirectResponse(next_path, status_code=303)
    page = _page(request, "login.html", 200, **LOGIN, next=next_path, email="")
    if cookie:
        # With the attributes it was set with: browsers take `__Host-` only with Secure
        page.delete_cookie(
            cookie_name(config), httponly=True, samesite="lax", secure=config.behind_tls
        )
    return page


def _is_active_session(token: str) -> bool:
    # Without a token too: a form that nobody can send while the database hangs is not shown.
    with transaction() as session:
        return queries.find_actor(session, crypto.fingerprint(token), Caller()) is not None


async def _welcome(request: Request, *, config: Config) -> Response:
    token = str(request.path_params["token"])
    if not await SIGN_IN.run(_is_valid_link, token):
        return _page(request, "welcome.html", 404, **EXPIRED, spent=True)
    if request.method != "POST":
        return _page(request, "welcome.html", 200, **WELCOME)
    form = await _form(request, config)
    if form.get("password") != form.get("again"):
        return _page(request, "welcome.html", 422, **WELCOME, problem="The passwords don't match.")
    try:
        new_password = NewPassword(password=form.get("password", ""))
        account = await SIGN_IN.run(
            sign_in.accept_link, token, new_password, caller=request.scope["state"]["caller"]
        )
    except ValidationError:
        return _page(
            request,
            "welcome.html",
            422,
            **WELCOME,
            problem="Use 12 to 72 characters (accented characters count double).",
        )
    except LinkExpired:
        return _page(request, "welcome.html", 404, **EXPIRED, spent=True)
    return await _enter(request, config, account.email, new_password)


async def _enter(
    request: Request, config: Config, email: str, new_password: NewPassword
) -> Response:
    """Sign in with the password just chosen; when sign-in is throttled, lead to its page."""
    signed_in = None
    with suppress(Unavailable, RateLimited):
        signed_in = await sign_in_queue.sign_in(
            request,
            email,
            new_password.password,
            SessionKind.BROWSER,
            request.scope["state"]["caller"],
        )
    if signed_in is None:
        return _page(request, "login.html", 200, **LOGIN, next="/", email=email)
    redirect = RedirectResponse("/", status_code=303)
    _set_cookie(redirect, signed_in.token, config)
    return redirect


def _is_valid_link(token: str) -> bool:
    with transaction() as session:
        return queries.find_link(session, crypto.fingerprint(token)) is not None


async def _form(request: Request, config: Config) -> dict[str, str]:
    """Return the fields of a posted form; raise OriginRefused when it comes from another site."""
    origin = request.headers.get("origin")
    # Browsers send Origin with every post: without it, the form is not one of another site
    if origin is not None and origin.lower() not in origins(
        config, request.headers.get("host", "")
    ):
        raise OriginRefused
    body = await request.body()
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _set_cookie(response: Response, token: str, config: Config) -> None:
    response.set_cookie(
        cookie_name(config),
        token,
        max_age=int(tokens.LIFETIME.total_seconds()),
        httponly=True,
        # Not strict: then a link from an email or a chat would lead to the sign-in page
        samesite="lax",
        secure=config.behind_tls,
    )


def _page(request: Request, template: str, status: int, **context: object) -> Response:
    headers = {"Retry-After": "2"} if status == 503 else None
    return TEMPLATES.TemplateResponse(
        request, template, context, status_code=status, headers=headers
    )
