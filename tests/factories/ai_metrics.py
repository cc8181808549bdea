"""AI requests as the product sends them, and their figures computed by hand."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.ai_metrics import jobs
from core.ai_metrics.ingest import requests as ingest
from core.ai_metrics.schemas import NewRequest
from core.database import partitions, settings
from core.database.db import transaction
from core.ingest.rows import RowSource

START = datetime(2026, 3, 26, tzinfo=UTC)
ANY: dict[str, Any] = {"provider": "acme", "model": "a", "cost_usd": Decimal("0.001")}


def moment(text: str) -> datetime:
    """Parse a UTC time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def request(at: str | datetime, **fields: Any) -> NewRequest:  # noqa: ANN401  whatever a request may have
    """Return a request at a time."""
    return NewRequest(created_at=moment(at) if isinstance(at, str) else at, **(ANY | fields))


def send(*requests: NewRequest, zone: str = "UTC", environment: str = "production") -> None:
    """Store requests as one batch."""
    partitions.create_for(
        "ai_request_metrics", [each.created_at for each in requests if each.created_at is not None]
    )
    with transaction() as session:
        ingest.store(session, list(requests), RowSource(environment=environment, zone=zone))


def fold(zone: str = "UTC") -> None:
    """Fold the deltas for the days of a zone."""
    with transaction() as session:
        settings.write(session, settings.Workspace(reporting_time_zone=zone), by=None)
    jobs.fold(0)


def many(count: int, *, days: int = 5, seed: int = 7) -> list[NewRequest]:
    """Return varied requests over several days: some failed, pending, unpriced, instant or with
    negative durations.
    """
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        status = chance.choices(["ok", "error", "pending"], [8, 2, 1])[0]
        latency = chance.choice(
            [0, -5, None, *(int(chance.lognormvariate(7, 1.5)) for _ in range(12))]
        )
        made.append(
            request(
                START + timedelta(seconds=chance.randrange(days * 86_400)),
                provider=chance.choice(["acme", "umbra"]),
                model=chance.choice(["a", "b"]),
                status=status,
                error_type=chance.choice(["timeout", "rate_limit"]) if status == "error" else None,
                total_latency_ms=latency,
                first_token_ms=None if latency is None else latency // 3,
                input_tokens=chance.choice([None, chance.randrange(2000)]),
                output_tokens=chance.randrange(500),
                cached_tokens=chance.randrange(50),
                cost_usd=chance.choice([None, Decimal(chance.randrange(10**6)).scaleb(-8)]),
                app=chance.choice(["web", "phone"]),
                release=chance.choice(["1", "2"]),
                user_id=f"u{chance.randrange(5)}",
                conversation_id=f"c{chance.randrange(9)}",
            )
        )
    return made


def rank(values: Sequence[int], q: float) -> int | None:
    """Return the value at rank ceil(q * n); negative values count as zero."""
    ordered = sorted(max(0, each) for each in values)
    return ordered[max(1, math.ceil(q * len(ordered))) - 1] if ordered else None


def near(value: int | None) -> Any:  # noqa: ANN401  what pytest compares with
    """Return what a percentile from rollups may be: within 1%, rounded to milliseconds."""
    return None if value is None else pytest.approx(value, rel=0, abs=0.01 * value + 0.5)


def by_hand(requests: Sequence[NewRequest]) -> dict[str, Any]:
    """Return the figures of requests, counted one by one."""
    ended = [each for each in requests if each.status != "pending"]
    latencies = [each.total_latency_ms for each in ended if each.total_latency_ms is not None]
    firsts = [each.first_token_ms for each in ended if each.first_token_ms is not None]
    errors = sum(each.status == "error" for each in requests)
    return {
        "total_requests": len(requests),
        "pending_requests": len(requests) - len(ended),
        "error_count": errors,
        "error_rate": errors / len(ended) if ended else None,
        "input_tokens": sum(each.input_tokens or 0 for each in requests),
        "output_tokens": sum(each.output_tokens or 0 for each in requests),
        "cached_tokens": sum(each.cached_tokens or 0 for each in requests),
        "total_tokens": sum(
            (each.input_tokens or 0) + (each.output_tokens or 0) for each in requests
        ),
        "cost_usd": sum((each.cost_usd or Decimal(0) for each in requests), Decimal(0)),
        "unpriced_requests": sum(each.cost_usd is None for each in requests),
        "avg_latency_ms": round(sum(latencies) / len(latencies)) if latencies else None,
        "p50_latency_ms": rank(latencies, 0.5),
        "p95_latency_ms": rank(latencies, 0.95),
        "p99_latency_ms": rank(latencies, 0.99),
        "avg_first_token_ms": round(sum(firsts) / len(firsts)) if firsts else None,
    }


def inside(requests: Sequence[NewRequest], start: datetime, end: datetime) -> list[NewRequest]:
    """Return the requests of a period."""
    return [
        each for each in requests if each.created_at is not None and start <= each.created_at < end
    ]
