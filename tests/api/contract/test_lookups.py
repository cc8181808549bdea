"""Callers are cached for a moment, and looked up again when they may have changed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from core.database.connections import engines
from core.database.db import transaction
from core.identity.errors import SessionExpired
from core.identity.models import AdminSession
from core.identity.schemas import AccountChange, Role
from core.identity.service import accounts as service
from core.identity.service import sessions
from core.platform import clock
from core.system import workspace
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def lookups() -> Iterator[list[str]]:
    """Return the statements about sessions and keys."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "admin_sessions" in statement or "api_keys" in statement:
            noted.append(statement)

    event.listen(engines.current().core, "before_cursor_execute", note)
    yield noted
    event.remove(engines.current().core, "before_cursor_execute", note)


def test_an_account_that_calls_often_is_looked_up_once_a_moment(
    client: Client, lookups: list[str]
) -> None:
    mine = client(person())
    lookups.clear()
    for _ in range(10):
        mine.get("/models").raise_for_status()
    assert len(lookups) < 10  # one in two seconds, however slow the machine


def test_a_change_of_role_holds_from_the_next_call_on(client: Client) -> None:
    boss, one = person(Role.SUPER_ADMIN), person(Role.ADMIN)
    mine = client(one)
    assert mine.get("/admin/auth/me").json()["role"] == Role.ADMIN
    with transaction() as session:
        service.change_account(
            session, one.actor.id, AccountChange(role=Role.ANALYST), actor=boss.actor
        )
    assert mine.get("/admin/auth/me").json()["role"] == Role.ANALYST


def test_a_changed_permission_of_analysts_applies_to_the_next_call() -> None:
    boss, one = person(Role.SUPER_ADMIN), person(Role.ANALYST)
    for may in (True, False):
        with transaction() as session:
            workspace.change(
                session, workspace.WorkspaceSettings(analysts_read_messages=may), actor=boss.actor
            )
        with transaction() as session:
            assert (
                sessions.authenticate(session, one.token, one.actor.caller).may_read_messages is may
            )


def test_a_session_that_is_known_still_ends_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    one = person()
    with transaction() as session:
        mine = update(AdminSession).where(AdminSession.id == one.actor.session_id)
        session.execute(mine.values(expires_at=clock.now() + timedelta(minutes=1)))
        sessions.authenticate_and_cache(session, one.token, one.actor.caller)
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(SessionExpired):
        sessions.authenticate_cached(one.token, one.actor.caller)


def test_a_key_that_sends_rows_is_looked_up_once(client: Client, lookups: list[str]) -> None:
    sender = client()
    sender.headers.update(bearing(api_key()))
    sender.post("/ingest/events", json={"event_type": "page.opened"}).raise_for_status()
    lookups.clear()
    for _ in range(5):
        sender.post("/ingest/events", json={"event_type": "page.opened"}).raise_for_status()
    assert len(lookups) <= 1
