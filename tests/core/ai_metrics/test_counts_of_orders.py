"""A list of the slowest or most expensive requests has as many rows as are counted for it."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from sqlalchemy import event

from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.queries.series import latency_histogram
from core.ai_metrics.requests import LatencyRange, RequestOrder
from core.ai_metrics.schemas import RequestStatus
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched
from tests.factories.ai_metrics import START, fold, many, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
WHOLE = Period(START, START + timedelta(days=5))
ASKED = [
    AiMetricsQuery(WHOLE),
    AiMetricsQuery(WHOLE, Watched(release="2"), model="a"),
    AiMetricsQuery(WHOLE, Watched(user_id="u1")),
    AiMetricsQuery(WHOLE, status=RequestStatus.PENDING),
    AiMetricsQuery(WHOLE, Watched("staging")),
]


def counts(asked: AiMetricsQuery, order: RequestOrder) -> tuple[int, int]:
    """Return how many requests are counted, and how many listed."""
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        rows = request_lists.list_first(session, asked, order, Window(1000), actor=actor)
        total = request_lists.count_requests(session, asked, order=order, actor=actor)
    return total, len(rows)


@pytest.mark.parametrize("is_folded", [True, False])
def test_requests_without_the_value_are_neither_listed_nor_counted(is_folded: bool) -> None:
    # The last pages of the list were empty
    send(*many(300))
    if is_folded:
        fold()
    for asked, order in product(ASKED, RequestOrder):
        counted, listed = counts(asked, order)
        assert counted == listed, (asked, order)


def test_of_very_many_with_a_cost_those_without_a_price_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_lists, "MANY", 2)
    tokens = {"input_tokens": 5, "model": "nobody-knows"}
    paid = [request(START, cost_usd=Decimal(1), **tokens) for _ in range(3)]
    send(*paid, request(START, cost_usd=None, **tokens))
    assert counts(ASKED[0], RequestOrder.MOST_EXPENSIVE) == (3, 3)


def test_requests_of_a_bar_are_counted_in_rollups() -> None:
    send(*many(300))
    fold()
    statements: list[str] = []
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        bar = max(latency_histogram(session, ASKED[0]), key=lambda each: each.requests)
        connection = session.connection()
        event.listen(
            connection, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        wanted = LatencyRange(bar.from_ms, bar.to_ms)
        total = request_lists.count_requests(session, ASKED[0], wanted, actor=actor)
    assert total == bar.requests
    assert (
        len([each for each in statements if "FROM settings" not in each]) == 1
    )  # of the sums, whose raw rows are those of the period's ends
