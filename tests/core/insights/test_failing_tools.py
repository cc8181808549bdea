"""A tool that began to fail this week is found, though most of its month was without failures."""

from datetime import UTC, datetime, timedelta

import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.insights.findings import recent_findings
from core.insights.schemas import Finding, WatchScope
from core.platform import clock
from core.presentation.periods import Watched, in_address, last_days
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
TODAY = datetime(2026, 11, 18, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: TODAY + timedelta(hours=15))


def called(days_ago: int, *, failed: int) -> None:
    """Store the 20 calls of a day, so many of which failed."""
    at = TODAY - days_ago * DAY
    calls = [{"name": "refund"} | ({"error": "timeout"} if n < failed else {}) for n in range(20)]
    send(
        *(request(at + n * timedelta(minutes=9), tool_calls=[call]) for n, call in enumerate(calls))
    )


def found() -> list[Finding]:
    scope = WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        every = recent_findings(core, ai, scope, actor=person(Role.ADMIN).actor).items
    return [each for each in every if each.kind == "tool"]


def test_a_tool_that_fails_since_this_week_is_found_by_the_calls_of_the_week() -> None:
    for days_ago in range(1, 29):
        called(days_ago, failed=5 if days_ago <= 4 else 0)
    [finding] = found()
    assert finding.title == "Tool refund failing: 16.7% of calls"
    assert finding.detail == "20 of 120 calls"
    assert finding.query["start"] == in_address(TODAY - 6 * DAY)


def test_a_tool_that_failed_earlier_in_the_month_is_found_by_the_calls_of_the_month() -> None:
    for days_ago in range(1, 29):
        called(days_ago, failed=0 if days_ago <= 14 else 5)
    [finding] = found()
    assert finding.detail == "70 of 560 calls"
