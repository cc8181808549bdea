"""The page of a password link: valid once, for a limited time, and for one account only."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select

from api.access import sign_in_queue
from core.database.db import transaction
from core.errors import Unavailable
from core.identity.models import AdminSession, AdminUser
from core.identity.schemas import AccountChange, Link, NewAccount, Role
from core.identity.service import accounts as service
from core.identity.service import sign_in
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.identity import Person, person

CHOSEN = "a password of my own"


@pytest.fixture
def boss(client: Client) -> Person:
    return person(Role.SUPER_ADMIN)


@pytest.fixture
def link(boss: Person) -> Link:
    given = NewAccount(email="new@example.com", full_name="New", role=Role.ANALYST)
    with transaction() as session:
        return service.invite(session, given, actor=boss.actor)


def choose(
    client: Client, link: Link, password: str = CHOSEN, again: str | None = None
) -> httpx2.Response:
    return client(prefix="").post(
        link.path, data={"password": password, "again": password if again is None else again}
    )


def sign(client: Client, password: str) -> int:
    return (
        client()
        .post("/admin/auth/login", json={"email": "new@example.com", "password": password})
        .status_code
    )


def test_the_link_sets_the_password_and_signs_the_person_in(client: Client, link: Link) -> None:
    answer = choose(client, link)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert sign(client, CHOSEN) == 200


def test_while_sign_in_is_throttled_the_link_leads_to_its_page(
    client: Client, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object, **_kwargs: object) -> None:
        raise sign_in_queue.TooManySignIns

    with monkeypatch.context() as busy:
        busy.setattr(sign_in_queue, "sign_in", refuse)
        answer = choose(client, link)
    assert answer.status_code == 200
    assert 'value="new@example.com"' in answer.text
    assert "set-cookie" not in answer.headers
    assert sign(client, CHOSEN) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_does_not_spend_it(client: Client, link: Link, method: str) -> None:
    for _ in range(3):
        assert client(prefix="").request(method, link.path).status_code == 200
    assert choose(client, link).status_code == 303


def test_the_link_works_once(client: Client, link: Link) -> None:
    choose(client, link)
    assert choose(client, link, "another password of mine").status_code == 404
    assert client(prefix="").get(link.path).status_code == 404
    assert sign(client, CHOSEN) == 200


def test_the_link_runs_out_after_a_week(
    client: Client, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = clock.now() + timedelta(days=7, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: then)
    assert choose(client, link).status_code == 404


def test_a_new_link_ends_the_old_one(client: Client, link: Link, boss: Person) -> None:
    with transaction() as session:
        newer = service.invite_again(session, link.account.id, actor=boss.actor)
    assert choose(client, link).status_code == 404
    assert choose(client, newer).status_code == 303


def test_the_link_of_a_disabled_account_is_spent(client: Client, link: Link, boss: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, link.account.id, AccountChange(is_active=False), actor=boss.actor
        )
    assert choose(client, link).status_code == 404


def test_the_page_of_a_disabled_account_asks_for_no_password(
    client: Client, link: Link, boss: Person
) -> None:
    with transaction() as session:
        service.change_account(
            session, link.account.id, AccountChange(is_active=False), actor=boss.actor
        )
        again = service.invite_again(session, link.account.id, actor=boss.actor)
    assert client(prefix="").get(again.path).status_code == 404


@pytest.mark.parametrize("password", ["", "too short", "x" * 73, "é" * 37])
def test_a_password_outside_the_bounds_leaves_the_link_open(
    client: Client, link: Link, password: str
) -> None:
    answer = choose(client, link, password)
    assert answer.status_code == 422
    assert "12 to 72" in answer.text
    assert choose(client, link).status_code == 303


def test_two_passwords_that_differ_leave_the_link_open(client: Client, link: Link) -> None:
    assert choose(client, link, again="something else here").status_code == 422
    assert choose(client, link).status_code == 303


@pytest.mark.parametrize("token", ["x", "a/b/c", "x" * 5000, "%ff"])
def test_a_link_of_nobody_is_spent(client: Client, token: str) -> None:
    answer = client(prefix="").get(f"/welcome/{token}")
    assert answer.status_code == 404


def test_another_sites_page_cannot_choose_the_password(client: Client, link: Link) -> None:
    form = {"password": CHOSEN, "again": CHOSEN}
    answer = client(prefix="").post(
        link.path, data=form, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert choose(client, link).status_code == 303


def test_a_database_that_is_away_does_not_look_like_a_spent_link(
    client: Client, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_kwargs: object) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(sign_in, "accept_link", away)
        answer = choose(client, link)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert choose(client, link).status_code == 303


def test_only_hashes_of_password_and_link_are_stored(client: Client, link: Link) -> None:
    choose(client, link)
    with transaction() as session:
        stored = session.scalars(
            select(AdminUser.password_hash).where(AdminUser.email == "new@example.com")
        ).one()
        sessions = session.scalar(
            select(func.count())
            .select_from(AdminSession)
            .where(AdminSession.admin_user_id == link.account.id)
        )
    assert stored is not None
    assert stored.startswith("$2b$")
    assert sessions == 1
