"""Without sign-in, every address returns the sign-in page or 401, except the public paths."""

from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.access import credentials
from tests.api.conftest import ask, caller
from tests.api.raw import BROWSER, browser, raw
from tests.api.routes import described

LOGIN = "/admin/auth/login"
CLOSED = [
    "/",
    "/playground",
    "/settings",
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/api/v1/docs",
    "/api/v1/openapi.json",
    "/api/v1/docs/static/swagger-ui.css",
    "/api/admin/playground/sessions",
    "/otlp/v1/traces",
    "/widget/attune.js",
    "/metrics",
    "/media/0.png",
    "/component/x/index.html",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/static",
    "/door",
    "/welcome",
    "/healthz/",
    "/readyz/x",
    "/login/",
    "/LOGIN",
    "/Healthz",
    "/STATIC/js/main.js",
    "/api/v1/admin/auth/login/",
    "/api/v1/admin/auth/login/x",
    "/api/v1//admin/auth/login",
    "/API/V1/admin/auth/login",
    "/api/v1/admin/auth/me;/login",
    "//static/x",
    "//login",
    "/./login",
    "/x/../login",
    "/%2flogin",
    "/%2e/static/x",
    "/favicon.ico/x",
    "/app/static",
    "/app//static/x",
    "/healthz%0a",
    "/login%0d%0a",
    "/static/%00",
]
OPEN = [
    "/login",
    "/healthz",
    "/readyz",
    "/health",
    "/door/door.css",
    "/welcome/a-token-that-is-none",
]


# Signing in, and the callbacks of services, whose signature test_callbacks.py checks
PUBLIC = (LOGIN, "/callback/ai")


def test_every_route_of_the_api_is_closed(address: str) -> None:
    with caller(f"{address}/api/v1") as nobody:
        answers = {
            str(route): nobody.request(route.method, route.path)
            for route in described()
            if route.path not in PUBLIC
        }
    assert {route: each.text for route, each in answers.items() if not is_closed(each)} == {}


def is_closed(answer: httpx2.Response) -> bool:
    return (
        answer.status_code == 401
        and answer.json()["code"] == "not_signed_in"
        and answer.headers["www-authenticate"] == "Bearer"
    )


def test_the_description_has_all_the_routes_there_are() -> None:
    assert len(described()) >= 26


@pytest.mark.parametrize("path", CLOSED)
def test_a_program_gets_401(address: str, path: str) -> None:
    assert raw(address, path).status == 401


@pytest.mark.parametrize("path", [path for path in CLOSED if not path.startswith("/api/")])
def test_a_browser_is_led_to_the_sign_in_page(address: str, path: str) -> None:
    answer = browser(address, path)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", OPEN)
def test_public_paths_need_no_sign_in(address: str, path: str) -> None:
    assert raw(address, path).status not in (401, 303)


@pytest.mark.parametrize("folder", ["door", "static", "app/static", "welcome"])
@pytest.mark.parametrize(
    "trick",
    [
        "../api/v1/models",
        "%2e%2e/api/v1/models",
        "..%2fapi%2fv1%2fmodels",
        "..%5capi",
        "%00",
        "//../../etc/passwd",
        "/etc/passwd",
    ],
)
def test_nothing_leads_out_of_an_open_folder(address: str, folder: str, trick: str) -> None:
    answer = raw(address, f"/{folder}/{trick}")
    assert answer.status in (401, 404)
    assert b"fake:echo" not in answer.body
    assert b"root:" not in answer.body


@given(st.text(min_size=1, max_size=40), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_path_that_anybody_thinks_of_gives_anything(
    address: str, path: str, encoded: bool
) -> None:
    written = quote(path, safe="/" if encoded else "/%?#;:@&=+$,!~*'()")
    answer = raw(address, f"/{written}")
    assert answer.status in (400, 401) or f"/{path}".startswith(
        (*credentials.PUBLIC_FOLDERS, *credentials.PUBLIC_PATHS)
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "..",
                ".",
                "",
                "static",
                "door",
                "welcome",
                "app",
                "api",
                "v1",
                "models",
                "%2e%2e",
                "%2f",
                "%5c",
            ]
        )
    )
)
@settings(max_examples=150, deadline=None)
def test_paths_below_public_folders_lead_nowhere_else(address: str, steps: list[str]) -> None:
    answer = raw(address, "/" + "/".join(steps))
    assert answer.status in (400, 401, 404)
    assert b"fake:echo" not in answer.body


def test_health_without_a_credential_names_the_parts_and_no_details(address: str) -> None:
    health = ask("GET", f"{address}/health").json()
    assert set(health["dependencies"]) == {"core", "ai", "worker", "providers"}
    assert all(set(part) == {"status"} for part in health["dependencies"].values())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_write_by_a_browser_is_refused_not_led_away(address: str, method: str) -> None:
    assert ask(method, f"{address}/playground", BROWSER).status_code == 401


def test_a_ticket_opens_nothing_but_a_websocket(address: str) -> None:
    assert raw(address, "/api/v1/admin/playground/ws?ticket=any").status == 401


def test_the_sign_in_page_knows_where_the_person_wanted_to_go(address: str) -> None:
    answer = browser(address, "/playground?session=1&x=%2F")
    assert answer.headers["location"] == "/login?next=%2Fplayground%3Fsession%3D1%26x%3D%252F"


def test_the_list_of_public_paths_is_the_contract() -> None:
    """Whoever opens another door changes this test too."""
    signing_in = {"/login", "/api/v1/admin/auth/login"}
    assert {
        *signing_in,
        "/healthz",
        "/readyz",
        "/health",
        "/favicon.ico",
        "/favicon.png",
    } == credentials.PUBLIC_PATHS
    assert set(credentials.PUBLIC_FOLDERS) == {"/welcome/", "/door/", "/static/", "/app/static/"}


def test_a_target_that_is_no_path_is_refused(address: str) -> None:
    assert raw(address, "http://evil.example/api/v1/models").status in (400, 401)
    assert raw(address, "*").status in (400, 401)
