"""The upgrade to rollups by release counts raw rows again, and keeps what was counted of deleted
ones.
"""

import importlib
from datetime import UTC, datetime

from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.embedded.postgres import Postgres
from tests.factories import activity
from tests.factories.activity import START, event, minutes

UPGRADE = importlib.import_module("migrations.core.versions.0078_releases_of_events")
LOSE_RELEASES = (
    "update event_rollups set release = 'earlier ' || release",
    "update event_deltas set release = 'earlier ' || release",
)


def store_two_days(first: int = 0) -> None:
    """Store events of two releases and two days, from a number on."""
    activity.store(
        event("chat.message", minutes(11 * number), release="2.0" if number > 150 else "1.0")
        for number in range(first, 260)
    )


def upgrade() -> None:
    """Forget releases as an earlier program did not know them, and upgrade."""
    with transaction() as session:
        for statement in LOSE_RELEASES:
            session.execute(text(statement))
        UPGRADE.recount(session.connection())


def test_rollups_of_an_earlier_program_are_counted_again_by_release(database: Postgres) -> None:
    store_two_days()
    activity.fold()
    counted = activity.derived()["rollups"]
    upgrade()
    assert activity.derived()["rollups"] == counted
    assert {row[5] for row in counted} == {"1.0", "2.0"}


def test_what_waits_to_be_folded_during_the_upgrade_counts_once(database: Postgres) -> None:
    store_two_days(first=100)
    activity.fold()
    store_two_days()
    upgrade()
    found = activity.derived()["rollups"]
    activity.fold()
    assert activity.derived()["rollups"] == found
    assert sum(row[6] for row in found if row[0] == "day") == 260


def test_counts_of_deleted_rows_outlive_the_upgrade(database: Postgres) -> None:
    store_two_days()
    activity.fold()
    sealed = datetime(START.year, START.month, START.day + 1, tzinfo=UTC)
    with transaction() as session:
        settings.amend(session, settings.Sealed(user_activity_events=sealed), by=None)
        session.execute(
            text("delete from user_activity_events where created_at < :sealed"), {"sealed": sealed}
        )
    upgrade()
    rows = activity.derived()["rollups"]
    assert sum(row[6] for row in rows if row[0] == "day") == 260
    assert {row[5] for row in rows if row[1] >= sealed} == {"1.0", "2.0"}
