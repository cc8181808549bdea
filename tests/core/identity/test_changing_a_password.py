"""Changing one's own password: only with the present one, and the other sessions end."""

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity import flows, queries
from core.identity.errors import WrongPassword
from core.identity.schemas import NewPassword, SessionKind
from core.platform import crypto
from tests.factories.identity import CALLER, PASSWORD, Person, person

pytestmark = pytest.mark.usefixtures("database")

CHOSEN = NewPassword(password="another password of mine")


def is_in(token: str) -> bool:
    with transaction() as session:
        return queries.find_actor(session, crypto.fingerprint(token), CALLER) is not None


def sign(one: Person, password: str) -> str | None:
    signed_in = flows.try_to_sign_in(one.actor.email, password, SessionKind.API, CALLER).signed_in
    return signed_in.token if signed_in else None


def test_the_new_one_counts_and_the_old_one_no_more() -> None:
    one = person()
    flows.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    assert sign(one, PASSWORD) is None
    assert sign(one, CHOSEN.password) is not None


def test_this_session_stays_and_every_other_ends() -> None:
    one = person()
    elsewhere = sign(one, PASSWORD)
    flows.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    assert is_in(one.token)
    assert elsewhere is not None
    assert not is_in(elsewhere)


def test_the_present_one_must_be_right() -> None:
    one = person()
    with pytest.raises(WrongPassword):
        flows.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    assert sign(one, PASSWORD) is not None


def test_whoever_found_a_screen_unlocked_cannot_try_on_and_on() -> None:
    one = person()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            flows.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    with pytest.raises(WrongPassword):
        flows.change_own_password(PASSWORD, CHOSEN, actor=one.actor)


def test_both_ends_are_in_the_audit_log_without_the_passwords() -> None:
    one = person()
    with pytest.raises(WrongPassword):
        flows.change_own_password("a wrong password", CHOSEN, actor=one.actor)
    flows.change_own_password(PASSWORD, CHOSEN, actor=one.actor)
    with transaction() as session:
        rows = session.scalars(
            select(CoreAudit).where(CoreAudit.action == "account.change_password").order_by(CoreAudit.id)
        ).all()
    assert [row.outcome for row in rows] == ["wrong", "ok"]
    assert not any(password in str(vars(row)) for row in rows for password in (PASSWORD, CHOSEN.password, "a wrong password"))
