"""How many messages a reviewer has completed since midnight."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.annotations.queries import review_items
from core.database import settings
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.platform import clock
from tests.factories.annotations import waiting
from tests.factories.identity import person

AZORES_MIDNIGHT = datetime(2026, 10, 25, tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_reviews_of_the_hour_from_midnight_that_comes_twice_are_of_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In the Azores, clocks go back from 01:00 to midnight on this day
    now = AZORES_MIDNIGHT + timedelta(minutes=90)
    monkeypatch.setattr(clock, "now", lambda: now)
    waiting(1)
    mine = person(Role.REVIEWER).actor
    with transaction() as core, transaction(Database.AI) as ai:
        zone = settings.Workspace(reporting_time_zone="Atlantic/Azores")
        settings.write(core, zone, by=None)
        ai.execute(
            text("""
            insert into review_passes (item_id, account_id, outcome, at)
            select id, :account, 'done', :at from review_items"""),
            {"account": mine.id, "at": AZORES_MIDNIGHT + timedelta(minutes=10)},
        )
    with transaction() as core, transaction(Database.AI) as ai:
        assert review_items.counters(core, ai, actor=mine).mine_today == 1
