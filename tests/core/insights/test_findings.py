"""What needs attention: each story is found, said in words, and leads to its evidence."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.event import listen

from core.database.db import Database, transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.insights.findings import findings
from core.insights.kpis import overview_kpis
from core.insights.schemas import Finding, FindingSeverity, WatchScope
from core.platform import clock
from core.presentation import formatting
from core.presentation.periods import Period, Watched, in_address, last_days
from tests.core.activity.funnels.test_passages import RELEASED_AGO, users
from tests.core.insights.test_overview import rated
from tests.factories.ai_metrics import START, fold, request, send
from tests.factories.batches import ran
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 18, 15, 7, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)


@pytest.fixture(autouse=True)
def afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def found(days: int = 7, watched: Watched | None = None, role: Role = Role.ADMIN) -> list[Finding]:
    scope = WatchScope(last_days(days, zone="UTC"), watched or Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        return findings(core, ai, scope, actor=person(role).actor).items


def traffic(*, dearer: float = 1.0, slow: bool = False) -> None:
    """Have three weeks of requests; in the last one they cost more, and four hours of the day
    before yesterday were slow.
    """
    chance, rows = random.Random(3), []
    for number in range(21 * 24 * 10):
        at = TODAY - 20 * DAY + number * timedelta(minutes=6)
        if at > clock.now():
            break
        is_slow = slow and TODAY - 2 * DAY + 9 * HOUR <= at < TODAY - 2 * DAY + 13 * HOUR
        cost = Decimal("0.01") * Decimal(dearer if at >= TODAY - 6 * DAY else 1)
        rows.append(
            request(
                at,
                total_latency_ms=int(chance.lognormvariate(7, 0.5)) * (5 if is_slow else 1),
                cost_usd=cost,
            )
        )
    send(*rows)
    fold()


def test_in_nothing_and_in_usual_traffic_nothing_is_found() -> None:
    assert found() == []
    traffic()
    assert found() == []


def test_models_are_counted_when_a_finding_speaks_of_them() -> None:
    statements: list[str] = []
    with transaction() as core, transaction(Database.AI) as ai:
        listen(
            core.connection(), "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        for cost in (Decimal("0.01"), None):
            send(request(TODAY - DAY, total_tokens=5, cost_usd=cost))
            findings(
                core,
                ai,
                WatchScope(last_days(7, zone="UTC"), Watched()),
                actor=person(Role.ADMIN).actor,
            )
    assert ["unpriced" in each for each in statements if "GROUP BY sums.provider" in each] == [True]


def test_a_slow_model_leads_to_its_hours() -> None:
    traffic(slow=True)
    [finding] = found()
    assert (finding.kind, finding.severity, finding.page) == (
        "latency",
        FindingSeverity.BAD,
        "ai-metrics",
    )
    start, end = TODAY - 2 * DAY + 9 * HOUR, TODAY - 2 * DAY + 13 * HOUR
    assert finding.query == {
        "start": f"{start:%Y-%m-%dT%H:%MZ}",
        "end": f"{end:%Y-%m-%dT%H:%MZ}",
        "model": "a",
        "provider": "acme",
        "by": "release",
        "measure": "latency",
    }
    assert finding.title.startswith("a slow: p95")


def test_a_rise_of_cost_names_the_model() -> None:
    traffic(dearer=1.5)
    [finding] = found()
    assert (finding.kind, finding.severity) == ("cost", FindingSeverity.WARN)
    assert "mostly from a" in finding.detail
    assert "model" not in finding.query  # beside it stands the one whose place it took


def test_a_rise_before_the_period_is_over_names_the_model_that_rose() -> None:
    start = clock.now().replace(minute=0, second=0, microsecond=0) - 6 * DAY - 12 * HOUR
    rows = []
    for number in range(14 * 24 * 2):
        at = start - 7 * DAY + number * timedelta(minutes=30)
        if at > clock.now():
            break
        big = Decimal("0.014") if at >= start else Decimal("0.010")
        rows += [
            request(at, model="big", cost_usd=big),
            request(at, model="small", cost_usd=Decimal("0.001")),
        ]
    send(*rows)
    fold()
    scope = WatchScope(Period(start, start + 7 * DAY, "UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        items = findings(core, ai, scope, actor=person(Role.ANALYST).actor).items
    [detail] = [each.detail for each in items if each.kind == "cost"]
    assert detail.endswith("mostly from big")


def test_a_marked_key_figure_is_a_finding_when_chance_marks_one_in_a_hundred_of_all() -> None:
    ago = (TODAY - START) // DAY
    for number in range(100):
        rated(1 if number < 90 else -1, days=ago - 9)
        rated(1 if number < 78 else -1, days=ago - 1)
    scope = WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        [feedback] = [
            each
            for each in overview_kpis(core, ai, scope, actor=person(Role.ANALYST).actor)
            if each.name == "feedback"
        ]
    assert feedback.verdict == "worse"
    assert 0.01 < (feedback.chance or 0) < 0.05
    assert found() == []


@pytest.mark.parametrize("how", ["failed", "partial", "lost"])
def test_a_failing_batch_job_leads_to_its_runs_however_they_failed(how: str) -> None:
    for number in range(6):
        ran(
            TODAY - number * DAY + timedelta(minutes=1),
            how if number < 2 else "completed",
            job="nightly",
        )
    [finding] = found()
    assert (finding.kind, finding.page, finding.severity) == (
        "batch",
        "batch-history",
        FindingSeverity.BAD,
    )
    assert finding.query["job"] == "nightly"
    assert "status" not in finding.query


def test_a_fall_of_good_feedback_is_found_and_one_within_noise_is_not() -> None:
    ago = (TODAY - START) // DAY
    for number in range(100):
        rated(1 if number % 10 else -1, days=ago - 9)
        rated(1 if number % 9 else -1, days=ago - 1)
    assert found() == []
    for _ in range(30):
        rated(-1, days=ago - 1)
    [finding] = found()
    assert (finding.kind, finding.page, finding.query["section"]) == (
        "feedback",
        "knowledge",
        "feedback",
    )


def test_a_fall_in_onboarding_leads_to_its_days_beside_as_many_before() -> None:
    users(worse=0.4, mended=True)
    [finding] = found(10)
    assert (finding.kind, finding.page) == ("conversion", "onboarding")
    assert (finding.query["step"], finding.query["against"], finding.query["app"]) == (
        "3",
        "previous",
        "web",
    )
    start, end = (datetime.fromisoformat(finding.query[name]) for name in ("start", "end"))
    assert abs((end - start) - RELEASED_AGO / 2) <= HOUR
    assert formatting.stretch(start, end, "UTC") in finding.detail


def test_a_tool_that_fails_is_found_and_one_that_does_now_and_then_is_not() -> None:
    for number in range(60):
        calls = [{"name": "refund"} | ({"error": "timeout"} if number % 4 == 0 else {})]
        calls += [{"name": "search"} | ({"error": "timeout"} if number % 20 == 0 else {})]
        send(request(TODAY - DAY, tool_calls=calls))
    [finding] = found()
    assert (finding.kind, finding.severity, finding.page) == (
        "tool",
        FindingSeverity.WARN,
        "ai-metrics",
    )
    assert (finding.title, finding.detail) == (
        "Tool refund failing: 25.0% of calls",
        "15 of 60 calls",
    )
    assert (finding.query["tool"], finding.query["order"]) == ("refund", "Failed tool calls")


def test_requests_without_a_price_are_a_note_and_lead_to_the_prices() -> None:
    send(
        *(
            request(
                TODAY - DAY,
                cost_usd=None,
                input_tokens=5,
                output_tokens=5,
                model="our-own",
                provider=provider,
            )
            for provider in ("vllm", "vllm", "")
        )
    )
    [finding] = found()
    assert (finding.kind, finding.severity, finding.page) == (
        "unpriced",
        FindingSeverity.NOTE,
        "settings",
    )
    assert finding.title == "3 requests without a price"
    assert finding.detail == "our-own (vllm), our-own · not included in cost totals"


def test_what_failed_or_has_not_ended_lacks_no_price() -> None:
    priced = {"cost_usd": Decimal("0.01"), "input_tokens": 5, "output_tokens": 5}
    send(*(request(TODAY - DAY, **priced) for _ in range(20)))
    send(*(request(TODAY - DAY, status=status, cost_usd=None) for status in ("error", "pending")))
    assert found() == []
    send(
        request(TODAY - DAY, cost_usd=None, input_tokens=5, output_tokens=5),
        request(TODAY - DAY, status="error", cost_usd=None),
    )
    assert [each.title for each in found()] == ["1 request without a price"]


def test_an_analyst_is_led_to_pages_that_analysts_have() -> None:
    ago = (TODAY - START) // DAY
    for number in range(100):
        rated(1 if number % 10 else -1, days=ago - 9)
        rated(1 if number % 2 else -1, days=ago - 1)
    send(request(TODAY - DAY, cost_usd=None, input_tokens=5, output_tokens=5))
    scope = last_days(7, zone="UTC")
    query = {"start": in_address(scope.start), "end": in_address(scope.end)}
    assert [(each.page, each.query) for each in found(role=Role.ANALYST)] == [
        ("overview", query),
        ("ai-metrics", query),
    ]
    assert [each.page for each in found()] == ["knowledge", "settings"]


def test_the_evidence_keeps_the_filters() -> None:
    for number in range(3):
        ran(TODAY - number * DAY, "failed", job="nightly", environment="staging")
    assert found() == []
    [finding] = found(watched=Watched("staging"))
    assert finding.query["environment"] == "staging"


@pytest.mark.parametrize(
    "watched", [Watched(release="1"), Watched(user_id="u1"), Watched(app="web")]
)
def test_narrower_filters_are_no_error(watched: Watched) -> None:
    traffic(slow=True)
    assert found(watched=watched) == []


def test_who_may_not_watch_is_told_nothing() -> None:
    reviewer, scope = person(Role.REVIEWER).actor, WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        with pytest.raises(Forbidden):
            findings(core, ai, scope, actor=reviewer)
        with pytest.raises(Forbidden):
            overview_kpis(core, ai, scope, actor=reviewer)


def test_the_key_figures_say_what_was_before_and_their_course_ends_with_the_last_whole_day() -> (
    None
):
    traffic(dearer=2.0)
    scope = WatchScope(last_days(7, zone="UTC"), Watched())
    with transaction() as core, transaction(Database.AI) as ai:
        kpis = {
            kpi.name: kpi
            for kpi in overview_kpis(core, ai, scope, actor=person(Role.ANALYST).actor)
        }
    cost = kpis["cost"]
    assert cost.verdict == "worse"
    assert cost.value == pytest.approx(2 * (cost.before or 0), rel=0.02)
    assert cost.course == pytest.approx([4.8] * 6)
    assert (kpis["users"].value, kpis["users"].verdict, kpis["feedback"].value) == (
        0,
        "unknown",
        None,
    )
