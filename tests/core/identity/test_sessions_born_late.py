"""A sign-in that was checked before all sessions were revoked opens no session."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from core.database.db import transaction
from core.identity import passwords, queries
from core.identity.errors import SessionExpired, WrongPassword
from core.identity.schemas import AccountChange, NewPassword, Role, SessionKind
from core.identity.service import accounts as service
from core.identity.service import first_account, sessions, sign_in
from core.system.service import account_removal as system
from tests.factories.identity import CALLER, PASSWORD, PASSWORD_HASH, Person, person

pytestmark = pytest.mark.usefixtures("database")

Deed = Callable[[Person, Person], None]
CHOSEN = NewPassword(password="another password of mine")


def sign_out_everywhere(one: Person, _boss: Person) -> None:
    with transaction() as session:
        sessions.sign_out_everywhere(session, actor=one.actor)


def change_password(one: Person, _boss: Person) -> None:
    with transaction() as session:
        service.change_password(session, PASSWORD_HASH + "!", actor=one.actor)


def reset(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.invite_again(session, one.actor.id, actor=boss.actor)


def disable(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(is_active=False), actor=boss.actor
        )


def delete(one: Person, boss: Person) -> None:
    with transaction() as session:
        system.remove_account(session, one.actor.id, actor=boss.actor)


def repair(one: Person, _boss: Person) -> None:
    first_account.reset_super_admin(one.actor.email)


DEEDS = [sign_out_everywhere, change_password, reset, disable, delete, repair]


def elsewhere(one: Person) -> Person:
    signed_in = sign_in.try_sign_in(one.actor.email, PASSWORD, SessionKind.API, CALLER).signed_in
    assert signed_in is not None
    with transaction() as session:
        return Person(sessions.authenticate(session, signed_in.token, CALLER), signed_in.token)


def live(one: Person) -> int:
    with transaction() as session:
        return len(queries.list_sessions(session, one.actor.id))


def refresh(one: Person) -> bool:
    try:
        with transaction() as session:
            sessions.refresh(session, actor=one.actor)
    except SessionExpired:
        return False
    return True


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_a_refresh_authenticated_before_the_revocation_opens_no_session(deed: Deed) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    thief = elsewhere(one)
    deed(one, boss)
    before = live(one)
    assert not refresh(thief)
    assert live(one) == before


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.timeout(120)
def test_the_session_of_a_refresh_in_progress_is_ended_too(deed: Deed) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    thief = elsewhere(one)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            signed_in = sessions.refresh(session, actor=thief.actor)
            done = pool.submit(deed, one, boss)
            with pytest.raises(TimeoutError):
                done.result(timeout=0.3)
        done.result()
    with pytest.raises(SessionExpired), transaction() as session:
        sessions.authenticate(session, signed_in.token, CALLER)


@pytest.mark.parametrize("round_", range(4))
def test_two_refreshes_of_one_token_make_one_session(round_: int) -> None:
    one, together = person(), Barrier(2)

    def act(_number: int) -> bool:
        together.wait()
        return refresh(one)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, range(2))) == [False, True]
    assert live(one) == 1


@pytest.mark.parametrize(
    "deed", [change_password, reset, disable, delete, repair], ids=lambda deed: deed.__name__
)
def test_a_password_removed_during_its_check_opens_no_session(
    deed: Deed, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    started, go_on = slow_check(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(
            sign_in.try_sign_in, one.actor.email, PASSWORD, SessionKind.API, CALLER
        )
        started.wait()
        deed(one, boss)
        before = live(one)
        go_on.set()
        assert trying.result().signed_in is None
    assert live(one) == before


def test_a_password_that_was_reset_while_it_was_checked_cannot_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    started, go_on = slow_check(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(sign_in.change_own_password, PASSWORD, CHOSEN, actor=one.actor)
        started.wait()
        reset(one, boss)
        go_on.set()
        with pytest.raises(WrongPassword):
            trying.result()
    assert (
        sign_in.try_sign_in(one.actor.email, CHOSEN.password, SessionKind.API, CALLER).signed_in
        is None
    )


def slow_check(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Block the next password check; return the events that it has begun, and that lets it end."""
    started, go_on, really = Event(), Event(), passwords.matches

    def slowly(password: str, password_hash: str | None) -> bool:
        right = really(password, password_hash)
        started.set()
        go_on.wait(60)
        return right

    monkeypatch.setattr(passwords, "matches", slowly)
    return started, go_on
