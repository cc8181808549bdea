"""What has no latency counts in none: neither as zero nor as the longest there is."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.ai_metrics.models import RequestDelta
from core.db import transaction
from tests.factories.requests import ai_requests

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_request_without_a_latency_is_in_no_latency() -> None:
    ai_requests({"created_at": NOON, "total_latency_ms": 20}, {"created_at": NOON})
    with transaction() as session:
        delta = session.scalars(select(RequestDelta)).one()
    assert (delta.requests, delta.latencies, delta.latency_ms, delta.first_tokens, delta.first_token_ms) == (2, 1, 20, 0, 0)
    assert (sum(each or 0 for each in delta.latency_histogram or []), delta.first_token_histogram) == (1, None)


def test_what_took_longer_than_a_day_counts_as_a_day() -> None:
    ai_requests({"created_at": NOON, "total_latency_ms": 86_400_001, "first_token_ms": 2**31 - 1})
    with transaction() as session:
        delta = session.scalars(select(RequestDelta)).one()
    assert (delta.latency_ms, delta.first_token_ms) == (86_400_000, 86_400_000)
