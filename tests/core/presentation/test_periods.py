"""Periods: half-open, in days of the reporting time zone, with the previous period."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.ingest.rows import key_of
from core.platform import clock
from core.presentation import periods
from core.presentation.periods import (
    DAY,
    Period,
    RangeRefused,
    Watched,
    day_of,
    last_days,
    midnight,
    read_range,
)

BERLIN, NEW_YORK, CALCUTTA, HAVANA, SANTIAGO, LORD_HOWE = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "America/Havana",
    "America/Santiago",
    "Australia/Lord_Howe",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: at("2026-03-30T12:00+00:00"))


def test_without_a_word_it_is_the_last_thirty_days_with_today() -> None:
    found = read_range(None, None, None, zone="UTC")
    assert (found.start, found.end) == (at("2026-03-01T00:00+00:00"), at("2026-03-31T00:00+00:00"))
    assert len(found.days) == 30


@pytest.mark.parametrize(
    ("zone", "days", "start", "end"),
    [
        ("UTC", 1, "2026-03-30T00:00+00:00", "2026-03-31T00:00+00:00"),
        (BERLIN, 1, "2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00"),
        (BERLIN, 2, "2026-03-29T00:00+01:00", "2026-03-31T00:00+02:00"),  # the 29th has 23 hours
        (CALCUTTA, 1, "2026-03-30T00:00+05:30", "2026-03-31T00:00+05:30"),
    ],
)
def test_days_are_those_of_the_zone(zone: str, days: int, start: str, end: str) -> None:
    assert read_range(None, None, days, zone=zone) == Period(at(start), at(end), zone)


def test_a_zone_that_is_already_in_tomorrow_has_another_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: at("2026-03-30T20:00+00:00"))
    assert last_days(1, zone=CALCUTTA).days == [date(2026, 3, 31)]
    assert last_days(1, zone=NEW_YORK).days == [date(2026, 3, 30)]


def test_the_period_before_whole_days_has_as_many_days_however_long_they_were() -> None:
    before = last_days(2, zone=BERLIN).previous
    assert (before.start, before.end) == (
        at("2026-03-27T00:00+01:00"),
        at("2026-03-29T00:00+01:00"),
    )
    assert last_days(1, zone=BERLIN).previous.end - last_days(
        1, zone=BERLIN
    ).previous.start == timedelta(hours=23)


def test_the_period_before_any_other_range_is_as_long() -> None:
    found = Period(at("2026-03-10T10:30+00:00"), at("2026-03-10T11:00+00:00"))
    assert found.previous == Period(at("2026-03-10T10:00+00:00"), at("2026-03-10T10:30+00:00"))


def test_the_whole_days_of_a_ragged_range() -> None:
    ragged = Period(at("2026-03-10T10:07+00:00"), at("2026-03-13T09:00+00:00"))
    assert ragged.whole_days == Period(at("2026-03-11T00:00+00:00"), at("2026-03-13T00:00+00:00"))
    assert Period(at("2026-03-10T10:00+00:00"), at("2026-03-11T10:00+00:00")).whole_days is None
    assert not ragged.is_whole_days


def test_a_date_is_its_midnight_and_a_time_is_taken_as_it_is() -> None:
    found = read_range(date(2026, 3, 1), at("2026-03-02T07:45+02:00"), None, zone=BERLIN)
    assert (found.start, found.end) == (at("2026-03-01T00:00+01:00"), at("2026-03-02T05:45+00:00"))


def test_without_an_end_it_goes_to_the_end_of_today_and_without_a_start_it_has_thirty_days() -> (
    None
):
    assert read_range(date(2026, 3, 30), None, None, zone="UTC") == last_days(1, zone="UTC")
    assert read_range(None, date(2026, 3, 31), None, zone="UTC") == last_days(30, zone="UTC")


def test_thirty_days_before_a_date_are_days_of_the_calendar_where_clocks_change() -> None:
    found = read_range(None, date(2026, 4, 10), None, zone=BERLIN)
    assert (found.start, found.is_whole_days, len(found.days)) == (
        at("2026-03-11T00:00+01:00"),
        True,
        30,
    )
    by_the_hour = read_range(None, at("2026-04-10T12:00+02:00"), None, zone=BERLIN)
    assert by_the_hour.end - by_the_hour.start == timedelta(days=30)


def test_days_that_are_over_stand_beside_as_many_before() -> None:
    week = last_days(7, zone=BERLIN)
    ours, theirs = week.beside(clock.now()) or (week, week)
    assert (ours.days, theirs.days) == (
        week.days[:-1],
        [day - timedelta(days=7) for day in week.days[:-1]],
    )
    assert ours.is_whole_days
    assert theirs.is_whole_days
    assert last_days(1, zone=BERLIN).beside(clock.now()) is None


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), None),
        (date(2026, 3, 1), date(2026, 3, 1), None),
        (date(2026, 3, 1), None, 3),
        (None, None, 0),
        (None, None, 4000),
        (date(2001, 1, 1), date(2026, 1, 1), None),
        (date(1, 1, 1), date(1, 1, 2), None),
        (None, date(9999, 12, 31), None),
        (datetime(2026, 3, 1), None, None),  # noqa: DTZ001  that is what is refused
        (date(2026, 4, 2), None, None),
    ],
)
def test_other_ranges_are_refused(
    start: periods.Edge | None, end: periods.Edge | None, days: int | None
) -> None:
    with pytest.raises(RangeRefused):
        read_range(start, end, days, zone="UTC")


def test_where_clocks_change_at_midnight_a_day_begins_with_its_first_moment() -> None:
    assert midnight(date(2026, 3, 8), HAVANA) == at("2026-03-08T05:00+00:00")
    assert midnight(date(2026, 11, 1), HAVANA) == at("2026-11-01T04:00+00:00")
    assert midnight(date(2026, 9, 6), SANTIAGO) == at("2026-09-06T04:00+00:00")
    assert midnight(date(2026, 4, 5), SANTIAGO) == at("2026-04-05T04:00+00:00")
    for day in (date(2026, 11, 1), date(2026, 3, 8)):
        first = midnight(day, HAVANA)
        assert day_of(first, HAVANA) == day
        assert day_of(first - timedelta(microseconds=1), HAVANA) == day - timedelta(days=1)


def test_hours_of_a_day_are_those_of_the_clock_when_it_changes_by_half_an_hour() -> None:
    # On Lord Howe Island, all hours after the change began at half past
    for day, count in ((date(2026, 4, 5), 25), (date(2026, 10, 4), 24)):
        whole = Period(midnight(day, LORD_HOWE), midnight(day + DAY, LORD_HOWE), LORD_HOWE)
        hours = whole.hours_by(whole.end)
        minutes = [hour.astimezone(ZoneInfo(LORD_HOWE)).minute for hour in hours]
        assert (len(hours), sum(minutes)) == (count, 30)


def test_a_user_is_named_by_either_id() -> None:
    ours = key_of("user", "u-1")
    assert Watched(user_id="u-1").users == (ours,)
    assert ours in (Watched(user_id=str(ours)).users or ())
    assert Watched().users is None


def test_filters_of_none_are_those_of_rows_and_named_so_in_links() -> None:
    watched = Watched("test", app="(none)", release="2")
    assert (watched.app, watched.release) == ("", "2")
    assert watched.parameters == {"environment": "test", "app": "(none)", "release": "2"}
    assert Watched(app=watched.app, release=watched.release) == Watched("production", "", "2")
