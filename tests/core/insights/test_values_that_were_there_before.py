"""What was there before a change, as good as all, is not named as where the change comes from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.ai_metrics.breakdown_views import BreakdownDimension, BreakdownMeasure
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.identity.schemas import Role
from core.insights.causes import cause_of_change
from core.platform import clock
from core.presentation.periods import Watched, last_days
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 18, 15, 7, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
CHANGED = 3  # days ago
Versions = Callable[[int, int], int]  # the version of a request, of its days ago and number
ERRORS, COST, LATENCY = (
    BreakdownMeasure.ERROR_RATE,
    BreakdownMeasure.COST,
    BreakdownMeasure.LATENCY,
)


@pytest.fixture(autouse=True)
def afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def days_before(version: Versions, *, is_bad: Callable[[int, int], bool]) -> None:
    """Have two weeks of 30 requests a day, of which bad ones fail often, are slow and dear."""
    for ago in range(14):
        rows = []
        for number in range(30):
            bad = is_bad(ago, version(ago, number))
            rows.append(
                request(
                    TODAY - ago * timedelta(days=1) + number * timedelta(minutes=25),
                    status="error" if number % (3 if bad else 15) == 0 else "ok",
                    cost_usd=Decimal("0.09" if bad else "0.01"),
                    total_latency_ms=9000 if bad else 900,
                    prompt_name="support",
                    prompt_version=str(version(ago, number)),
                )
            )
        send(*rows)
    fold()


def named(measure: BreakdownMeasure) -> list[str]:
    query = AiMetricsQuery(last_days(7, zone="UTC"), Watched())
    with transaction() as session:
        cause = cause_of_change(session, query, measure, actor=person(Role.ADMIN).actor)
    found = cause.contributions
    return [each.value for each in found if each.dimension is BreakdownDimension.PROMPT_VERSION]


@pytest.mark.parametrize("measure", [ERRORS, COST, LATENCY])
@pytest.mark.parametrize("replaced", [6, 5])
def test_a_version_that_was_healthy_before_is_not_named(
    measure: BreakdownMeasure, replaced: int
) -> None:
    # It had replaced another, so that all of a later change seemed to be its own
    days_before(lambda ago, _: 2 if ago < replaced else 1, is_bad=lambda ago, _: ago < CHANGED)
    assert named(measure) == []


@pytest.mark.parametrize("measure", [ERRORS, COST, LATENCY])
def test_a_version_that_came_with_the_change_is_named(measure: BreakdownMeasure) -> None:
    days_before(lambda ago, _: 2 if ago < CHANGED else 1, is_bad=lambda _, version: version == 2)
    assert named(measure) == ["support@2"]


@pytest.mark.parametrize("measure", [ERRORS, COST])
def test_a_version_that_was_bad_while_few_had_it_is_named(measure: BreakdownMeasure) -> None:
    days_before(
        lambda ago, number: 2 if ago < CHANGED or (ago < 8 and number % 7 == 0) else 1,
        is_bad=lambda _, version: version == 2,
    )
    assert named(measure) == ["support@2"]


@pytest.mark.parametrize("measure", [ERRORS, COST, LATENCY])
def test_a_version_that_turns_bad_beside_one_that_does_not_is_named(
    measure: BreakdownMeasure,
) -> None:
    days_before(
        lambda ago, number: 2 if ago < 6 and number % 2 else 1,
        is_bad=lambda ago, version: version == 2 and ago < CHANGED,
    )
    assert named(measure) == ["support@2"]


@pytest.mark.parametrize("measure", [ERRORS, COST])
def test_a_version_is_not_named_where_the_others_turn_bad_as_well(
    measure: BreakdownMeasure,
) -> None:
    days_before(
        lambda ago, number: 2 if ago < 6 and number % 2 else 1, is_bad=lambda ago, _: ago < CHANGED
    )
    assert named(measure) == []
