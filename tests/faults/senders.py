"""Programs that send rows while parts of the house are killed: what is not acknowledged is sent
again, as they would.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx2

from core.activity.queries.funnels.funnel import STEPS
from tests.faults.program import Program

BATCH = 40
KINDS = ("events", "ai-requests")


class Senders:
    """Eight of them, each with a connection of its own."""

    def __init__(
        self, program: Program, key: str, *, seed: int, event_types: Sequence[str] = STEPS
    ) -> None:
        """Send with a key that may."""
        self.program, self.key, self.event_types = program, key, event_types
        self.acknowledged: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self.stopping = threading.Event()
        self.broken: list[str] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(Random(seed * 100 + number), number))
            for number in range(8)
        ]

    def __enter__(self) -> "Senders":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, after the last batch of each was acknowledged."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(120)

    @property
    def count(self) -> int:
        """How many rows were acknowledged."""
        return sum(len(ids) for ids in self.acknowledged.values())

    def go_on(self, rows: int = 400) -> None:
        """Wait until so many more rows were acknowledged."""
        wanted, gives_up = self.count + rows, time.monotonic() + 300
        while self.count < wanted:
            assert not self.broken, self.broken
            assert time.monotonic() < gives_up, "nothing is acknowledged any more"
            time.sleep(0.02)

    def _send(self, chance: Random, number: int) -> None:
        with httpx2.Client(
            timeout=20, trust_env=False, headers={"Authorization": f"Bearer {self.key}"}
        ) as http:
            round_ = 0
            while not self.stopping.is_set():
                kind = KINDS[round_ % 2]
                rows = [
                    _row(kind, chance, f"{number}-{round_}-{index}", self.event_types)
                    for index in range(BATCH)
                ]
                self._send_until_taken(http, kind, rows)
                if chance.random() < 0.2:
                    self._send_until_taken(http, kind, rows[::-1])
                round_ += 1

    def _send_until_taken(self, http: httpx2.Client, kind: str, rows: list[dict[str, Any]]) -> None:
        for _ in range(3000):
            try:
                answer = http.post(
                    f"{self.program.address}/api/v1/ingest/{kind}", json={"items": rows}
                )
            except httpx2.HTTPError:
                time.sleep(0.1)
                continue
            if answer.status_code == 202:
                body = answer.json()
                if body["rejected"] or body["accepted"] + body["duplicates"] != len(rows):
                    self.broken.append(answer.text)
                with self._lock:
                    self.acknowledged[kind].update(row["id"] for row in rows)
                return
            if answer.status_code not in (401, 502, 503, 504):
                self.broken.append(f"{answer.status_code} {answer.text}")
                return
            time.sleep(0.1)
        self.broken.append("never taken")


def _row(kind: str, chance: Random, id_: str, event_types: Sequence[str]) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=chance.randint(0, 3 * 86_400))
    row: dict[str, Any] = {
        "id": f"{kind}-{id_}",
        "created_at": at.isoformat(),
        "user_id": f"u{chance.randint(1, 200)}",
    }
    if kind == "events":
        return row | {
            "event_type": chance.choice(event_types),
            "session_id": f"s{chance.randint(1, 300)}",
        }
    latency = chance.randint(1, 9000)
    return row | {
        "model": f"m{chance.randint(1, 5)}",
        "provider": "acme",
        "total_latency_ms": latency,
        "input_tokens": 10,
    }
