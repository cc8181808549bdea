"""`/api/<x>` leads to `/api/v1/<x>`, with method, query and body."""

import pytest

from tests.api.conftest import Client, caller
from tests.api.raw import raw
from tests.factories.identity import person


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_a_short_address_leads_to_the_full_one(client: Client, method: str) -> None:
    answer = client(person(), prefix="").request(
        method, "/api/admin/playground/history?session_id=1&x=%26%20a"
    )
    assert answer.status_code == 308
    assert answer.headers["location"] == "/api/v1/admin/playground/history?session_id=1&x=%26%20a"


def test_the_body_goes_along(client: Client, address: str) -> None:
    one = person()
    with caller(address, one.headers) as following:
        following.follow_redirects = True
        answer = following.post(
            "/api/prompts/execute", json={"model_id": "fake:echo", "prompt": "to Paris"}
        )
    assert answer.status_code == 200
    assert "to Paris" in answer.json()["response"]


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/api/models/a%3Fb%23c", "/api/v1/models/a%3Fb%23c"),
        ("/api/models/100%25", "/api/v1/models/100%25"),
        ("/api/models/%252e", "/api/v1/models/%252e"),
        ("/api/models/%C3%A4", "/api/v1/models/%C3%A4"),
        ("/api//evil.example", "/api/v1//evil.example"),
        ("/api/models?", "/api/v1/models"),
        ("/api/v2/models", "/api/v1/v2/models"),
    ],
)
def test_what_is_written_in_code_stays_so(
    address: str, client: Client, asked: str, led_to: str
) -> None:
    answer = raw(address, asked, f"Authorization: Bearer {person().token}")
    assert answer.status == 308
    assert answer.headers["location"] == led_to
    assert "set-cookie" not in answer.headers


def test_a_line_may_not_end_within_an_address(address: str, client: Client) -> None:
    answer = raw(
        address, "/api/models/%0d%0aSet-Cookie:a=b", f"Authorization: Bearer {person().token}"
    )
    assert answer.status == 404
    assert "set-cookie" not in answer.headers


def test_it_leads_on_this_host_whatever_host_was_asked(address: str, client: Client) -> None:
    answer = client(person(), prefix="").get("/api/models", headers={"Host": "evil.example"})
    assert answer.headers["location"].startswith("/api/v1/")


def test_redirects_of_short_addresses_require_sign_in(client: Client) -> None:
    assert client(prefix="").get("/api/models").status_code == 401


@pytest.mark.parametrize("path", ["callback/ai", "admin/auth/login"])
def test_short_addresses_of_public_routes_lead_on_without_sign_in(
    client: Client, path: str
) -> None:
    # A service's callback to the address of the specification was asked to sign in
    answer = client(prefix="").post(f"/api/{path}", json={})
    assert answer.status_code == 308
    assert answer.headers["location"] == f"/api/v1/{path}"


def test_a_long_callback_to_the_short_address_is_led_on_too(client: Client) -> None:
    answer = client(prefix="").post("/api/callback/ai", content=b"x" * 2**20)
    assert answer.status_code == 308
