"""The intervals of charts fit their length, and follow the clocks of the reporting time zone."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.ai_metrics.queries import intervals
from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.presentation.periods import HALF_HOUR, HOUR, Period, midnight
from tests.core.ai_metrics.test_figures_over_time import BERLIN, CLOCKS_CHANGE, latency, times
from tests.factories.ai_metrics import START, fold, many, moment, request, send
from tests.factories.identity import person

LORD_HOWE = "Australia/Lord_Howe"
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def test_the_interval_follows_the_length_of_the_range() -> None:
    lengths = {
        0.5: Interval.HALF_HOUR,
        1: Interval.HOUR,
        2: Interval.HOUR,
        3: Interval.SIX_HOURS,
        7: Interval.SIX_HOURS,
        14: Interval.DAY,
        30: Interval.DAY,
        90: Interval.WEEK,
    }
    for days, wanted in lengths.items():
        assert intervals.chosen(Period(START, START + timedelta(days=days)), None) is wanted


def test_quarters_of_days_are_local_when_the_clocks_change(actor: Actor) -> None:
    requests = many(300, days=5)
    send(*requests, zone=BERLIN)
    fold(BERLIN)
    found = latency(AiMetricsQuery(CLOCKS_CHANGE), actor)
    local = [each.at.astimezone(ZoneInfo(BERLIN)) for each in found.series]
    assert found.interval is Interval.SIX_HOURS
    assert [each.hour for each in local] == [0, 6, 12, 18] * 3
    starts = [each.at for each in found.series]
    counts = Counter(
        max(start for start in starts if start <= each.created_at)
        for each in requests
        if times([each])
        and each.created_at
        and CLOCKS_CHANGE.start <= each.created_at < CLOCKS_CHANGE.end
    )
    assert {each.at: each.requests for each in found.series if each.requests} == counts


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-04-04T00:00+11:00", "2026-04-06T00:00+10:30", 49),
        ("2026-10-03T00:00+10:30", "2026-10-05T00:00+11:00", 48),
    ],
)
def test_hours_are_those_of_the_clock_when_it_changes_by_half_an_hour(
    start: str, end: str, hours: int, actor: Actor
) -> None:
    # On Lord Howe Island, a point without requests stood between every two hours
    period = Period(moment(start), moment(end), LORD_HOWE)
    halves = [
        period.start + number * HALF_HOUR
        for number in range(round((period.end - period.start) / HALF_HOUR))
    ]
    send(*(request(each, total_latency_ms=5) for each in halves), zone=LORD_HOWE)
    fold(LORD_HOWE)
    found = latency(AiMetricsQuery(period), actor, Interval.HOUR)
    assert [each.requests for each in found.series].count(0) == 0
    assert len(found.series) == hours
    assert sum(each.requests for each in found.series) == found.overall.requests == len(halves)
    starts = [each.at for each in found.series]
    counts = Counter(max(start for start in starts if start <= half) for half in halves)
    assert {each.at: each.requests for each in found.series} == counts


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize("interval", [Interval.DAY, Interval.SIX_HOURS, Interval.HOUR])
def test_the_hour_from_midnight_that_comes_twice_is_of_the_new_day(
    interval: Interval, *, is_folded: bool, actor: Actor
) -> None:
    night, azores = moment("2026-10-25T00:00+00:00"), "Atlantic/Azores"
    at = [night + number * HOUR for number in range(-1, 3)]
    send(*(request(each, total_latency_ms=5) for each in at), zone=azores)
    if is_folded:
        fold(azores)
    days = [midnight(date(2026, 10, day), azores) for day in (24, 25, 26)]
    for (start, end), requests in zip(pairwise(days), (1, 3), strict=True):
        asked = AiMetricsQuery(Period(start, end, azores))
        found = latency(asked, actor, interval)
        assert found.series[0].at == start
        assert all(each.at < end for each in found.series)
        assert sum(each.requests for each in found.series) == requests
        with transaction() as session:
            listed = request_lists.list_requests(session, asked, limit=9, actor=actor)
        assert found.overall.requests == len(listed) == requests


def test_up_to_62_days_a_day_is_a_point(actor: Actor) -> None:
    found = latency(AiMetricsQuery(Period(START, START + 62 * timedelta(days=1), "UTC")), actor)
    assert (found.interval, len(found.series)) == (Interval.DAY, 62)
