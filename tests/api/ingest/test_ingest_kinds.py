"""Every kind of row follows the same rules: one, many, lines; replays count once; errors name the
field.
"""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api.routes.ingest.examples import EXAMPLES, body
from api.routes.ingest.rows import KINDS
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Scope
from tests.api.conftest import caller
from tests.factories.keys import api_key, bearing

LINES = {"Content-Type": "application/x-ndjson"}
TABLES = {
    "conversations": (Database.CORE, "conversations"),
    "users": (Database.CORE, "users"),
    "batch-runs": (Database.CORE, "batch_run_history"),
    "feedback": (Database.AI, "ai_feedback"),
    "documents": (Database.AI, "ai_kb_documents"),
    "memories": (Database.AI, "ai_memories"),
    "scores": (Database.CORE, "message_scores"),
}
every_kind = pytest.mark.parametrize("kind", sorted(TABLES))


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as client:
        yield client


def row(kind: str, number: int = 0, /, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    name = "batch_run_id" if kind == "batch-runs" else "id"
    return EXAMPLES[kind] | {name: f"row {number}"} | more


def count(kind: str, where: str = "true") -> int:
    database, table = TABLES[kind]
    with transaction(database) as session:
        return session.scalar(text(f"select count(*) from {table} where {where}")) or 0


@every_kind
def test_the_line_of_the_reference_is_taken(program: httpx2.Client, kind: str) -> None:
    # The example was {}, which is rejected
    content = body(kind, KINDS[kind].row)["requestBody"]["content"]["application/x-ndjson"]
    answer = program.post(f"/{kind}", content=content["schema"]["example"], headers=LINES)
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}


@every_kind
def test_the_example_of_the_reference_is_taken(program: httpx2.Client, kind: str) -> None:
    answer = program.post(f"/{kind}", json=EXAMPLES[kind])
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert count(kind) == 1


@every_kind
def test_a_row_that_is_sent_again_is_a_duplicate(program: httpx2.Client, kind: str) -> None:
    items = {"items": [row(kind, number, created_at="2026-11-20T09:30:00Z") for number in range(5)]}
    assert program.post(f"/{kind}", json=items).json()["accepted"] == 5
    assert program.post(f"/{kind}", json=items).json() == {
        "accepted": 0,
        "duplicates": 5,
        "rejected": [],
    }
    assert count(kind) == 5


@every_kind
def test_lines_come_packed_too_and_the_bad_ones_are_named(
    program: httpx2.Client, kind: str
) -> None:
    lines = [json.dumps(row(kind, number)).encode() for number in range(4)]
    lines[1] = b'{"id": 1}'
    lines[2] = b"no json"
    answer = program.post(
        f"/{kind}",
        content=gzip.compress(b"\n".join(lines)),
        headers=LINES | {"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [each["index"] for each in answer.json()["rejected"]] == [1, 2]
    assert count(kind) == 2


@every_kind
def test_a_nul_costs_nothing(program: httpx2.Client, kind: str) -> None:
    given = json.dumps(row(kind, unknown={"a\0b": ["c\0d"]}))
    assert program.post(f"/{kind}", content=given.encode()).json()["accepted"] == 1


@every_kind
def test_an_id_has_128_characters_at_most(program: httpx2.Client, kind: str) -> None:
    name = "batch_run_id" if kind == "batch-runs" else "id"
    items = [row(kind) | {name: "x" * 128}, row(kind) | {name: "x" * 129}, row(kind) | {name: ""}]
    answer = program.post(f"/{kind}", json={"items": items}).json()
    assert answer["accepted"] == 1
    assert [each["index"] for each in answer["rejected"]] == [1, 2]
    assert all(each["error"].startswith(f"{name}:") for each in answer["rejected"])


@every_kind
def test_a_row_from_the_future_is_rejected(program: httpx2.Client, kind: str) -> None:
    answer = program.post(f"/{kind}", json=row(kind, created_at="2099-01-01T00:00:00Z")).json()
    assert answer["accepted"] == 0
    assert answer["rejected"][0]["error"].startswith("created_at: in_future")


@every_kind
def test_many_at_once_store_each_row_once(program: httpx2.Client, kind: str) -> None:
    bodies = [
        {"items": [row(kind, number % 20) for number in range(first, first + 15)]}
        for first in range(0, 40, 5)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: program.post(f"/{kind}", json=body), bodies))
    assert {answer.status_code for answer in answers} == {202}
    assert count(kind) == 20


@every_kind
def test_only_keys_that_may_send_do(address: str, database: Postgres, kind: str) -> None:
    with caller(f"{address}/api/v1/ingest", bearing(api_key(Scope.READ))) as reader:
        assert reader.post(f"/{kind}", json=row(kind)).status_code == 403
    with caller(f"{address}/api/v1/ingest") as nobody:
        assert nobody.post(f"/{kind}", json=row(kind)).status_code == 401
    assert count(kind) == 0


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        (
            "conversations",
            {"messages": [{"id": "a", "role": "bot", "created_at": "2026-11-20T00:00:00Z"}]},
            "messages[0].role",
        ),
        ("conversations", {"messages": [{"id": "a", "role": "user"}]}, "messages[0]"),
        ("conversations", {"messages": {"id": "a"}}, "messages"),
        ("conversations", {"status": "asleep"}, "status"),
        ("feedback", {"rating": 6}, "rating"),
        ("feedback", {"rating": 0}, "rating"),
        ("feedback", {"rating": 3, "scale": "thumbs"}, "rating"),
        ("feedback", {"rating": "good"}, "rating"),
        ("scores", {"value": None, "label": None}, "value"),
        ("scores", {"value": "good"}, "value"),
        ("scores", {"message_id": None, "conversation_id": None}, "message_id"),
        ("scores", {"source": "rumour"}, "source"),
        ("scores", {"cost_usd": -1}, "cost_usd"),
        ("batch-runs", {"started_at": "yesterday"}, "started_at"),
        ("batch-runs", {"total_jobs": -1}, "total_jobs"),
        ("documents", {"tags": "one"}, "tags"),
        ("documents", {"status": "secret"}, "status"),
        ("memories", {"confidence": 1.5}, "confidence"),
        ("memories", {"kind": "rumour"}, "kind"),
        ("users", {"traits": []}, "traits"),
    ],
)
def test_a_wrong_field_is_named_and_costs_no_other_row(
    program: httpx2.Client, kind: str, wrong: dict[str, Any], field: str
) -> None:
    answer = program.post(
        f"/{kind}", json={"items": [row(kind, 1), row(kind, 2, **wrong), row(kind, 3)]}
    ).json()
    assert answer["accepted"] == 2
    assert [(each["index"], each["error"].partition(":")[0]) for each in answer["rejected"]] == [
        (1, field)
    ]


def test_feedback_with_an_id_needs_its_time(program: httpx2.Client) -> None:
    answer = program.post("/feedback", json={"id": "f", "conversation_id": "c", "rating": 1}).json()
    assert answer["rejected"][0]["error"].startswith("created_at")
    assert (
        program.post("/feedback", json={"conversation_id": "c", "rating": 1}).json()["accepted"]
        == 1
    )
