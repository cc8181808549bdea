"""The gate in front of the whole program, in which Streamlit serves all other addresses."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import SessionKind
from core.identity.service import sessions
from tests.api.conftest import ask
from tests.api.raw import Answer, browser, raw
from tests.factories.identity import Person, person

STREAMLIT = [
    "/",
    "/playground",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/x/y.js",
    "/_stcore/stream",
    "/media/0a.png",
    "/component/a.b/index.html",
    "/index.html",
    "/pages/console.py",
    "/console.py",
    "/oauth2callback",
    "/auth/login",
    "/playground/_stcore/health",
    "/_stcore/../_stcore/health",
    "//_stcore/metrics",
]
INTO_STATIC = [
    "/static/../_stcore/health",
    "/static/..%2f_stcore%2fmetrics",
    "/static/%2e%2e/media/x",
    "/app/static/../../console.py",
    "/app/static/..%2fconsole.py",
    "/app/static/%2e%2e%2fconsole.py",
    "/app/static/..%5cconsole.py",
    "/app/static/%00",
    "/static/%00",
    "/static/",
    "/static/nothing.js",
    "/static/_stcore/metrics",
    "/static//_stcore/metrics",
    "/app/static/nothing",
    "/welcome/a/b",
    "/door/..%2fmain.py",
    "/favicon.ico",
]


@pytest.mark.parametrize("path", STREAMLIT)
def test_a_program_gets_401(whole: str, path: str) -> None:
    assert raw(whole, path).status == 401


@pytest.mark.parametrize("path", STREAMLIT)
def test_a_browser_is_led_to_the_sign_in_page(whole: str, path: str) -> None:
    answer = browser(whole, path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", INTO_STATIC)
def test_nothing_leads_through_the_static_files_into_the_house(whole: str, path: str) -> None:
    answer = raw(whole, path)
    assert answer.status < 500
    assert b"st.navigation" not in answer.body
    assert b"# HELP" not in answer.body
    assert answer.body.strip() != b"ok"


@pytest.mark.parametrize(
    "path",
    ["/app/static/mark.png", "/door/door.css", "/favicon.png", "/healthz", "/readyz", "/login"],
)
def test_what_the_sign_in_page_needs_is_open(whole: str, path: str) -> None:
    assert raw(whole, path).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/x",
        "/app/static/mark.png",
        "/login",
        "/door/x",
        "/welcome/x",
        "/_stcore/stream",
        "/",
    ],
)
def test_without_sign_in_no_websocket_opens(whole: str, path: str) -> None:
    assert refused(whole, path) == 403


def test_the_consoles_websocket_opens_with_the_cookie_and_our_origin(
    whole: str, database: Postgres
) -> None:
    one = person(kind=SessionKind.BROWSER)
    with connect(
        ws(whole, "/_stcore/stream"),
        origin=Origin(whole),
        additional_headers=cookie(one),
        open_timeout=60,
    ) as socket:
        assert socket.protocol.state.name == "OPEN"


@pytest.mark.parametrize("origin", [None, "http://localhost:3000", "https://evil.example", "null"])
def test_the_consoles_websocket_is_shut_to_other_pages(
    whole: str, database: Postgres, origin: str | None
) -> None:
    one = person(kind=SessionKind.BROWSER)
    assert refused(whole, "/_stcore/stream", origin=origin, headers=cookie(one)) == 403


@pytest.mark.parametrize("written", ["metrics", "metrics%0a", "%6detrics", "script-health-check"])
def test_streamlits_metrics_are_blocked_for_everyone(
    whole: str, database: Postgres, written: str
) -> None:
    one = person(kind=SessionKind.BROWSER)
    assert raw(whole, f"/_stcore/{written}", f"Cookie: attune={one.token}").status == 404


def test_the_console_is_there_once_signed_in_and_gone_with_the_session(
    whole: str, database: Postgres
) -> None:
    one = person(kind=SessionKind.BROWSER)
    assert b"<!doctype html>" in page(whole, one).body.lower()
    with transaction() as session:
        sessions.sign_out(session, actor=one.actor)
    assert page(whole, one).status == 303


def test_the_frame_around_every_answer_is_there(whole: str, database: Postgres) -> None:
    """Streamlit's own answers too have our headers, and the policy names the one inline script that
    is installed.
    """
    for answer in (
        page(whole, person(kind=SessionKind.BROWSER)),
        raw(whole, "/static/nothing.js"),
        raw(whole, "/_stcore/health"),
    ):
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "x-request-id" in answer.headers
        policy = answer.headers["content-security-policy"]
        assert "'sha256-" in policy
        assert "default-src 'self'" in policy


def test_the_api_beside_the_console_is_the_same(whole: str, database: Postgres) -> None:
    answer = ask("GET", f"{whole}/api/v1/models", person().headers)
    assert "fake:echo" in [model["id"] for model in answer.json()["items"]]


def page(whole: str, one: Person) -> Answer:
    return raw(whole, "/playground", "Accept: text/html", f"Cookie: attune={one.token}")


def cookie(one: Person) -> dict[str, str]:
    return {"Cookie": f"attune={one.token}"}


def ws(address: str, path: str) -> str:
    return address.replace("http://", "ws://") + path


def refused(
    address: str, path: str, *, origin: str | None = None, headers: dict[str, str] | None = None
) -> int:
    """Return the status with which a websocket is refused."""
    said = Origin(origin) if origin else None
    with (
        pytest.raises(InvalidStatus) as refusal,
        connect(ws(address, path), origin=said, additional_headers=headers, open_timeout=60),
    ):
        pass
    return refusal.value.response.status_code
