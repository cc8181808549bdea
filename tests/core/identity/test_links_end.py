"""Setting a password or ending sessions invalidates the account's links."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from core.database.db import transaction
from core.identity import queries
from core.identity.errors import LinkExpired
from core.identity.models import AccountLink
from core.identity.schemas import AccountChange, LinkPurpose, NewAccount, NewPassword, Role
from core.identity.service import accounts as service
from core.identity.service import first_account, password_links, sessions, sign_in
from core.platform import clock, crypto
from tests.factories.identity import CALLER, PASSWORD, PASSWORD_HASH, Person, person

pytestmark = pytest.mark.usefixtures("database")

Change = Callable[[Session, Person, Person], object]
CHANGES: dict[str, Change] = {
    "disable": lambda session, one, boss: service.change_account(
        session, one.actor.id, AccountChange(is_active=False), actor=boss.actor
    ),
    "reset": lambda session, one, boss: service.invite_again(
        session, one.actor.id, actor=boss.actor
    ),
    "sign out everywhere": lambda session, one, _boss: sessions.sign_out_everywhere(
        session, actor=one.actor
    ),
    "sign out": lambda session, one, _boss: sessions.sign_out(session, actor=one.actor),
    "end a session": lambda session, one, _boss: sessions.end_own_session(
        session,
        one.actor.session_id,  # type: ignore[arg-type]  # it has one
        actor=one.actor,
    ),
    "change the password": lambda session, one, _boss: service.change_password(
        session, PASSWORD_HASH, actor=one.actor
    ),
    "refresh": lambda session, one, _boss: sessions.refresh(session, actor=one.actor),
}


def link_of(one: Person) -> str:
    """Return a link of an account that has a password, such as an invitation after `make admin`."""
    token = crypto.new_token()
    with transaction() as session:
        link = AccountLink(
            admin_user_id=one.actor.id,
            purpose=LinkPurpose.INVITATION,
            token_hash=crypto.fingerprint(token),
            expires_at=clock.now() + password_links.LIFETIME[LinkPurpose.INVITATION],
        )
        session.add(link)
    return token


def is_open(token: str) -> bool:
    with transaction() as session:
        return queries.find_link(session, crypto.fingerprint(token)) is not None


def test_make_admin_invalidates_an_invitation_that_was_made_before() -> None:
    boss = person(Role.SUPER_ADMIN)
    with transaction() as session:
        given = NewAccount(email="new@example.com", full_name="New", role=Role.ANALYST)
        link = service.invite(session, given, actor=boss.actor)
    first_account.reset_super_admin("new@example.com")
    with pytest.raises(LinkExpired):
        sign_in.accept_link(link.token, NewPassword(password="a password of my own"), caller=CALLER)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_of_password_or_sessions_invalidates_every_link(change: Change) -> None:
    boss, one = person(Role.SUPER_ADMIN), person()
    token = link_of(one)
    assert is_open(token)
    with transaction() as session:
        change(session, one, boss)
    assert not is_open(token)


def test_accepting_one_link_invalidates_the_others() -> None:
    one = person()
    used, other = link_of(one), link_of(one)
    sign_in.accept_link(used, NewPassword(password="a password of my own"), caller=CALLER)
    assert not is_open(other)


def test_the_password_of_a_link_ends_the_sessions_of_the_one_before() -> None:
    one = person()
    sign_in.accept_link(link_of(one), NewPassword(password="a password of my own"), caller=CALLER)
    with transaction() as session:
        assert queries.find_actor(session, crypto.fingerprint(one.token), CALLER) is None


def test_a_changed_password_through_the_settings_invalidates_links() -> None:
    one = person()
    token = link_of(one)
    sign_in.change_own_password(PASSWORD, NewPassword(password="another password"), actor=one.actor)
    assert not is_open(token)
