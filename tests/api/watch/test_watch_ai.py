"""Figures of AI requests over HTTP: shapes and filters; periods and permissions of every answer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest

from core.identity.schemas import Role, Scope
from core.ingest.rows import key_of
from core.platform import clock
from tests.api.conftest import Client
from tests.api.watch.conftest import NOW, got, rows_of
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person

# Named by its days: midnight may pass between the import of this module and its tests.
WEEK = {
    "start": f"{NOW - timedelta(days=6):%Y-%m-%d}",
    "end": f"{NOW + timedelta(days=1):%Y-%m-%d}",
}
METRICS = {
    "total_requests", "avg_latency_ms", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms",
    "avg_first_token_ms", "input_tokens", "output_tokens", "total_tokens", "cost_usd",
    "unpriced_requests", "error_count", "error_rate", "previous",
}  # fmt: skip
AI = ("metrics", "latency", "tokens", "errors", "tools", "models", "requests")
PATHS = [
    *(f"/admin/ai/{name}" for name in AI),
    "/admin/batch/history",
    "/admin/batch/phases",
    "/admin/overview",
]


def test_the_summary_has_its_pinned_fields_and_money_is_text(analyst: httpx2.Client) -> None:
    send(
        request(
            NOW,
            total_latency_ms=120,
            first_token_ms=40,
            input_tokens=10,
            output_tokens=5,
            cost_usd=Decimal("0.00000012"),
        )
    )
    found = got(analyst, "/admin/ai/metrics")
    assert set(found) >= METRICS
    assert set(found["previous"]) >= METRICS - {"previous"}
    assert (
        found["total_requests"],
        found["cost_usd"],
        found["error_rate"],
        found["total_tokens"],
    ) == (1, "0.00000012", 0.0, 15)
    assert (found["p50_latency_ms"], found["avg_first_token_ms"]) == (
        pytest.approx(120, rel=0.01),
        40,
    )
    assert (
        found["previous"]["total_requests"],
        found["previous"]["cost_usd"],
        found["previous"]["p95_latency_ms"],
    ) == (
        0,
        "0",
        None,
    )


def test_the_default_is_thirty_days_with_today_in_production(
    analyst: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    send(
        request(noon),
        request(noon - timedelta(days=29)),
        request(noon - timedelta(days=30, hours=1)),
        request(noon, environment="staging"),
    )
    found = got(analyst, "/admin/ai/metrics")
    assert (found["total_requests"], found["previous"]["total_requests"]) == (2, 1)
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert (start, end - start) == (noon.replace(hour=0) - timedelta(days=29), timedelta(days=30))
    assert got(analyst, "/admin/ai/metrics", days=1)["total_requests"] == 1
    assert got(analyst, "/admin/ai/metrics", environment="staging")["total_requests"] == 1


def test_latency_has_percentiles_a_series_and_a_histogram(analyst: httpx2.Client) -> None:
    send(*(request(NOW, total_latency_ms=ms, first_token_ms=ms // 2) for ms in range(10, 1010, 10)))
    fold()
    found = got(analyst, "/admin/ai/latency", **WEEK, interval="day")
    for name, wanted in {"p50": 500, "p75": 750, "p90": 900, "p95": 950, "p99": 990}.items():
        assert found["overall"][name] == pytest.approx(wanted, rel=0.012)
        assert found["first_token"][name] == pytest.approx(wanted / 2, rel=0.012)
    assert [point["requests"] for point in found["series"]] == [0, 0, 0, 0, 0, 0, 100]
    assert sum(bar["requests"] for bar in found["histogram"]) == 100
    assert found["previous"]["overall"]["p50"] is None


FOUND: list[tuple[dict[str, str], int]] = [
    ({"model": "a"}, 2),
    ({"model": "b"}, 1),
    ({"provider": "acme"}, 3),
    ({"status": "error"}, 1),
    ({"status": "pending"}, 0),
    ({"app": "web"}, 1),
    ({"release": "7"}, 1),
    ({"user_id": "u-1"}, 2),
    ({"user_id": str(key_of("user", "u-1"))}, 2),
    ({"conversation": "c-1"}, 1),
    ({"conversation": str(key_of("conversation", "c-1"))}, 1),
    ({"tool": "search"}, 1),
    ({"tool": "sear"}, 0),
    ({"tool": "search", "model": "b"}, 0),
    ({"user_id": "u-1", "model": "b"}, 0),
    ({"model": "", "user_id": "", "status": ""}, 3),
]


def test_filters_hold_for_figures_and_for_rows(analyst: httpx2.Client) -> None:
    send(
        request(NOW, user_id="u-1", conversation_id="c-1", app="web"),
        request(
            NOW,
            user_id="u-1",
            release="7",
            tool_calls=[{"name": "fetch"}, {"name": "search", "error": "no"}],
        ),
        request(NOW, model="b", error_type="timeout"),
    )
    for query, wanted in FOUND:
        assert got(analyst, "/admin/ai/metrics", **query)["total_requests"] == wanted, query
        found = got(analyst, "/admin/ai/requests", **query)
        assert (found["total_count"], len(found["items"])) == (wanted, wanted), query


@pytest.mark.parametrize("is_folded", [True, False])
def test_what_has_no_name_can_be_asked_for(analyst: httpx2.Client, is_folded: bool) -> None:
    send(
        request(NOW, id="nowhere", provider=""),
        request(NOW, id="unnamed", provider="", status="error"),
        request(NOW, id="named", model="b", status="error", error_type="timeout"),
    )
    if is_folded:
        fold()
    for query, wanted in (
        ({"provider": "(none)"}, ["nowhere", "unnamed"]),
        ({"provider": "(none)", "model": "b"}, []),
        ({"error_type": "(none)", "status": "error"}, ["unnamed"]),
        ({"error_type": "timeout", "status": "error"}, ["named"]),
    ):
        figures = got(analyst, "/admin/ai/metrics", **query)
        assert figures["total_requests"] == len(wanted), query
        found = got(analyst, "/admin/ai/requests", **query)["items"]
        assert sorted(each["external_id"] for each in found) == wanted, query


def test_models_are_a_list_and_a_file(analyst: httpx2.Client) -> None:
    send(request(NOW), request(NOW), request(NOW, model="=b", cost_usd=None))
    found = got(analyst, "/admin/ai/models", limit=1)
    assert (found["total_count"], found["limit"], found["offset"], len(found["items"])) == (
        2,
        1,
        0,
        1,
    )
    assert (found["items"][0]["model"], found["items"][0]["total_requests"]) == ("a", 2)
    assert [row["model"] for row in rows_of(analyst, "/admin/ai/models")] == ["a", "'=b"]


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/admin/ai/requests", "ai_requests.export"),
        ("/admin/ai/models", "models.export"),
        ("/admin/batch/history", "batch_runs.export"),
    ],
)
def test_who_takes_a_file_away_is_written_down(client: Client, path: str, action: str) -> None:
    taker = person(Role.ANALYST)
    rows_of(client(taker), path, app="web", start="2026-03-01", end="2026-03-02")
    (line,) = got(client(person(Role.ADMIN)), "/admin/audit", action=action)["items"]
    assert line["actor"]["id"] == str(taker.actor.id)
    assert (line["targets"]["app"], line["targets"]["start"][:10], line["targets"]["end"][:10]) == (
        "web",
        "2026-03-01",
        "2026-03-02",
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_range_that_is_none_is_refused(analyst: httpx2.Client, path: str) -> None:
    for query in (
        "days=0",
        "days=x",
        "start=2026-03-02&end=2026-03-01",
        "start=yesterday",
        "start=2026-03-01T10:00:00",
        "days=3&end=2026-03-01",
        "start=0001-01-01",
        "environment=",
    ):
        answer = analyst.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), query


@pytest.mark.parametrize("path", PATHS)
def test_nothing_at_all_is_an_answer(analyst: httpx2.Client, path: str) -> None:
    some = ("", "release=1", "user_id=u", "start=2090-01-01&end=2090-02-01", "days=1&app=web")
    for query in some:
        assert analyst.get(f"{path}?{query}").status_code == 200, query


@pytest.mark.parametrize("path", PATHS)
def test_a_key_that_reads_sees_figures_and_one_that_sends_does_not(
    client: Client, path: str
) -> None:
    admin = client(person(Role.SUPER_ADMIN))
    for scope, status in ((Scope.READ, 200), (Scope.INGEST, 403)):
        key = admin.post("/admin/api-keys", json={"name": "k", "scopes": [scope]}).json()["key"]
        assert client().get(path, headers={"Authorization": f"Bearer {key}"}).status_code == status
