"""Ingest: durable and rolled up when the 202 arrives, compared with an endpoint that only copies
rows.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2

from benchmarks import load
from benchmarks.program import Running, free_port
from benchmarks.report import Figure
from core.activity.queries.funnels.funnel import STEPS
from core.platform.config import ROOT

AT_ONCE = 8
ROWS = {1: 3_000, 100: 80_000, 1_000: 200_000}
LIMITS = {
    "events": {1: 1_000, 100: 10_000, 1_000: 18_000},
    "ai-requests": {1: 1_000, 100: 20_000, 1_000: 50_000},
}
P99_OF_100_MS = 150
DAYS = 3
TYPES = (*STEPS, "chat.feedback_given", "page.view", "page.view", "app.click")
MODELS = [("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5")] + [
    ("acme", f"m{n}") for n in range(17)
]

_numbers = count()


def measure(program: Running) -> list[Figure]:
    """Return rows per second of events, of AI requests, and of the bare endpoint."""
    token = sender(program)
    figures = []
    for kind, row in KINDS.items():
        for batch, rows in ROWS.items():
            with _bare(program) as bare:
                peer = _rate(bare, "/", "none", row, batch, rows // 2)
            ours = rate(program, token, kind, batch)
            limit = LIMITS[kind][batch]
            note = f"{ours.rows / peer.rows:.0%} of a bare COPY ({peer.rows:,.0f})"
            figures.append(
                Figure(
                    f"{kind} in batches of {batch:,}",
                    ours.rows,
                    "rows/s",
                    limit,
                    at_least=True,
                    note=note,
                )
            )
            if batch == 100:
                figures.append(
                    Figure(
                        f"{kind} in batches of 100: p99 of a batch",
                        ours.p99_ms,
                        "ms",
                        P99_OF_100_MS,
                    )
                )
    return figures


def rate(program: Running, token: str, kind: str, batch: int) -> "Rate":
    """Send rows of a kind in batches, eight at once, and return the rate."""
    return _rate(program.port, f"/api/v1/ingest/{kind}", token, KINDS[kind], batch, ROWS[batch])


def sender(program: Running) -> str:
    """Return an API key for ingest."""
    given = {"name": "bench", "scopes": ["ingest"]}
    made = httpx2.post(
        f"{program.address}/api/v1/admin/api-keys",
        json=given,
        headers=program.headers,
        trust_env=False,
    )
    key: str = made.raise_for_status().json()["key"]
    return key


def event(at: datetime) -> dict[str, Any]:
    """Return a typical event."""
    number = next(_numbers)
    who = {"user_id": f"u{random.randint(1, 50_000)}"} if random.random() < 0.6 else {}
    return {
        "id": f"e{time.time_ns()}-{number}",
        "event_type": random.choice(TYPES),
        "session_id": f"s{random.randint(1, 100_000)}",
        "event_data": {"page": "/plans", "plan": "team"},
        "created_at": at.isoformat(),
        **who,
    }


def ai_request(at: datetime) -> dict[str, Any]:
    """Return a typical AI request."""
    number, (provider, model) = next(_numbers), random.choice(MODELS)
    latency = int(random.lognormvariate(7, 0.8))
    return {
        "id": f"r{time.time_ns()}-{number}",
        "provider": provider,
        "model": model,
        "operation": "chat",
        "user_id": f"u{random.randint(1, 50_000)}",
        "input_tokens": random.randint(10, 4_000),
        "output_tokens": random.randint(1, 900),
        "first_token_ms": latency // 5,
        "total_latency_ms": latency,
        "created_at": at.isoformat(),
    }


KINDS = {"events": event, "ai-requests": ai_request}


class Rate:
    """Rows per second, and the 99th percentile of batch times."""

    def __init__(self, timings: load.Timings, batch: int) -> None:
        """Read the timings."""
        self.rows = timings.per_second * batch
        self.p99_ms = timings.percentile(99)


def _rate(port: int, path: str, key: str, row: Any, batch: int, rows: int) -> Rate:  # noqa: ANN401  a maker of rows
    bodies = (
        {"items": [row(_moment()) for _ in range(batch)]}
        for _ in range(max(AT_ONCE, rows // batch))
    )
    requests = [load.Target(port, path, key, body).request() for body in bodies]
    asyncio.run(load.each(port, requests[: AT_ONCE * 2], at_once=AT_ONCE))
    return Rate(
        asyncio.run(load.each(port, requests[AT_ONCE * 2 :] or requests, at_once=AT_ONCE)), batch
    )


def _moment() -> datetime:
    """Return an event time: in the last ten minutes, or for one in twenty some days ago."""
    late = timedelta(days=DAYS * random.random()) if random.random() < 0.05 else timedelta()
    return datetime.now(UTC) - timedelta(minutes=10 * random.random()) - late


@contextmanager
def _bare(program: Running) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingest.bare_endpoint", str(program.data), str(port)],
        cwd=ROOT,
    )
    try:
        for _ in range(200):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False)
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)
