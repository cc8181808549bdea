"""Changing a password requires the current one, and ends the other sessions."""

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity import queries
from core.identity.errors import WrongPassword
from core.identity.schemas import NewPassword, SessionKind
from core.identity.service import sign_in
from core.platform import crypto
from tests.factories.identity import CALLER, PASSWORD, Person, person

pytestmark = pytest.mark.usefixtures("database")

CHOSEN = NewPassword(password="another password of mine")


def is_in(token: str) -> bool:
    with transaction() as session:
        return queries.find_actor(session, crypto.fingerprint(token), CALLER) is not None


def sign(one: Person, password: str) -> str | None:
    signed_in = sign_in.try_sign_in(one.actor.email, password, SessionKind.API, CALLER).signed_in
    return signed_in.token if signed_in else None


def test_after_a_change_only_the_new_password_works() -> None:
    one = person()
    sign_in.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    assert sign(one, PASSWORD) is None
    assert sign(one, CHOSEN.password) is not None


def test_changing_the_password_ends_the_other_sessions() -> None:
    one = person()
    elsewhere = sign(one, PASSWORD)
    sign_in.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    assert is_in(one.token)
    assert elsewhere is not None
    assert not is_in(elsewhere)


def test_changing_the_password_requires_the_current_one() -> None:
    one = person()
    with pytest.raises(WrongPassword):
        sign_in.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    assert sign(one, PASSWORD) is not None


def test_wrong_current_passwords_are_limited() -> None:
    one = person()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            sign_in.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    with pytest.raises(WrongPassword):
        sign_in.change_own_password(PASSWORD, CHOSEN, actor=one.actor)


def test_success_and_failure_are_audited_without_passwords() -> None:
    one = person()
    with pytest.raises(WrongPassword):
        sign_in.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    sign_in.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    with transaction() as session:
        rows = session.scalars(
            select(CoreAudit)
            .where(CoreAudit.action == "account.change_password")
            .order_by(CoreAudit.id)
        ).all()
    assert [row.outcome for row in rows] == ["wrong", "ok"]
    assert not any(
        password in str(vars(row))
        for row in rows
        for password in (PASSWORD, CHOSEN.password, "a wrong password")
    )
