"""Random bodies on every ingest route: never a 500, and valid rows next to invalid ones
are stored.
"""

import gzip
import json
from random import Random
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.keys import api_key, bearing

GOOD: dict[str, dict[str, Any]] = {
    "events": {"event_type": "fuzz.good"},
    "ai-requests": {"model": "m", "provider": "p", "input_tokens": 5},
    "conversations": {
        "messages": [
            {"id": "m", "role": "user", "content": "x", "created_at": "2026-11-20T00:00:00Z"}
        ]
    },
    "feedback": {"rating": 1, "conversation_id": "c"},
    "batch-runs": {"status": "running", "started_at": "2026-11-20T00:00:00Z"},
    "documents": {"content": "x"},
    "memories": {"content": "x"},
    "users": {"traits": {"a": 1}},
    "scores": {"name": "n", "value": 0.5, "conversation_id": "c"},
}
TABLES = {
    "events": "user_activity_events",
    "ai-requests": "ai_request_metrics",
    "conversations": "conversations",
    "feedback": "ai_feedback",
    "batch-runs": "batch_run_history",
    "documents": "ai_kb_documents",
    "memories": "ai_memories",
    "users": "users",
    "scores": "message_scores",
}
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1e308,
    -0.0,
    "",
    "x" * 129,
    "x" * 200_000,
    "\0",
    "a\0b",
    "\ud800",
    "\udc00\ud800",
    "\U0010ffff",
    "0001-01-01T00:00:00Z",
    "99999-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-11-20T00:00:00",
    "2026-11-20T00:00:00+25:00",
    "not a date",
    [],
    [[]],
    {},
    {"a": "\0", "\ud800": [1e999]},
    ["x"] * 500,
)
SHARED = ("id", "created_at", "user_id", "environment", "app", "unknown")
FIELDS = {
    "events": (*SHARED, "event_type", "event_data", "session_id", "error_code"),
    "ai-requests": (
        *SHARED,
        "model",
        "cost_usd",
        "input_tokens",
        "total_latency_ms",
        "tool_calls",
        "steps",
        "status",
    ),
    "conversations": (*SHARED, "messages", "context", "title", "status", "updated_at"),
    "feedback": (*SHARED, "rating", "scale", "comment", "message_id", "conversation_id"),
    "batch-runs": (
        *SHARED,
        "status",
        "batch_job",
        "started_at",
        "completed_at",
        "phase_durations",
        "total_jobs",
    ),
    "documents": (*SHARED, "content", "title", "tags", "status", "metadata", "updated_at"),
    "memories": (*SHARED, "content", "kind", "confidence", "source_message_id", "metadata"),
    "users": (*SHARED, "email", "traits", "updated_at"),
    "scores": (*SHARED, "name", "value", "label", "source", "message_id", "cost_usd", "evaluator"),
}


@pytest.fixture
def http(address: str, database: Postgres) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"{address}/api/v1/ingest", headers=bearing(api_key()), trust_env=False, timeout=60
    )


@pytest.mark.parametrize("bodies", [300, pytest.param(10_000, marks=pytest.mark.prove)])
def test_no_body_breaks_a_route_and_no_good_row_is_lost(http: httpx2.Client, bodies: int) -> None:
    with http:
        for number in range(bodies):
            chance = Random(number)
            kind = chance.choice(list(GOOD))
            if chance.random() < 0.3:
                assert post(http, kind, garbage(kind, chance), chance).status_code < 500, number
            else:
                check_rows(http, kind, chance, number)


def check_rows(http: httpx2.Client, kind: str, chance: Random, number: int) -> None:
    good = [row(kind) for _ in range(chance.randint(1, 4))]
    bad = [spoilt(kind, chance) for _ in range(chance.randint(1, 3))]
    mixed = chance.sample(good + bad, len(good + bad))
    answer = post(http, kind, written(mixed, chance), chance)
    assert answer.status_code == 202, (number, answer.text)
    body = answer.json()
    assert body["accepted"] + body["duplicates"] + len(body["rejected"]) == len(mixed), number
    table, name = TABLES[kind], "batch_run_id" if kind == "batch-runs" else "external_id"
    with transaction(
        Database.AI if table.startswith("ai_") and kind != "ai-requests" else Database.CORE
    ) as session:
        wanted = text(f"select count(*) from {table} where {name} = any(:ids)")
        assert session.scalar(wanted, {"ids": [it["id"] for it in good]}) == len(good), number


def row(kind: str) -> dict[str, Any]:
    name = new_id().hex
    more = {"batch_run_id": name} if kind == "batch-runs" else {}
    return {**GOOD[kind], **more, "id": name, "created_at": clock.now().isoformat()}


def spoilt(kind: str, chance: Random) -> Any:  # noqa: ANN401  any JSON
    if chance.random() < 0.1:
        return chance.choice(VALUES)
    spoilt_row = row(kind)
    for _ in range(chance.randint(1, 3)):
        spoilt_row[chance.choice(FIELDS[kind])] = chance.choice(VALUES)
    return spoilt_row


def written(rows: list[Any], chance: Random) -> tuple[bytes, str]:
    if chance.random() < 0.5:
        return json.dumps({"items": rows}).encode(), "application/json"
    return b"\n".join(json.dumps(it).encode() for it in rows), "application/x-ndjson"


def garbage(kind: str, chance: Random) -> tuple[bytes, str]:
    body = bytearray(written([row(kind) for _ in range(3)], chance)[0])
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(body))
        match chance.randrange(3):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randrange(40)]
            case _:
                body[place:place] = chance.choice(
                    [b"[" * 5000, b"\xff\xfe", b'{"a":' * 3000, b"\x00", b"9" * 5000, b"}", b'"']
                )
    return bytes(body), chance.choice(["application/json", "application/x-ndjson", "text/plain"])


def post(
    http: httpx2.Client, kind: str, written_body: tuple[bytes, str], chance: Random
) -> httpx2.Response:
    body, content_type = written_body
    headers = {"Content-Type": content_type}
    if chance.random() < 0.3:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if chance.random() < 0.1:
            body = body[: chance.randrange(len(body))] + b"x"
            answer = http.post(f"/{kind}", content=body, headers=headers)
            assert answer.status_code in (202, 422)
            body = gzip.compress(written_body[0])
    return http.post(f"/{kind}", content=body, headers=headers)
