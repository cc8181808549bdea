"""AI requests, batch runs and the Overview over HTTP: shapes, filters, pages, CSV, and
permissions.
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role, Scope
from core.ingest.rows import key_of
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.ai_metrics import fold, many, request, send
from tests.factories.annotations import waiting
from tests.factories.batches import ran
from tests.factories.identity import person

NOW = clock.now().replace(hour=0, minute=5, second=0, microsecond=0)
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


@pytest.fixture
def analyst(client: Client) -> httpx2.Client:
    return client(person(Role.ANALYST))


def got(client: httpx2.Client, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(client: httpx2.Client, path: str, **query: Any) -> list[dict[str, str]]:  # noqa: ANN401
    answer = client.get(path, params={"format": "csv", **query})
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


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


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
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
    ],
    ids=str,
)
def test_filters_hold_for_figures_and_for_rows(
    analyst: httpx2.Client, query: dict[str, str], wanted: int
) -> None:
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
    assert got(analyst, "/admin/ai/metrics", **query)["total_requests"] == wanted
    found = got(analyst, "/admin/ai/requests", **query)
    assert (found["total_count"], len(found["items"])) == (wanted, wanted)


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"provider": "(none)"}, ["nowhere", "unnamed"]),
        ({"provider": "(none)", "model": "b"}, []),
        ({"error_type": "(none)", "status": "error"}, ["unnamed"]),
        ({"error_type": "timeout", "status": "error"}, ["named"]),
    ],
    ids=str,
)
def test_what_has_no_name_can_be_asked_for(
    analyst: httpx2.Client, query: dict[str, str], wanted: list[str], is_folded: bool
) -> None:
    send(
        request(NOW, id="nowhere", provider=""),
        request(NOW, id="unnamed", provider="", status="error"),
        request(NOW, id="named", model="b", status="error", error_type="timeout"),
    )
    if is_folded:
        fold()
    assert got(analyst, "/admin/ai/metrics", **query)["total_requests"] == len(wanted)
    assert (
        sorted(each["external_id"] for each in got(analyst, "/admin/ai/requests", **query)["items"])
        == wanted
    )


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


def test_requests_come_newest_first_and_a_cursor_leads_on(analyst: httpx2.Client) -> None:
    send(*(request(NOW + timedelta(seconds=number // 2), id=f"r{number}") for number in range(25)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = got(analyst, "/admin/ai/requests", limit=10, cursor=cursor)
        seen += [row["external_id"] for row in page["items"]]
        cursor = page["next_cursor"]
        assert page["total_count"] == 25
        send(request(NOW + timedelta(seconds=100), id="meanwhile", environment="staging"))
    assert len(seen) == len(set(seen)) == 25
    assert {seen[0], seen[-1]} <= {"r24", "r0", "r1"}
    assert (
        got(analyst, "/admin/ai/requests", limit=5, offset=20)["items"][0]["external_id"]
        == seen[20]
    )


@pytest.mark.parametrize(
    "cursor", ["x", "1.2", "99999999999999999999999.0190a6e0000070008000000000000000", ".", "-1."]
)
def test_a_cursor_of_another_kind_is_refused(analyst: httpx2.Client, cursor: str) -> None:
    answer = analyst.get("/admin/ai/requests", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_the_file_has_every_request_that_matches(analyst: httpx2.Client) -> None:
    send(
        *(
            request(
                NOW - timedelta(minutes=number), id=f"r{number}", app="web" if number % 2 else ""
            )
            for number in range(1203)
        )
    )
    assert len(rows_of(analyst, "/admin/ai/requests", days=3)) == 1203
    found = rows_of(analyst, "/admin/ai/requests", days=3, app="web", limit=5)
    assert [row["external_id"] for row in found] == [f"r{number}" for number in range(1, 1203, 2)]
    assert found[0]["cost_usd"] == "0.001"


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


def test_one_request_is_found_by_either_id_with_its_steps(client: Client) -> None:
    steps = [
        {
            "kind": "tool",
            "name": "search",
            "start": NOW.isoformat(),
            "duration_ms": 5,
            "input": "secret",
        }
    ]
    calls = [{"name": "search", "duration_ms": 5, "arguments": "secret"}]
    one = request(
        NOW,
        id="r/1",
        user_id="u",
        conversation_id="c",
        steps=steps,
        tool_calls=calls,
        extra={"note": "secret"},
    )
    send(one)
    admin, analyst = client(person(Role.ADMIN)), client(person(Role.ANALYST))
    ours = got(admin, "/admin/ai/requests")["items"][0]["id"]
    found = got(admin, f"/admin/ai/requests/{ours}")
    assert found == got(admin, "/admin/ai/requests/r%2F1")
    assert (
        found["external_id"],
        found["user_external_id"],
        found["steps"],
        found["tool_calls"],
    ) == ("r/1", "u", steps, calls)
    assert found["attributes"] == {"note": "secret"}
    seen = analyst.get(f"/admin/ai/requests/{ours}").text
    assert "search" in seen
    assert "secret" not in seen


def test_an_unknown_request_is_not_found(analyst: httpx2.Client) -> None:
    send(request(NOW, id="known"))
    assert got(analyst, "/admin/ai/requests/known")["status"] == "ok"
    for unknown in ("nobody", str(key_of("ai_request", "nobody"))):
        answer = analyst.get(f"/admin/ai/requests/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "days=0",
        "days=x",
        "start=2026-03-02&end=2026-03-01",
        "start=yesterday",
        "start=2026-03-01T10:00:00",
        "days=3&end=2026-03-01",
        "start=0001-01-01",
        "environment=",
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_range_that_is_none_is_refused(analyst: httpx2.Client, path: str, query: str) -> None:
    answer = analyst.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query", ["", "release=1", "user_id=u", "start=2090-01-01&end=2090-02-01", "days=1&app=web"]
)
def test_nothing_at_all_is_an_answer(analyst: httpx2.Client, path: str, query: str) -> None:
    assert analyst.get(f"{path}?{query}").status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_key_that_reads_sees_figures_and_one_that_sends_does_not(
    client: Client, path: str
) -> None:
    admin = client(person(Role.SUPER_ADMIN))
    for scope, status in ((Scope.READ, 200), (Scope.INGEST, 403)):
        key = admin.post("/admin/api-keys", json={"name": "k", "scopes": [scope]}).json()["key"]
        assert client().get(path, headers={"Authorization": f"Bearer {key}"}).status_code == status


def test_a_run_whose_own_id_has_slashes_is_found(analyst: httpx2.Client) -> None:
    ran(NOW, batch_run_id="nightly/7")
    assert got(analyst, "/admin/batch/history/nightly%2F7")["batch_run_id"] == "nightly/7"


def test_the_history_of_batch_runs(analyst: httpx2.Client) -> None:
    for number, state in enumerate(("completed", "failed", "completed", "odd")):
        ran(
            NOW - timedelta(hours=number),
            state,
            batch_run_id=f"run {number}",
            phase_durations={"load": 100 * number},
        )
    found = got(analyst, "/admin/batch/history", days=7)
    assert [row["batch_run_id"] for row in found["items"]] == ["run 0", "run 1", "run 2", "run 3"]
    assert (found["total_count"], found["limit"], found["offset"]) == (4, 100, 0)
    assert (
        found["summary"]["success_rate"],
        found["summary"]["other"],
        found["summary"]["previous"]["runs"],
    ) == (2 / 3, 1, 0)
    assert sum(day["runs"] for day in found["series"]) == 4
    assert got(analyst, "/admin/batch/history", days=7, status="failed")["total_count"] == 1
    assert got(analyst, "/admin/batch/history", days=7, job="another")["items"] == []
    assert len(rows_of(analyst, "/admin/batch/history", days=7)) == 4
    assert got(analyst, "/admin/batch/history/run 2")["duration_ms"] == 60_000
    assert analyst.get("/admin/batch/history/run 9").status_code == 404
    (phase,) = got(analyst, "/admin/batch/phases", days=7)["items"]
    assert (phase["batch_job"], phase["phase"], phase["p50_ms"], phase["p95_ms"]) == (
        "nightly",
        "load",
        100,
        300,
    )


def test_the_overview_is_one_answer(analyst: httpx2.Client) -> None:
    send(*(each for each in many(20, days=1)), request(NOW, user_id="u"))
    ran(NOW)
    found = got(analyst, "/admin/overview")
    assert {"users", "onboarding", "ai", "feedback", "batch", "reviews"} <= set(found)
    assert (
        found["users"]["active"],
        found["ai"]["total_requests"],
        found["batch"]["success_rate"],
    ) == (1, 1, 1.0)
    assert all(
        "previous" in found[name] for name in ("users", "onboarding", "ai", "feedback", "batch")
    )


def test_the_overview_says_how_many_reviews_wait(analyst: httpx2.Client) -> None:
    assert got(analyst, "/admin/overview")["reviews"] == {
        "waiting": 0,
        "adjudication": 0,
        "oldest_at": None,
    }
    waiting(7)
    with transaction(Database.AI) as ai:
        ai.execute(text("update review_items set state = 'adjudication' where priority = 0"))
    found = got(analyst, "/admin/overview", environment="staging")["reviews"]
    assert (found["waiting"], found["adjudication"]) == (6, 1)
    assert found["oldest_at"] is not None


def test_key_figures_findings_and_releases_have_their_shapes(analyst: httpx2.Client) -> None:
    send(*many(40))
    for path in ("/admin/ai/tiles", "/admin/overview/tiles"):
        kpi = got(analyst, path, start="2026-03-26", end="2026-04-02")["items"][-1]
        assert set(kpi) == {
            "name",
            "label",
            "unit",
            "value",
            "before",
            "compared",
            "verdict",
            "chance",
            "course",
            "stale",
            "open_days",
        }
    [finding] = got(analyst, "/admin/overview/findings", start="2026-03-26", end="2026-04-02")[
        "items"
    ]
    assert set(finding) == {"kind", "severity", "title", "detail", "at", "page", "query", "cause"}
    assert (finding["kind"], finding["page"]) == ("unpriced", "ai-metrics")
    found = got(analyst, "/admin/releases", start="2026-03-26", end="2026-04-02")
    assert {each["release"] for each in found["items"]} <= {"1", "2"}
    assert found["total_count"] == len(found["items"])


def test_the_tiles_agree_with_the_summary(analyst: httpx2.Client) -> None:
    send(*many(60))
    period = {"start": "2026-03-26", "end": "2026-03-31"}
    summary, kpis = (
        got(analyst, "/admin/ai/metrics", **period),
        got(analyst, "/admin/ai/tiles", **period)["items"],
    )
    named = {kpi["name"]: kpi["value"] for kpi in kpis}
    assert named["requests"] == summary["total_requests"]
    assert named["p95_latency"] == summary["p95_latency_ms"]
    assert named["error_rate"] == summary["error_rate"]
    assert Decimal(str(named["cost"])) == Decimal(summary["cost_usd"])
    assert named["tokens"] == summary["total_tokens"]


def test_requests_come_in_the_order_that_is_wanted_and_by_their_error(
    analyst: httpx2.Client,
) -> None:
    send(
        request(NOW, id="quick", total_latency_ms=10, cost_usd=Decimal("0.5")),
        request(NOW, id="slow", total_latency_ms=9000, cost_usd=Decimal("0.1")),
        request(
            NOW,
            id="broken",
            status="error",
            error_type="timeout",
            total_latency_ms=None,
            cost_usd=None,
        ),
    )
    assert [
        each["external_id"] for each in got(analyst, "/admin/ai/requests", order="slowest")["items"]
    ] == ["slow", "quick"]
    found = got(analyst, "/admin/ai/requests", order="most_expensive", limit=1)
    assert ([each["external_id"] for each in found["items"]], found["next_cursor"]) == (
        ["quick"],
        None,
    )
    assert [
        each["external_id"]
        for each in got(analyst, "/admin/ai/requests", error_type="timeout")["items"]
    ] == ["broken"]
    assert got(analyst, "/admin/ai/metrics", error_type="timeout")["total_requests"] == 1
    assert analyst.get("/admin/ai/requests", params={"order": "newest first"}).status_code == 422
