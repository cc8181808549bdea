"""Each finding says where its change comes from, and its evidence shows exactly that."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.ai_metrics.breakdown_views import BreakdownDimension, BreakdownMeasure
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.insights.causes import cause_of_change, first_day_of_change
from core.insights.findings import recent_findings
from core.insights.schemas import Finding, WatchScope
from core.platform import clock
from core.presentation.periods import Period, Watched, last_days, midnight
from tests.core.activity.funnels.test_passages import RELEASED_AGO, users
from tests.factories.activity import event, store
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 18, 15, 7, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)


@pytest.fixture(autouse=True)
def afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def found(days: int = 7) -> list[Finding]:
    scope = WatchScope(last_days(days, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        return recent_findings(core, ai, scope, actor=person(Role.ADMIN).actor).items


def costs(*, since: int) -> None:
    """Have three weeks of two models, of which `big` costs three times as much since release 2."""
    rows = []
    for number in range(21 * 24):
        at = TODAY - 20 * DAY + number * HOUR
        if at > clock.now():
            break
        is_late = at >= TODAY - since * DAY
        release = "2" if is_late else "1"
        dollars = Decimal("0.03") if is_late else Decimal("0.01")
        rows += [
            request(at, model="big", release=release, cost_usd=dollars),
            request(at, model="small", release=release, cost_usd=Decimal("0.01")),
        ]
    send(*rows)
    fold()


def test_a_rise_in_cost_has_its_model_release_and_first_day() -> None:
    costs(since=6)
    [finding] = [each for each in found() if each.kind == "cost"]
    cause = finding.cause
    assert cause is not None
    values = {each.dimension: each.value for each in cause.contributions}
    assert values == {BreakdownDimension.MODEL: "big", BreakdownDimension.RELEASE: "2"}
    [model] = [each for each in cause.contributions if each.dimension is BreakdownDimension.MODEL]
    assert model.share_of_change == pytest.approx(1, abs=0.05)
    assert cause.first_day == (TODAY - 6 * DAY).date()
    assert f"since {cause.first_day:%-d %b}" in cause.summary
    assert finding.page == "ai-metrics"
    assert (finding.query["measure"], finding.query["by"]) == ("cost", "release")


@pytest.mark.parametrize("days", [1, 7, 90])
def test_the_period_that_is_looked_at_does_not_change_the_findings(days: int) -> None:
    # A finding was there or not by the period on the page
    costs(since=6)
    assert [(each.kind, each.query) for each in found(days)] == [
        (each.kind, each.query) for each in found(30)
    ]


def test_a_drop_has_the_share_of_drop_offs_with_an_error_now_and_before() -> None:
    users(worse=0.4)
    now = clock.now()
    failed = [
        event(
            "onboarding.payment_error",
            now - 20 * DAY + number * timedelta(minutes=30) + HOUR / 3,
            user_id=f"u{number}",
            app="web",
            error_code="DECLINED",
        )
        for number in range(20 * 24 * 2)
        if number % 2
        and now - RELEASED_AGO <= now - 20 * DAY + number * timedelta(minutes=30) <= now - HOUR
    ]
    store(failed)
    [finding] = [each for each in found() if each.kind == "conversion"]
    cause = finding.cause
    assert cause is not None
    assert cause.error_share == pytest.approx(0.5, abs=0.15)
    assert cause.previous_error_share == 0
    assert cause.top_error == "DECLINED"
    assert [(each.dimension, each.value) for each in cause.contributions] == [
        (BreakdownDimension.RELEASE, "2")
    ]
    assert "of drop-offs met an error, previously 0.0% · most often DECLINED" in cause.summary
    assert finding.query["step"] == str(STEPS.index(STEPS[2]) + 1)


def test_errors_that_are_no_more_frequent_are_not_named_as_the_cause_of_a_drop() -> None:
    # Fewer errors than before do not explain that more users dropped off
    users(worse=0.4)
    [finding] = [each for each in found() if each.kind == "conversion"]
    assert finding.cause is not None
    assert finding.cause.summary.startswith(
        "not errors: 0.0% of drop-offs met one, previously 0.0% · since "
    )


def test_failing_hours_have_their_type_of_error() -> None:
    rows = []
    for number in range(16 * 24 * 6):
        at = TODAY - 15 * DAY + number * timedelta(minutes=10)
        if at > clock.now():
            break
        is_bad = TODAY - 2 * DAY + 9 * HOUR <= at < TODAY - 2 * DAY + 13 * HOUR
        failed = {"status": "error", "error_type": "overloaded"}
        rows.append(request(at, total_latency_ms=900, **(failed if is_bad and number % 2 else {})))
    send(*rows)
    fold()
    [finding] = [each for each in found() if each.kind == "errors"]
    assert finding.cause is not None
    assert finding.cause.measure is BreakdownMeasure.ERRORS
    assert finding.cause.first_day == (TODAY - 2 * DAY).date()
    assert finding.query["measure"] == "errors"


def days_of(*values: float) -> list[tuple[datetime, float]]:
    return [(TODAY + number * DAY, value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ((1, 1, 1, 5, 5, 5), 3),
        ((5, 5, 1, 1, 1, 1, 1), 2),
        ((1, 1, 9, 1, 1, 1, 4, 4, 4, 4, 4, 4), 6),
        ((1, 1, 1, 1), None),
        ((1, 5), None),
        ((), None),
    ],
)
def test_the_first_day_of_a_change_is_where_means_differ_most(
    values: tuple[float, ...], number: int | None
) -> None:
    wanted: date | None = None if number is None else (TODAY + number * DAY).date()
    assert first_day_of_change(days_of(*values), "UTC") == wanted


def test_the_first_day_of_a_change_is_right_before_a_week_in_which_clocks_are_turned_back() -> None:
    zone, rise = "Europe/Berlin", date(2026, 10, 18)  # clocks are turned back on 25 October
    days = [date(2026, 10, 16) + number * DAY for number in range(14)]
    send(
        *(
            request(midnight(day, zone) + 12 * HOUR, cost_usd=Decimal(1 if day < rise else 9))
            for day in days
        )
    )
    fold()
    week = Period(midnight(days[7], zone), midnight(days[-1] + DAY, zone), zone)
    query = AiMetricsQuery(week, Watched())
    with transaction() as session:
        cause = cause_of_change(
            session, query, BreakdownMeasure.COST, actor=person(Role.ADMIN).actor
        )
    assert cause.first_day == rise


def test_a_day_of_25_hours_is_not_over_after_24(monkeypatch: pytest.MonkeyPatch) -> None:
    zone, days = "Europe/Berlin", [date(2026, 10, day) for day in (22, 23, 24, 25)]
    send(
        *(
            request(midnight(day, zone) + HOUR, cost_usd=Decimal(1 if day < days[2] else 9))
            for day in days
        )
    )
    fold(zone)
    monkeypatch.setattr(clock, "now", lambda: midnight(days[-1], zone) + 24.5 * HOUR)
    period = Period(midnight(days[2], zone), midnight(days[-1] + DAY, zone), zone)
    with transaction() as session:
        cause = cause_of_change(
            session,
            AiMetricsQuery(period, Watched()),
            BreakdownMeasure.COST,
            actor=person(Role.ADMIN).actor,
        )
    # Three days that are over are too few to tell
    assert cause.first_day is None
