"""Headers of every response: framing, content policy, and the request ID."""

import re

import pytest

from core.platform.config import config
from tests.api.conftest import Client
from tests.api.raw import raw
from tests.api.serving import serving
from tests.factories.identity import person

FIXED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
ANSWERS = {
    "/login": 200,
    "/healthz": 200,
    "/readyz": 200,
    "/health": 503,
    "/door/door.css": 200,
    "/door/nothing": 404,
    "/welcome/x": 404,
    "/playground": 401,
    "/api/v1/models": 401,
    "/api/v1/nothing": 401,
}


@pytest.mark.parametrize(("path", "status"), ANSWERS.items())
def test_every_answer_has_them(client: Client, path: str, status: int) -> None:
    answer = client(prefix="").get(path)
    assert answer.status_code == status
    assert FIXED.items() <= dict(answer.headers).items()
    assert {"content-security-policy", "permissions-policy", "x-request-id"} <= set(answer.headers)


NO_PROMPT = "/prompts/00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("path", ["/models", "/nothing", "/docs", "/admin/accounts", NO_PROMPT])
def test_so_has_every_answer_to_somebody(client: Client, path: str) -> None:
    answer = client(person()).get(path)
    assert FIXED.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] == "no-store"


def test_each_request_has_an_id_of_its_own(client: Client) -> None:
    mine = client(person())
    ids = [mine.get("/models").headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f-]{36}", one) for one in ids)


def test_a_client_does_not_choose_the_id(client: Client) -> None:
    answer = client(person()).get(
        "/models", headers={"X-Request-Id": "mine", "X-Attune-Request": "mine"}
    )
    assert answer.headers["x-request-id"] != "mine"


def test_the_id_is_in_the_audit_log(client: Client) -> None:
    mine = client(person())
    deed = mine.post(
        "/admin/providers",
        json={"name": "one", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
    )
    rows = mine.get("/admin/audit", params={"action": "provider.add"}).json()["items"]
    assert [row["request_id"] for row in rows] == [deed.headers["x-request-id"]]


def test_the_server_does_not_say_what_it_is(client: Client) -> None:
    assert "server" not in client(person()).get("/models").headers


def test_only_https_is_remembered_as_https(address: str) -> None:
    assert "strict-transport-security" not in raw(address, "/login").headers
    with serving(
        config().model_copy(update={"attune_public_url": "https://attune.example.com"})
    ) as public:
        assert raw(public, "/login").headers["strict-transport-security"] == "max-age=31536000"
