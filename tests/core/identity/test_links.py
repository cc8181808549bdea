"""Password links: valid once, and one at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity.errors import LinkExpired
from core.identity.models import AccountLink, AdminUser
from core.identity.schemas import Link, NewAccount, NewPassword, Role, SessionKind
from core.identity.service import accounts as service
from core.identity.service import sign_in
from core.platform import clock
from tests.factories.identity import CALLER, person

pytestmark = pytest.mark.usefixtures("database")

CHOSEN = NewPassword(password="a password of my own")


def invited() -> Link:
    boss = person(Role.SUPER_ADMIN)
    with transaction() as session:
        given = NewAccount(email="new@example.com", full_name="New", role=Role.ANALYST)
        return service.invite(session, given, actor=boss.actor)


def test_of_concurrent_uses_of_a_link_one_sets_the_password() -> None:
    link = invited()

    def accept(number: int) -> bool:
        try:
            sign_in.accept_link(
                link.token, NewPassword(password=f"password number {number}"), caller=CALLER
            )
        except LinkExpired:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = [number for number, has_won in enumerate(pool.map(accept, range(4))) if has_won]
    assert len(won) == 1
    signed_in = sign_in.try_sign_in(
        "new@example.com", f"password number {won[0]}", SessionKind.API, CALLER
    ).signed_in
    assert signed_in is not None


def test_only_a_hash_of_the_link_is_stored() -> None:
    link = invited()
    with transaction() as session:
        stored = session.scalars(select(AccountLink)).one()
    assert link.token.encode() not in stored.token_hash
    assert link.token not in str(vars(stored))


def test_a_reset_link_expires_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    boss, one = person(Role.SUPER_ADMIN), person()
    with transaction() as session:
        link = service.invite_again(session, one.actor.id, actor=boss.actor)
    then = clock.now() + timedelta(days=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: then)
    with pytest.raises(LinkExpired):
        sign_in.accept_link(link.token, CHOSEN, caller=CALLER)


def test_a_new_password_unlocks_the_account() -> None:
    link = invited()
    with transaction() as session:
        session.get_one(AdminUser, link.account.id).failed_logins = 4
    sign_in.accept_link(link.token, CHOSEN, caller=CALLER)
    with transaction() as session:
        assert session.get_one(AdminUser, link.account.id).failed_logins == 0


def test_setting_a_password_is_audited_without_the_password() -> None:
    link = invited()
    sign_in.accept_link(link.token, CHOSEN, caller=CALLER)
    with transaction() as session:
        row = session.scalars(select(CoreAudit).order_by(CoreAudit.id.desc())).first()
    assert row is not None
    assert (row.action, row.actor_name, row.targets) == (
        "account.set_password",
        "new@example.com",
        {"purpose": "invitation"},
    )
    assert (row.ip_address, row.user_agent) == (CALLER.ip_address, CALLER.user_agent)
    assert CHOSEN.password not in str(vars(row))
