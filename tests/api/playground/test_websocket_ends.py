"""Websockets end at once in every tab when the permission to follow ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from api.access import revocation
from core.database import bus
from core.database.connections import engines
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import Unavailable
from core.executions.runner import Runner
from core.identity.models import AdminSession, AdminUser
from core.identity.schemas import AccountChange, Role, SessionKind
from core.identity.service import accounts as service
from core.identity.service import sessions
from core.platform import clock
from tests.api.conftest import Client
from tests.api.feeds import close_code, following, following_by_cookie, heard, heard_until
from tests.factories.identity import Person, person
from tests.factories.playground import answered, said
from tests.faults.program import until

Deed = Callable[[Person, Person], None]


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


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


def demote(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(role=Role.ANALYST), actor=boss.actor
        )


def reset(one: Person, boss: Person) -> None:
    with transaction() as session:
        service.invite_again(session, one.actor.id, actor=boss.actor)


DEEDS = [sign_out, sign_out_everywhere, disable, demote, reset]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.parametrize("kind", list(SessionKind))
def test_it_closes_with_4401(address: str, runner: Runner, deed: Deed, kind: SessionKind) -> None:
    boss, one = person(Role.SUPER_ADMIN), person(kind=kind)
    session_id = answered(one.actor).session_id
    follow = following if kind is SessionKind.API else following_by_cookie
    with follow(address, session_id, one) as socket:
        heard(socket)
        deed(one, boss)
        assert close_code(socket) == 4401


def test_a_ticket_ends_with_the_session_it_was_made_in(
    address: str, one: Person, client: Client
) -> None:
    session_id = answered(one.actor).session_id
    used, unused = (
        client(one).post("/admin/playground/ws-ticket").json()["ticket"] for _ in range(2)
    )
    with following(address, session_id, None, ticket=used) as socket:
        heard(socket)
        sign_out(one, one)
        assert close_code(socket) == 4401
    with pytest.raises(Exception, match="403"), following(address, session_id, None, ticket=unused):
        pass


def test_a_ticket_is_good_for_half_a_minute(
    address: str, one: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clock.now() - timedelta(seconds=31)
    with monkeypatch.context() as past:
        past.setattr(clock, "now", lambda: before)
        ticket = client(one).post("/admin/playground/ws-ticket").json().get("ticket")
    with (
        pytest.raises(Exception, match="403"),
        following(address, answered(one.actor).session_id, None, ticket=ticket),
    ):
        pass


def test_not_another_word_of_an_answer_that_is_being_written(address: str, one: Person) -> None:
    sent = said(one.actor, model="fake:steady")
    with following(address, sent.session_id, one) as socket:
        heard_until(socket, "playground_token")
        sign_out(one, one)
        assert close_code(socket) == 4401


def test_another_session_of_the_same_account_goes_on(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    other = Person(one.actor, _second_token(one))
    with following(address, session_id, other) as socket:
        heard(socket)
        sign_out(one, one)
        said(one.actor, session_id=session_id)
        assert heard_until(socket, "playground_response")[-1]["status"] == "completed"


def _second_token(one: Person) -> str:
    with transaction() as session:
        return sessions._open(  # noqa: SLF001  a second sign-in, without its password
            session, session.get_one(AdminUser, one.actor.id), SessionKind.API, one.actor.caller
        ).token


def test_one_that_runs_out_is_noticed_though_nobody_tells(
    address: str, one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "CHECK_INTERVAL_S", 0.2)
    with following(address, answered(one.actor).session_id, one) as socket:
        heard(socket)
        with transaction() as session:
            session.execute(
                update(AdminSession).values(expires_at=clock.now() - timedelta(seconds=1))
            )
        assert close_code(socket) == 4401


def test_so_it_is_while_an_answer_keeps_the_feed_awake(
    address: str, one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "CHECK_INTERVAL_S", 0.3)
    sent = said(one.actor, model="fake:steady")
    with following(address, sent.session_id, one) as socket:
        heard_until(socket, "playground_token")
        with transaction() as session:
            session.execute(
                update(AdminSession).values(expires_at=clock.now() - timedelta(seconds=1))
            )
        assert close_code(socket) == 4401


def test_a_hint_that_was_lost_is_made_good_when_the_bus_is_back(address: str, one: Person) -> None:
    with following(address, answered(one.actor).session_id, one) as socket:
        heard(socket)
        with transaction() as session:
            session.execute(update(AdminSession).values(revoked_at=clock.now()))
        bus._deliver_look_again()  # noqa: SLF001  what the bus says after a cut
        assert close_code(socket) == 4401


def test_a_database_that_is_away_for_a_moment_neither_ends_it_nor_hides_an_ending(
    address: str, one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, tries = revocation.is_still_allowed, []

    def away_at_first(actor: object) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise Unavailable
        return really(actor)  # type: ignore[arg-type]  # an actor

    monkeypatch.setattr(revocation, "is_still_allowed", away_at_first)
    with following(address, answered(one.actor).session_id, one) as socket:
        heard(socket)
        sign_out(one, one)
        assert close_code(socket) == 4401
    assert len(tries) == 2


def test_a_feed_lives_through_a_cut_of_every_connection(
    address: str, one: Person, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Connections that worked a moment ago are believed otherwise
    monkeypatch.setattr(engines, "RESTED_LONG_S", 0.0)
    session_id = answered(one.actor).session_id
    with following(address, session_id, one) as socket:
        heard(socket)
        with transaction() as session:
            mine = "pid <> pg_backend_pid() and datname = current_database()"
            session.execute(
                text(f"select pg_terminate_backend(pid) from pg_stat_activity where {mine}")
            )
        said(one.actor, session_id=session_id)
        assert heard_until(socket, "playground_response")[-1]["status"] == "completed"


def test_nothing_is_left_listening_afterwards(address: str, one: Person) -> None:
    session_id = answered(one.actor).session_id
    topic = f"playground {session_id}"
    with following(address, session_id, one) as socket:
        heard(socket)
        assert topic in bus._listeners  # noqa: SLF001  who listens
    until(lambda: topic not in bus._listeners, 10)  # noqa: SLF001
