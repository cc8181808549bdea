"""No session is born after everything was revoked: who was let in, or checked, a moment before gets none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from core.database.db import transaction
from core.identity import flows, passwords, queries, service, sessions
from core.identity.errors import SessionOver, WrongPassword
from core.identity.schemas import AccountChange, NewPassword, Role, SessionKind
from core.system import service as system
from tests.factories.identity import CALLER, PASSWORD, PASSWORD_HASH, Person, person

pytestmark = pytest.mark.usefixtures("database")

Deed = Callable[[Person, Person], None]
CHOSEN = NewPassword(password="another password of mine")


def sign_out_everywhere(one: Person, _boss: Person) -> None:
    with transaction() as session:
        service.sign_out_everywhere(session, actor=one.actor)


def change_password(one: Person, _boss: Person) -> None:
    with transaction() as session:
        service.change_password(session, PASSWORD_HASH + "!", actor=one.actor)


def reset(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.invite_again(session, one.actor.id, actor=boss.actor)


def disable(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.change_account(session, one.actor.id, AccountChange(is_active=False), actor=boss.actor)


def delete(one: Person, boss: Person) -> None:
    with transaction() as session:
        system.remove_account(session, one.actor.id, actor=boss.actor)


def repair(one: Person, _boss: Person) -> None:
    flows.new_super_admin(one.actor.email)


DEEDS = [sign_out_everywhere, change_password, reset, disable, delete, repair]


def elsewhere(one: Person) -> Person:
    signed_in = flows.try_to_sign_in(one.actor.email, PASSWORD, SessionKind.API, CALLER).signed_in
    assert signed_in is not None
    with transaction() as session:
        return Person(sessions.enter(session, signed_in.token, CALLER), signed_in.token)


def live(one: Person) -> int:
    with transaction() as session:
        return len(queries.list_sessions(session, one.actor.id))


def refresh(one: Person) -> bool:
    try:
        with transaction() as session:
            service.refresh(session, actor=one.actor)
    except SessionOver:
        return False
    return True


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_a_refresh_that_was_let_in_before_opens_nothing(deed: Deed) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    thief = elsewhere(one)
    deed(one, boss)
    before = live(one)
    assert not refresh(thief)
    assert live(one) == before


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.timeout(30)
def test_a_refresh_that_is_under_way_is_ended_too(deed: Deed) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    thief = elsewhere(one)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            signed_in = service.refresh(session, actor=thief.actor)
            done = pool.submit(deed, one, boss)
            with pytest.raises(TimeoutError):
                done.result(timeout=0.3)
        done.result()
    with pytest.raises(SessionOver), transaction() as session:
        sessions.enter(session, signed_in.token, CALLER)


@pytest.mark.parametrize("round_", range(4))
def test_two_refreshes_of_one_token_make_one_session(round_: int) -> None:
    one, together = person(), Barrier(2)

    def act(_number: int) -> bool:
        together.wait()
        return refresh(one)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, range(2))) == [False, True]
    assert live(one) == 1


@pytest.mark.parametrize("deed", [change_password, reset, disable, delete, repair], ids=lambda deed: deed.__name__)
def test_a_password_that_was_taken_away_while_it_was_checked_opens_nothing(deed: Deed, monkeypatch: pytest.MonkeyPatch) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    started, go_on = slow_check(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(flows.try_to_sign_in, one.actor.email, PASSWORD, SessionKind.API, CALLER)
        started.wait()
        deed(one, boss)
        before = live(one)
        go_on.set()
        assert trying.result().signed_in is None
    assert live(one) == before


def test_a_password_that_was_reset_while_it_was_checked_cannot_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    one, boss = person(), person(Role.SUPER_ADMIN)
    started, go_on = slow_check(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(flows.change_own_password, PASSWORD, CHOSEN, actor=one.actor)
        started.wait()
        reset(one, boss)
        go_on.set()
        with pytest.raises(WrongPassword):
            trying.result()
    assert flows.try_to_sign_in(one.actor.email, CHOSEN.password, SessionKind.API, CALLER).signed_in is None


def slow_check(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Have the next check of a password wait; return what says that it began, and what lets it end."""
    started, go_on, really = Event(), Event(), passwords.matches

    def slowly(password: str, password_hash: str | None) -> bool:
        right = really(password, password_hash)
        started.set()
        go_on.wait(10)
        return right

    monkeypatch.setattr(passwords, "matches", slowly)
    return started, go_on
