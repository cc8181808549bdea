"""A cost that rose a few days ago is found before a whole week is dearer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.insights.cost_rises import CostRise, find_cost_rise
from core.insights.findings import recent_findings
from core.insights.schemas import Finding, WatchScope
from core.platform import clock
from core.presentation.periods import Watched, in_address, last_days
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person

TODAY = datetime(2026, 11, 18, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = [0.0, 0.0, *([1.0, 1.1, 0.9, 1.0, 1.2, 0.2, 0.1] * 3)]


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ([3.0, 2.9, 3.1], 3),
        ([3.0, 2.9, 3.1, 3.0, 3.2], 5),
        ([3.0, 2.9], None),  # two days may be the highest by chance
        ([3.0, 2.9, 1.2], None),
        ([1.3, 1.3, 1.3], None),  # too little to act on
        ([], None),
    ],
)
def test_the_last_days_that_each_cost_more_than_any_before_are_a_rise(
    last: list[float], days: int | None
) -> None:
    rise = find_cost_rise(USUAL + last)
    assert (rise.days if rise is not None else None) == days


def test_of_few_known_days_nothing_is_said() -> None:
    assert find_cost_rise([0.0] * 20 + [1.0] * 10 + [3.0] * 3) is None
    assert find_cost_rise([0.0] * 20 + [1.0] * 11 + [3.0] * 3) == CostRise(3, 3.0, 1.0)


def found() -> list[Finding]:
    scope = WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        return recent_findings(core, ai, scope, actor=person(Role.ADMIN).actor).items


def send_day(days_ago: int, *models: str) -> None:
    at = TODAY - days_ago * DAY
    costs = {"small": Decimal("0.10"), "large": Decimal("0.70")}
    send(*(request(at, model=model, cost_usd=costs[model]) for model in models))


@pytest.mark.usefixtures("database")
def test_a_rise_of_a_few_days_is_found_with_its_days_and_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: TODAY + timedelta(hours=15))
    for days_ago in range(1, 29):
        send_day(days_ago, "small", "large" if days_ago <= 3 else "small")
    [finding] = found()
    assert finding.title == "Cost increased"
    assert finding.detail == (
        "$0.80 per day since 15 Nov, at most $0.20 on any day before · mostly from large"
    )
    assert finding.query["start"] == in_address(TODAY - 3 * DAY)
    assert finding.query["end"] == in_address(TODAY + DAY)
