"""Succeeded and failed requests have latencies of their own, and one axis that shows both."""

from datetime import timedelta

import pytest

from core.ai_metrics.breakdown_views import LatencyByOutcome
from core.ai_metrics.latency_charts import latency_over_time
from core.ai_metrics.queries.latency.latency_by_outcome import latency_by_outcome
from core.ai_metrics.views import AiMetricsQuery, Interval
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.presentation.drawing import Chart
from core.presentation.periods import Period
from tests.factories.ai_metrics import START, inside, many, near, rank, request, send
from tests.factories.identity import person
from tests.factories.palettes import PALETTE

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def found(actor: Actor, days: int = 2) -> LatencyByOutcome:
    asked = AiMetricsQuery(Period(START, START + days * DAY))
    with transaction() as session:
        return latency_by_outcome(session, asked, Interval.HOUR, actor=actor)


def traffic(*, timeouts: int) -> None:
    """Have 48 hours of answers in 1 to 2 s, and some timeouts of 60 s."""
    send(
        *(
            request(START + hour * HOUR, total_latency_ms=1000 + 20 * hour)
            for hour in range(48)
            for _ in range(5)
        ),
        *(
            request(
                START + (5 + hour) * HOUR,
                status="error",
                error_type="timeout",
                total_latency_ms=60_000,
            )
            for hour in range(timeouts)
        ),
    )


def drawn(actor: Actor, *, is_log: bool = False) -> Chart:
    return latency_over_time(PALETTE, found(actor), "UTC", is_log=is_log)


def test_both_equal_counting_by_hand(actor: Actor) -> None:
    requests = many(400)
    send(*requests)
    given = found(actor, days=5)
    kept = inside(requests, START, START + 5 * DAY)
    for status, whole, points in (
        ("ok", given.overall, given.succeeded),
        ("error", given.overall_failed, given.failed),
    ):
        times = [
            each.total_latency_ms
            for each in kept
            if each.status == status and each.total_latency_ms is not None
        ]
        assert (whole.requests, whole.p95) == (len(times), near(rank(times, 0.95)))
        assert sum(point.requests for point in points) == len(times)
        assert len(points) == 120


def test_the_axis_ends_at_the_p99_of_answers_and_counts_the_timeouts_above(actor: Actor) -> None:
    traffic(timeouts=3)
    chart = drawn(actor)
    low, high = chart.figure.layout.yaxis.range
    assert low == 0
    assert 1.9 < high < 2.3  # seconds: sixty would press all answers to the ground
    notes = " ".join(each.text for each in chart.figure.layout.annotations)
    assert "3 points above 1.9 s" in notes
    assert "Failed, p95" in notes  # what the red points are
    assert "3 failed requests apart, p95 60" in chart.alt
    failed = next(trace for trace in chart.figure.data if trace.name == "Failed, p95")
    assert max(value for value in failed.y if value is not None) < 0.9 * high  # below the note
    ends = [each.y for each in chart.figure.layout.annotations if each.yref != "paper"]
    assert max(ends) <= high


def test_without_timeouts_nothing_is_cut(actor: Actor) -> None:
    # Timeouts of 60 s had pressed all other latencies to the ground
    traffic(timeouts=0)
    chart = drawn(actor)
    assert "above" not in " ".join(each.text for each in chart.figure.layout.annotations)
    assert chart.figure.layout.yaxis.range[1] > 1.94


def test_a_logarithmic_axis_says_so_and_shows_all(actor: Actor) -> None:
    traffic(timeouts=3)
    chart = drawn(actor, is_log=True)
    axis = chart.figure.layout.yaxis
    assert (axis.type, axis.title.text) == ("log", "log scale")
    assert 10 ** axis.range[1] > 60
    assert "Logarithmic scale." in chart.alt


def test_of_nothing_it_is_drawn(actor: Actor) -> None:
    assert "n/a" in drawn(actor).alt
    assert drawn(actor, is_log=True).figure.layout.yaxis.type == "log"
