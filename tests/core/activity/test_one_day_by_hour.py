"""A period of one day is shown by hour: events by type, and starts of onboarding."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.activity.queries import events
from core.activity.queries.funnels import conversion_trend
from core.activity.queries.funnels.funnel import Funnel
from core.activity.schemas import EventTypeTrend
from core.database.db import transaction
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.presentation.periods import Period, Watched, midnight
from tests.factories import funnels
from tests.factories.activity import START, event, fold, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
ALL = Watched()
DAY = Period(midnight(START.date(), "UTC"), midnight(START.date() + timedelta(days=1), "UTC"))


@pytest.fixture
def actor() -> Actor:
    return person(Role.ANALYST).actor


@pytest.fixture(autouse=True)
def happened() -> None:
    """Events at 9:05, 9:50 and 11:20, the last of them an error."""
    store(
        [
            event("seen", START + timedelta(minutes=minutes), user_id="a", release="1")
            for minutes in (5, 50)
        ]
    )
    fold()
    store([event("seen", START + timedelta(minutes=140), user_id="a", error_code="E1")])


def read(actor: Actor, period: Period = DAY, watched: Watched = ALL) -> EventTypeTrend:
    with transaction() as session:
        [found] = events.event_type_trends(session, period, watched, actor=actor)
    return found


def by_hour(found: EventTypeTrend) -> dict[int, int]:
    return {
        start.hour: count
        for start, count in zip(found.starts, found.event_counts, strict=True)
        if count
    }


def test_events_of_one_day_are_counted_by_hour_from_rollups_and_what_waits(actor: Actor) -> None:
    found = read(actor)
    assert by_hour(found) == {9: 2, 11: 1}
    assert (found.events, found.errors, found.error_counts[11]) == (3, 1, 1)
    assert len(found.starts) == 24


def test_a_filter_and_odd_edges_are_counted_from_raw_rows(actor: Actor) -> None:
    assert by_hour(read(actor, watched=Watched(release="1"))) == {9: 2}
    odd = Period(START + timedelta(minutes=10), START + timedelta(minutes=200))
    assert [(start.hour, start.minute) for start in read(actor, odd).starts] == [
        (9, 10),
        (10, 0),
        (11, 0),
        (12, 0),
    ]
    assert by_hour(read(actor, odd)) == {9: 1, 11: 1}


def test_two_days_are_counted_by_day(actor: Actor) -> None:
    found = read(actor, Period(DAY.start, DAY.end + timedelta(days=1)))
    assert [
        (start.date(), count) for start, count in zip(found.starts, found.event_counts, strict=True)
    ] == [
        (START.date(), 3),
        (START.date() + timedelta(days=1), 0),
    ]


def test_those_who_began_today_are_shown_by_hour_only_where_a_page_asks(actor: Actor) -> None:
    store([event("onboarding.register_start", START + timedelta(hours=2), user_id="b")])
    with transaction() as session:
        hours = conversion_trend.read_conversion_trend(
            session, DAY, Watched(), by_hour=True, actor=actor
        ).days
        days = conversion_trend.read_conversion_trend(session, DAY, Watched(), actor=actor).days
    assert {hour.starts_at.hour for hour in hours if hour.users} == {11}
    assert [day.date for day in days] == [START.date()]
    assert len(hours) == 24


@pytest.mark.parametrize("wanted", [None, funnels.read(None, 2)])
@pytest.mark.parametrize("by_hour", [True, False])
def test_those_who_begin_later_than_now_are_not_counted_in_the_last_hour_or_day(
    wanted: Funnel | None, by_hour: bool, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rows may be dated up to 24 hours ahead
    for hours, name in ((1, "begun"), (14 if by_hour else 20, "ahead")):
        store([event("onboarding.register_start", START + timedelta(hours=hours), user_id=name)])
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(hours=1, minutes=30))
    period = DAY if by_hour else Period(DAY.start, DAY.end + timedelta(days=1))
    with transaction() as session:
        found = conversion_trend.read_conversion_trend(
            session, period, Watched(), wanted, by_hour=by_hour, actor=actor
        )
    assert (found.days[-1].starts_at.date(), found.days[-1].users) == (START.date(), 1)


def test_of_a_day_that_is_not_over_no_hour_is_still_to_come() -> None:
    noon = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
    today = Period(midnight(date(2026, 3, 1), "UTC"), midnight(date(2026, 3, 2), "UTC"))
    assert today.hours_by(noon)[-1] == noon.replace(minute=0)
    assert today.hours_by(today.start) == [today.start]
