"""The requests of a bar of the latency histogram."""

from datetime import timedelta

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person


@pytest.fixture
def analyst(client: Client) -> httpx2.Client:
    return client(person(Role.ANALYST))


def test_each_bar_of_the_histogram_lists_its_requests_newest_first(analyst: httpx2.Client) -> None:
    now = clock.now() - timedelta(minutes=30)
    took = [0, 80, 90, 1200, 1210, 60_000]
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
        rows = analyst.get("/admin/ai/requests", params=asked).json()["items"]
        assert len(rows) == bar["requests"]
        times = [row["created_at"] for row in rows]
        assert times == sorted(times, reverse=True)
        found += [row["total_latency_ms"] for row in rows]
    assert sorted(found) == took


def test_a_range_of_latencies_that_is_none_is_refused(analyst: httpx2.Client) -> None:
    assert analyst.get("/admin/ai/requests", params={"latency": "slow"}).status_code == 422
