"""A credential is rejected from the next request on after its session or account has ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import update

from core.database.db import transaction
from core.identity.models import AdminSession, AdminUser
from core.identity.schemas import AccountChange, Role, SessionKind
from core.identity.service import accounts as service
from core.identity.service import sessions
from core.platform import clock, crypto
from core.system.service import account_removal as system
from tests.api.conftest import Client
from tests.factories.identity import Person, person

Deed = Callable[[Person, Person], None]


def sign_out(one: Person, _boss: Person) -> None:
    with transaction() as session:
        sessions.sign_out(session, actor=one.actor)


def sign_out_everywhere(one: Person, _boss: Person) -> None:
    with transaction() as session:
        sessions.sign_out_everywhere(session, actor=one.actor)


def disable(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(is_active=False), actor=boss.actor
        )


def reset(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.invite_again(session, one.actor.id, actor=boss.actor)


def delete(one: Person, boss: Person) -> None:
    with transaction() as session:
        system.remove_account(session, one.actor.id, actor=boss.actor)


def expire(one: Person, _boss: Person) -> None:
    with transaction() as session:
        mine = update(AdminSession).where(AdminSession.id == one.actor.session_id)
        session.execute(mine.values(expires_at=clock.now() - timedelta(seconds=1)))
        # In life a session ends at the time that was known from its beginning
        sessions.clear_cache(session)


DEEDS = [sign_out, sign_out_everywhere, disable, reset, delete, expire]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_revoked_credential_is_rejected_at_once(
    client: Client, deed: Deed, kind: SessionKind
) -> None:
    boss, one = person(Role.SUPER_ADMIN), person(kind=kind)
    mine = client()
    mine.headers.update(
        one.headers if kind is SessionKind.API else {"Cookie": f"attune={one.token}"}
    )
    assert mine.get("/admin/auth/me").status_code == 200
    deed(one, boss)
    assert mine.get("/admin/auth/me").status_code == 401
    assert mine.get("/admin/playground/sessions").json()["code"] == "session_over"


def test_a_token_whose_own_text_says_that_it_is_over_is_over_though_its_row_lives(
    client: Client,
) -> None:
    one = person()
    claims = jwt.decode(one.token, crypto.keyring().token_key, algorithms=["HS256"])
    over = jwt.encode(
        claims | {"exp": clock.now() - timedelta(seconds=1)},
        crypto.keyring().token_key,
        algorithm="HS256",
    )
    with transaction() as session:
        session.execute(update(AdminSession).values(token_hash=crypto.fingerprint(over)))
    assert client(replace(one, token=over)).get("/admin/auth/me").status_code == 401


def test_a_disabled_account_does_not_come_back_with_its_old_sessions(client: Client) -> None:
    boss, one = person(Role.SUPER_ADMIN), person()
    disable(one, boss)
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(is_active=True), actor=boss.actor
        )
    assert client(one).get("/admin/auth/me").status_code == 401


def test_a_role_that_was_taken_is_gone_in_the_next_request(client: Client) -> None:
    boss, one = person(Role.SUPER_ADMIN), person(Role.ADMIN)
    mine = client(one)
    assert mine.get("/admin/audit").status_code == 200
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(role=Role.ANALYST), actor=boss.actor
        )
    assert mine.get("/admin/audit").status_code == 403


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "Bearer",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer " + "x" * 20_000,
        "Bearer ü",
        "Token x",
        "bearer\tx",
    ],
)
def test_an_invalid_credential_is_rejected(client: Client, credential: str) -> None:
    assert (
        client().get("/models", headers=[(b"Authorization", credential.encode())]).status_code
        == 401
    )


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-another-vendors"}])
def test_a_program_without_a_key_is_told_how_to_send_one(
    client: Client, headers: dict[str, str]
) -> None:
    answer = client().get("/models", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert "Authorization: Bearer atn_" in answer.json()["detail"]


@pytest.mark.parametrize(
    "cookie",
    [
        "attune=",
        "attune=x",
        "attune=" + "x" * 5000,
        "attune",
        ";;;",
        "attune=\xff",
        "__Host-attune=x",
    ],
)
def test_an_invalid_cookie_is_rejected(client: Client, cookie: str) -> None:
    assert client().get("/models", headers=[(b"Cookie", cookie.encode())]).status_code == 401


def test_the_token_of_a_browser_is_no_bearer_token(client: Client) -> None:
    assert client(person(kind=SessionKind.BROWSER)).get("/models").status_code == 401


def test_a_deleted_account_takes_its_rows_with_it(client: Client) -> None:
    boss, one = person(Role.SUPER_ADMIN), person()
    delete(one, boss)
    with transaction() as session:
        assert session.get(AdminUser, one.actor.id) is None
        assert session.get(AdminSession, one.actor.session_id) is None
