"""AI requests one by one over HTTP: in order, by cursor, as a file, and each with its steps."""

from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest

from core.identity.schemas import Role
from core.ingest.rows import key_of
from tests.api.conftest import Client
from tests.api.watch.conftest import NOW, got, rows_of
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person


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


def test_a_file_of_failed_tool_calls_has_the_requests_of_the_list(analyst: httpx2.Client) -> None:
    # The file had all requests of the period
    send(
        request(NOW, id="fine", tool_calls=[{"name": "refund"}]),
        request(NOW, id="failed", tool_calls=[{"name": "refund", "error": "timeout"}]),
    )
    asked = {"order": "failed_tool_calls"}
    listed = got(analyst, "/admin/ai/requests", **asked)["items"]
    rows = rows_of(analyst, "/admin/ai/requests", **asked)
    assert [row["external_id"] for row in listed] == ["failed"]
    assert [row["external_id"] for row in rows] == ["failed"]
