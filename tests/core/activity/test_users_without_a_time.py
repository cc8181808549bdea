"""A user's row without a time of its own does not say when the user was seen, in any order."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.activity.ingest import users
from core.activity.schemas import NewUser
from core.database.db import transaction
from core.ingest.rows import RowSource
from tests.factories.activity import event, store

pytestmark = pytest.mark.usefixtures("database")

SOURCE = RowSource(environment="production", zone="UTC")
SEEN = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = SEEN + timedelta(days=2)


def describe(created_at: datetime | None = None) -> None:
    with transaction() as session:
        users.store(session, [NewUser(id="ada", created_at=created_at)], SOURCE)


def seen() -> tuple[datetime, ...]:
    with transaction() as session:
        return tuple(session.execute(text("select first_seen_at, last_seen_at from users")).one())


def test_a_user_was_seen_as_events_say_whether_described_before_or_after() -> None:
    describe()
    store([event("chat.open", SEEN, user_id="ada"), event("chat.close", LATER, user_id="ada")])
    assert seen() == (SEEN, LATER)
    describe()
    assert seen() == (SEEN, LATER)


def test_a_user_was_seen_as_later_rows_with_a_time_say() -> None:
    describe()
    describe(SEEN)
    assert seen() == (SEEN, SEEN)
    describe(LATER)
    assert seen() == (SEEN, LATER)
