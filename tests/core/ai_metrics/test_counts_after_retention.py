"""A list of requests counts no rows that retention has deleted, though rollups still have them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from core.ai_metrics.queries import figures
from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.requests import LatencyRange, RequestOrder
from core.ai_metrics.views import AiMetricsQuery
from core.database import settings
from core.database.db import transaction
from core.database.paging import Window
from core.database.settings import Retention
from core.identity.schemas import Role
from core.presentation.periods import Period, last_days
from core.system.service import retention
from tests.factories.ai_metrics import fold, request, send
from tests.factories.history import days_ago
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
KEPT = 10  # days


@pytest.fixture
def query() -> AiMetricsQuery:
    """Return a query of 30 days with 5 requests each, most of which retention has deleted."""
    for ago in range(1, 31):
        send(
            *(
                request(
                    days_ago(ago) + number * timedelta(minutes=7),
                    total_latency_ms=None if number == 4 else 700 + number,
                    cost_usd=None if number == 3 else Decimal("0.01"),
                    tool_calls=[{"name": "refund", "error": "timeout"}],
                )
                for number in range(5)
            )
        )
    fold()
    with transaction() as session:
        session.execute(text("update ai_request_metrics set received_at = created_at"))
        settings.write(session, Retention(request_days=KEPT), by=None)
    retention.apply()
    return AiMetricsQuery(last_days(31, zone="UTC"))


def listed_and_counted(
    query: AiMetricsQuery, order: RequestOrder, latency: LatencyRange | None = None
) -> tuple[int, int]:
    actor = person(Role.ANALYST).actor
    with transaction() as session:
        total = request_lists.count_requests(session, query, latency, order, actor=actor)
        rows = request_lists.list_first(session, query, order, Window(200), latency, actor=actor)
    return len(rows), total


@pytest.mark.parametrize("order", RequestOrder)
def test_rows_that_retention_has_deleted_are_not_counted(
    query: AiMetricsQuery, order: RequestOrder
) -> None:
    # Rollups still count them: a list of 200 rows said that there were 1,500
    listed, counted = listed_and_counted(query, order)
    assert 0 < listed == counted < 60
    with transaction() as session:
        assert (
            figures.summary(session, query, actor=person(Role.ANALYST).actor).total_requests > 100
        )


def test_deleted_rows_of_a_latency_are_not_counted(query: AiMetricsQuery) -> None:
    listed, counted = listed_and_counted(query, RequestOrder.NEWEST, LatencyRange(700, 702))
    assert 0 < listed == counted < 30


def test_a_period_of_deleted_rows_has_none(query: AiMetricsQuery) -> None:
    gone = Period(query.period.start, query.period.start + timedelta(days=5))
    assert listed_and_counted(AiMetricsQuery(gone), RequestOrder.NEWEST) == (0, 0)
