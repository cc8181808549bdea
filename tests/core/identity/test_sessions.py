"""An account's sessions: listed, ended one by one or all at once, and marked as used."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.database.db import transaction
from core.identity import queries
from core.identity.errors import SessionExpired, SessionMissing
from core.identity.models import AdminSession
from core.identity.schemas import SessionKind
from core.identity.service import sessions, sign_in
from core.platform import clock
from tests.factories.identity import CALLER, PASSWORD, Person, person

pytestmark = pytest.mark.usefixtures("database")


def sign(one: Person) -> str:
    signed_in = sign_in.try_sign_in(
        one.actor.email, PASSWORD, SessionKind.BROWSER, CALLER
    ).signed_in
    assert signed_in is not None
    return signed_in.token


def enter(token: str) -> Person:
    with transaction() as session:
        return Person(sessions.authenticate(session, token, CALLER), token)


def test_the_list_has_only_active_sessions_and_no_token() -> None:
    one = person()
    other = enter(sign(one))
    with transaction() as session:
        sessions.sign_out(session, actor=other.actor)
        listed = queries.list_sessions(session, one.actor.id)
    assert [row.id for row in listed] == [one.actor.session_id]
    assert "token" not in listed[0].model_dump()


def test_ending_one_session_leaves_the_others() -> None:
    one = person()
    other = enter(sign(one))
    assert other.actor.session_id is not None
    with transaction() as session:
        sessions.end_own_session(session, other.actor.session_id, actor=one.actor)
    with pytest.raises(SessionExpired):
        enter(other.token)
    enter(one.token)


def test_sessions_of_other_accounts_cannot_be_ended() -> None:
    one, other = person(), person()
    assert other.actor.session_id is not None
    with pytest.raises(SessionMissing), transaction() as session:
        sessions.end_own_session(session, other.actor.session_id, actor=one.actor)
    enter(other.token)


def test_signing_out_everywhere_ends_all_sessions_of_this_account_only() -> None:
    one, other = person(), person()
    elsewhere = sign(one)
    with transaction() as session:
        sessions.sign_out_everywhere(session, actor=one.actor)
    for token in (one.token, elsewhere):
        with pytest.raises(SessionExpired):
            enter(token)
    enter(other.token)


def test_the_last_use_of_a_session_is_stored_once_a_minute() -> None:
    one = person()

    def seen() -> object:
        with transaction() as session:
            return session.scalars(select(AdminSession.last_seen_at)).one()

    first = seen()
    enter(one.token)
    assert seen() == first
    with transaction() as session:
        session.execute(
            update(AdminSession).values(last_seen_at=clock.now() - timedelta(minutes=2))
        )
    enter(one.token)
    assert seen() != first


def test_using_a_session_does_not_extend_it() -> None:
    one = person()
    with transaction() as session:
        before = session.scalars(select(AdminSession.expires_at)).one()
    enter(one.token)
    with transaction() as session:
        assert session.scalars(select(AdminSession.expires_at)).one() == before
