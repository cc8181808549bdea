"""The intervals of charts fit their length, and follow the clocks of the reporting time zone."""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.ai_metrics.queries import intervals
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.presentation.periods import Period
from tests.core.ai_metrics.test_figures_over_time import BERLIN, CLOCKS_CHANGE, latency, times
from tests.factories.ai_metrics import START, fold, many, send
from tests.factories.identity import person

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


def test_up_to_62_days_a_day_is_a_point(actor: Actor) -> None:
    found = latency(AiMetricsQuery(Period(START, START + 62 * timedelta(days=1), "UTC")), actor)
    assert (found.interval, len(found.series)) == (Interval.DAY, 62)
