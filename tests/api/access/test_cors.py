"""CORS: off unless CORS_ORIGINS names origins, and then for the API only, without cookies."""

from collections.abc import Iterator

import httpx2
import pytest
from pydantic import ValidationError

from core.platform.config import Config, config
from tests.api.conftest import Client, caller
from tests.api.serving import serving
from tests.factories.identity import person

SITE, OTHER = "https://app.example.com", "https://evil.example.com"
ALLOW = "access-control-allow-origin"
USERS = "/api/v1/admin/users"


@pytest.fixture
def opened(client: Client) -> Iterator[str]:
    """Serve an API that one other site may call."""
    with serving(config().model_copy(update={"cors_origins": frozenset({SITE})})) as address:
        yield address


def preflight(address: str, path: str = USERS, origin: str = SITE) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    with caller(address) as browser:
        return browser.options(path, headers=headers)


def read(address: str, path: str, origin: str, **more: str) -> httpx2.Response:
    with caller(address) as browser:
        return browser.get(path, headers={"Origin": origin, **more})


def test_a_named_site_may_call_the_api_with_a_token(opened: str) -> None:
    answer = preflight(opened)
    assert (answer.status_code, answer.headers[ALLOW]) == (200, SITE)
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "POST" in answer.headers["access-control-allow-methods"]
    found = read(opened, USERS, SITE, **person().headers)
    assert (found.status_code, found.headers[ALLOW]) == (200, SITE)
    assert "x-request-id" in found.headers["access-control-expose-headers"].lower()
    assert "origin" in found.headers["vary"].lower()


def test_a_named_site_can_read_why_it_was_refused(opened: str) -> None:
    answer = read(opened, USERS, SITE)
    assert (answer.status_code, answer.headers[ALLOW]) == (401, SITE)


def test_other_sites_are_not_allowed(opened: str) -> None:
    answer = preflight(opened, origin=OTHER)
    assert answer.status_code == 400
    assert ALLOW not in answer.headers
    assert ALLOW not in read(opened, USERS, OTHER, **person().headers).headers


def test_cookies_are_never_allowed_across_origins(opened: str) -> None:
    for answer in (preflight(opened), read(opened, USERS, SITE)):
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/healthz", "/", "/otlp/v1/traces"])
def test_nothing_but_the_api_is_opened(opened: str, path: str) -> None:
    assert ALLOW not in preflight(opened, path).headers
    assert ALLOW not in read(opened, path, SITE).headers


def test_it_is_off_by_default(client: Client, address: str) -> None:
    assert ALLOW not in preflight(address).headers
    assert ALLOW not in read(address, USERS, SITE, **person().headers).headers


def test_a_star_allows_every_site(client: Client) -> None:
    with serving(config().model_copy(update={"cors_origins": frozenset({"*"})})) as address:
        assert preflight(address, origin=OTHER).headers[ALLOW] == "*"


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        (f"{SITE}, http://localhost:3000", {SITE, "http://localhost:3000"}),
        ("HTTPS://App.Example.com", {SITE}),
        ("*", {"*"}),
        ("", set()),
    ],
)
def test_origins_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, given: str, origins: set[str]
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", given)
    assert Config().cors_origins == origins


@pytest.mark.parametrize(
    "given", ["app.example.com", f"{SITE}/", f"{SITE}/path", "ftp://a", "https://", f"*,{SITE}"]
)
def test_what_is_no_origin_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", given)
    with pytest.raises(ValidationError):
        Config()
