"""Bearer tokens: valid for eight hours, and only while their session lasts."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from core.identity.schemas import Role
from core.platform import clock, crypto
from tests.api.conftest import Client
from tests.factories.identity import PASSWORD, person


def test_login_gives_a_token_that_says_whose_it_is(client: Client) -> None:
    one = person(Role.ANALYST)
    answer = client().post(
        "/admin/auth/login", json={"email": one.actor.email, "password": PASSWORD}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["admin"]["email"] == one.actor.email
    me = client().get("/admin/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["role"] == "analyst"


def test_the_token_is_signed_and_of_type_admin(client: Client) -> None:
    answer = client().post(
        "/admin/auth/login", json={"email": person().actor.email, "password": PASSWORD}
    )
    claims = jwt.decode(
        answer.json()["access_token"], crypto.keyring().token_key, algorithms=["HS256"]
    )
    assert claims["type"] == "admin"
    assert claims["exp"] - claims["iat"] == 8 * 3600


def test_wrong_credentials_are_a_problem_with_a_stable_code(client: Client) -> None:
    answer = client().post(
        "/admin/auth/login", json={"email": person().actor.email, "password": "wrong password"}
    )
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "wrong_credentials"


def test_a_token_is_accepted_by_a_process_whose_clock_is_behind(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library refuses tokens that were issued in the future
    with monkeypatch.context() as ahead:
        ahead.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=2))
        signed_in = client().post(
            "/admin/auth/login", json={"email": person().actor.email, "password": PASSWORD}
        )
    token = signed_in.json()["access_token"]
    me = client().get("/admin/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.status_code == 200


def test_a_token_is_rejected_after_logout(client: Client) -> None:
    mine = client(person())
    assert mine.post("/admin/auth/logout").status_code == 204
    assert mine.get("/admin/auth/me").status_code == 401


def test_refresh_gives_a_new_token_and_ends_the_old(client: Client) -> None:
    mine = client(person())
    token = mine.post("/admin/auth/refresh").json()["access_token"]
    assert mine.get("/admin/auth/me").status_code == 401
    assert (
        mine.get("/admin/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    )


@pytest.mark.parametrize(
    ("key", "algorithm"), [(b"x" * 32, "HS256"), ("", "none")], ids=["another key", "no algorithm"]
)
def test_a_token_that_we_did_not_sign_opens_nothing(
    client: Client, key: bytes | str, algorithm: str
) -> None:
    claims = jwt.decode(person().token, crypto.keyring().token_key, algorithms=["HS256"])
    forged = jwt.encode(claims, key, algorithm=algorithm)
    assert (
        client().get("/admin/auth/me", headers={"Authorization": f"Bearer {forged}"}).status_code
        == 401
    )
