"""What the API has of the previous period is of as much as has passed of an open one, as on the
pages.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.ai_metrics import fold, request, send
from tests.factories.batches import ran
from tests.factories.history import rated
from tests.factories.identity import person

DAY = timedelta(days=1)


@pytest.fixture
def analyst_at_noon(client: Client, monkeypatch: pytest.MonkeyPatch) -> httpx2.Client:
    """Return a client at noon, of a workspace in which yesterday afternoon had most rows."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - DAY
    monkeypatch.setattr(clock, "now", lambda: noon)
    hours = [
        noon - timedelta(hours=2),
        *(noon - DAY + timedelta(hours=each) for each in (-3, 2, 4)),
    ]
    for at in hours:
        tool = {"name": "search", "duration_ms": 40, "error": True}
        send(request(at, status="error", error_type="fog", tool_calls=[tool], total_latency_ms=9))
        ran(at, "completed", phase_durations={"load": 40})
        rated(1, "thumbs", at)
    fold()
    return client(person(Role.ANALYST))


def get(client: httpx2.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(path, params={"days": "1"}).json()
    return found


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/admin/ai/metrics", "total_requests"),
        ("/admin/ai/errors", "total_requests"),
        ("/admin/ai/tokens", "total_requests"),
        ("/admin/ai/tools", "calls"),
    ],
)
def test_figures_of_today_are_beside_the_same_hours_of_yesterday(
    analyst_at_noon: httpx2.Client, path: str, count: str
) -> None:
    # Beside all of yesterday, each morning looked like a fall
    assert get(analyst_at_noon, path)["previous"][count] == 1


def test_percentiles_of_today_are_beside_the_same_hours_of_yesterday(
    analyst_at_noon: httpx2.Client,
) -> None:
    assert get(analyst_at_noon, "/admin/ai/latency")["previous"]["overall"]["requests"] == 1


def test_batch_runs_and_phases_of_today_are_beside_the_same_hours_of_yesterday(
    analyst_at_noon: httpx2.Client,
) -> None:
    assert get(analyst_at_noon, "/admin/batch/history")["summary"]["previous"]["runs"] == 1
    [phase] = get(analyst_at_noon, "/admin/batch/phases")["items"]
    assert phase["previous"]["runs"] == 1


def test_ratings_of_today_are_beside_the_same_hours_of_yesterday(
    analyst_at_noon: httpx2.Client,
) -> None:
    feedback = get(analyst_at_noon, "/admin/overview")["feedback"]
    assert (feedback["rated"], feedback["previous"]["rated"]) == (1, 1)
