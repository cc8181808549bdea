"""When a release was first seen, through any channel and in any order of its rows."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import text

from core.activity.ingest import events as ingest
from core.activity.queries import releases
from core.activity.queries.releases import list_releases
from core.activity.schemas import NewEvent
from core.database import partitions
from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.insights.queries import filter_options
from core.insights.queries.filter_options import read_filter_options
from core.presentation.periods import Period, Watched
from tests.factories.activity import START, event
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONTH = Period(START - 10 * DAY, START + 20 * DAY)


def store(*events: NewEvent, import_id: UUID | None = None) -> None:
    partitions.create_for(
        "user_activity_events", [each.created_at for each in events if each.created_at is not None]
    )
    with transaction() as session:
        ingest.store(
            session,
            list(events),
            RowSource(environment="production", zone="UTC", import_id=import_id),
        )


def seen(at: datetime, release: str, **more: str) -> NewEvent:
    return event("page.view", at, release=release, session_id=release, **more)


def listed(period: Period = MONTH, watched: Watched | None = None) -> list[tuple[str, datetime]]:
    with transaction() as session:
        found = list_releases(
            session, period, watched or Watched(), actor=person(Role.ANALYST).actor
        )
    return [(each.release, each.first_seen_at) for each in found]


def test_the_first_one_of_an_app_is_where_its_data_begins() -> None:
    store(
        seen(START, "1.0", app="web"),
        seen(START + DAY, "1.1", app="web"),
        seen(START + DAY, "7", app="phone"),
    )
    assert listed() == [("1.1", START + DAY)]
    assert listed(watched=Watched(app="phone")) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_changes_nothing(order: tuple[int, ...]) -> None:
    rows = [seen(START, "1.0"), seen(START + DAY, "1.1"), seen(START + DAY + HOUR, "1.1")]
    for number in order:
        store(rows[number])
    assert listed() == [("1.1", START + DAY)]


def test_ai_requests_show_releases_too() -> None:
    store(seen(START, "1.0"))
    send(
        request(START + DAY, release="1.1"),
        request(START + 2 * DAY, release="1.0"),
        request(START + 3 * DAY),
    )
    assert listed() == [("1.1", START + DAY)]
    assert listed(Period(START + 2 * DAY, START + 9 * DAY)) == []
    assert listed(watched=Watched("staging")) == []


def test_the_newest_stay_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "MOST", 2)
    monkeypatch.setattr(filter_options, "MOST", 2)
    store(*(seen(START + number * DAY, name) for number, name in enumerate("dcba")))
    with transaction() as session:
        offered = read_filter_options(
            session, MONTH, "production", actor=person(Role.ANALYST).actor
        ).releases

    assert listed() == [("b", START + 2 * DAY), ("a", START + 3 * DAY)]
    assert offered == ["b", "a"]


def test_what_an_import_has_brought_goes_with_it() -> None:
    brought = UUID(int=7)
    store(seen(START, "1.0"), seen(START + 2 * DAY, "1.1"))
    store(seen(START + DAY, "1.1"), import_id=brought)
    assert listed() == [("1.1", START + DAY)]
    with transaction() as session:
        session.execute(text("delete from releases where import_id = :id"), {"id": brought})
    assert listed() == [("1.1", START + 2 * DAY)]


def test_who_may_not_watch_is_told_nothing() -> None:
    with transaction() as session, pytest.raises(Forbidden):
        list_releases(session, MONTH, Watched(), actor=person(Role.REVIEWER).actor)
