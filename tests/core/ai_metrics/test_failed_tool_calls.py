"""Requests with failed tool calls are listed alone, whether they themselves succeeded or not."""

from datetime import timedelta

import pytest

from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.requests import LatencyRange, RequestOrder
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.presentation.periods import Period
from tests.factories.ai_metrics import START, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = Period(START, START + timedelta(days=1))
REFUND, SEARCH = {"name": "refund"}, {"name": "search"}
FAILED = {"error": "timeout"}


@pytest.fixture(autouse=True)
def rows() -> None:
    sent = {
        "fine": [REFUND, SEARCH],
        "refund": [SEARCH, REFUND | FAILED],
        "search": [REFUND, SEARCH | FAILED],
        "none": [],
    }
    for number, (name, calls) in enumerate(sent.items()):
        at = START + timedelta(minutes=number)
        send(request(at, id=name, tool_calls=calls, total_latency_ms=100 * number))


def listed(tool: str | None, latency: LatencyRange | None = None) -> list[str | None]:
    query, order = AiMetricsQuery(DAY, tool=tool), RequestOrder.FAILED_TOOL_CALLS
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        found = request_lists.list_first(session, query, order, Window(9), latency, actor=actor)
        count = request_lists.count_requests(session, query, latency, order, actor=actor)
    assert count == len(found)
    return [each.external_id for each in found]


def test_failed_calls_of_any_tool_are_listed_newest_first() -> None:
    assert listed(None) == ["search", "refund"]


def test_failed_calls_of_the_filtered_tool_are_listed_not_those_of_others() -> None:
    assert listed("refund") == ["refund"]
    assert listed('refund" || true') == []


def test_failed_calls_can_be_narrowed_to_a_range_of_latencies() -> None:
    assert listed(None, LatencyRange(150, 250)) == ["search"]
