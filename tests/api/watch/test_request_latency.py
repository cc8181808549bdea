"""The requests of a bar of the latency histogram."""

from datetime import timedelta

import httpx2
import pytest

from core.platform import clock
from tests.factories.ai_metrics import fold, request, send


@pytest.mark.parametrize(
    "took", [[0, 80, 90, 1200, 1210, 60_000], [0, 0, 1, 2, 80], [1, 1, 3], [0, 0]]
)
def test_each_bar_of_the_histogram_lists_its_requests_newest_first(
    took: list[int], analyst: httpx2.Client
) -> None:
    now = clock.now() - timedelta(minutes=30)
    send(
        *(
            request(now + timedelta(seconds=number), total_latency_ms=each)
            for number, each in enumerate(took)
        )
    )
    fold()
    bars = analyst.get("/admin/ai/latency").json()["histogram"]
    found = []
    for bar in bars:
        asked = {"latency": f"{bar['from_ms']}-{bar['to_ms']}", "order": "slowest"}
        page = analyst.get("/admin/ai/requests", params=asked).json()
        rows = page["items"]
        assert len(rows) == page["total_count"] == bar["requests"]
        times = [row["created_at"] for row in rows]
        assert times == sorted(times, reverse=True)
        found += [row["total_latency_ms"] for row in rows]
    assert sorted(found) == took


def test_a_range_of_latencies_that_is_none_is_refused(analyst: httpx2.Client) -> None:
    assert analyst.get("/admin/ai/requests", params={"latency": "slow"}).status_code == 422


@pytest.mark.parametrize(("latency", "count"), [("85-1205", 2), ("0-80", 2), ("70000-80000", 0)])
def test_a_range_between_the_bars_counts_its_requests(
    analyst: httpx2.Client, latency: str, count: int
) -> None:
    now = clock.now() - timedelta(minutes=30)
    took = [0, 80, 90, 1200, 1210, 60_000]
    send(*(request(now, total_latency_ms=each) for each in took))
    fold()
    page = analyst.get("/admin/ai/requests", params={"latency": latency, "limit": 1}).json()
    assert page["total_count"] == count
