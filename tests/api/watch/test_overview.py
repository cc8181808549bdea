"""The Overview over HTTP: one answer, key figures that agree with the summary, and findings."""

from decimal import Decimal

import httpx2
from sqlalchemy import text

from core.database.db import Database, transaction
from tests.api.watch.conftest import NOW, got
from tests.factories.ai_metrics import many, request, send
from tests.factories.annotations import waiting
from tests.factories.batches import ran


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
