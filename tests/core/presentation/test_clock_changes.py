"""Charts by the hour over the night when clocks go back, and 02:00 comes twice."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.presentation.axes import local, moment_at
from core.presentation.periods import HOUR, midnight

NIGHTS = {
    "Europe/Berlin": date(2026, 10, 25),
    "America/New_York": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 4, 5),
}


def times(zone: str, step: timedelta) -> list[datetime]:
    start = midnight(NIGHTS[zone], zone)
    return [start + number * step for number in range(6 * HOUR // step)]


@pytest.mark.parametrize("step", [HOUR, HOUR / 2, HOUR / 6])
@pytest.mark.parametrize("zone", NIGHTS)
def test_each_interval_has_a_place_of_its_own_in_order(zone: str, step: timedelta) -> None:
    # The hour that clocks show twice was one bar of both
    places = local(times(zone, step), zone)
    assert len(set(places)) == len(places)
    assert sorted(places) == places


@pytest.mark.parametrize("step", [HOUR, HOUR / 2, HOUR / 6])
@pytest.mark.parametrize("zone", NIGHTS)
def test_a_click_on_a_place_finds_its_time(zone: str, step: timedelta) -> None:
    expected = times(zone, step)
    found = [moment_at(place, zone).astimezone(UTC) for place in local(expected, zone)]
    assert found == expected


def test_times_are_those_of_the_clock_where_it_shows_each_once() -> None:
    summer = datetime(2026, 7, 1, 12, 15, 30, tzinfo=UTC)
    spring = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # the hour from 02:00 is left out
    assert local([summer, spring], "Europe/Berlin") == [
        "2026-07-01 14:15:30",
        "2026-03-29 03:30:00",
    ]
    night = times("Europe/Berlin", HOUR)
    assert [place[11:16] for place in local(night, "Europe/Berlin")] == [
        "00:00",
        "01:00",
        "02:00",
        "02:30",
        "03:00",
        "04:00",
    ]
