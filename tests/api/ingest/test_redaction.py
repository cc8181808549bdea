"""Redaction: changed by administrators, applied to every text of every kind of row, and off by
default.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.activity.schemas import NewEvent
from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.ingest import redaction
from core.ingest.rows import RowSource
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

AT = "2026-11-20T09:30:00Z"
WHO = "Ada <ada.lovelace@example.com>, +49 170 1234567, 4111 1111 1111 1111, ORD-77"
LEFT = "Ada <[email]>, [phone], [card], [order]"
RULES = {"mode": "mask", "patterns": [{"name": "order", "pattern": "ORD-[0-9]+"}]}
INNER = {"deep": [{"who": WHO}]}
# Each kind with that text wherever a person's words may stand.
ROWS: dict[str, dict[str, Any]] = {
    "events": {
        "event_type": "a.b",
        "event_data": INNER,
        "error_message": WHO,
        "user_agent": WHO,
        "odd": WHO,
        "created_at": AT,
    },
    "ai-requests": {
        "model": "m",
        "error_message": WHO,
        "tool_calls": [{"name": "t", "arguments": INNER}],
        "steps": [{"name": WHO}],
        "odd": INNER,
    },
    "conversations": {
        "id": "c",
        "title": WHO,
        "context": INNER,
        "odd": WHO,
        "messages": [
            {
                "id": "m",
                "role": "user",
                "content": WHO,
                "tool_calls": [INNER],
                "error": WHO,
                "metadata": INNER,
                "odd": WHO,
                "created_at": AT,
            }
        ],
    },
    "feedback": {"rating": 1, "comment": WHO, "edited_text": WHO, "odd": INNER},
    "batch-runs": {
        "batch_run_id": "b",
        "started_at": AT,
        "status": "failed",
        "error_summary": WHO,
        "triggered_by": WHO,
        "odd": WHO,
    },
    "documents": {
        "id": "d",
        "title": WHO,
        "content": WHO,
        "tags": [WHO],
        "source": WHO,
        "metadata": INNER,
        "odd": WHO,
    },
    "memories": {"id": "k", "content": WHO, "metadata": INNER, "odd": WHO},
    "users": {"id": "u", "email": WHO, "display_name": WHO, "traits": INNER, "odd": WHO},
}
PERSONAL = ("ada.lovelace@example.com", "170 1234567", "4111 1111", "ORD-77")


@pytest.fixture(autouse=True)
def forgotten(database: Postgres) -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


@pytest.fixture
def program(address: str) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as client:
        yield client


def everything() -> str:
    """Return all that stands in any table of either database, but for settings and their
    history.
    """
    found: list[str] = []
    for database in Database:
        with transaction(database) as session:
            names = session.scalars(
                text("select tablename from pg_tables where schemaname = 'public'")
            ).all()
            for name in set(names) - {"settings", "audit_log"}:
                found += session.scalars(
                    text(f"select row_to_json(t)::text from {name} as t")
                ).all()
    return "\n".join(found)


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_nothing_personal_is_stored_anywhere(
    client: Client, program: httpx2.Client, kind: str
) -> None:
    assert client(person()).put("/admin/redaction", json=RULES).status_code == 200
    assert program.post(f"/{kind}", json=ROWS[kind]).json()["accepted"] == 1
    kept = everything()
    assert LEFT in kept
    assert [word for word in PERSONAL if word in kept] == []


def test_nothing_personal_comes_in_by_spans_either(client: Client, address: str) -> None:
    client(person()).put("/admin/redaction", json=RULES)
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": WHO}]}])
    facts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.conversation.id": "c",
        "gen_ai.input.messages": said,
    }
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "chat",
        "startTimeUnixNano": "1795167000000000000",
        "endTimeUnixNano": "1795167001000000000",
        "status": {"code": 2, "message": WHO},
        "attributes": [
            {"key": name, "value": {"stringValue": value}} for name, value in facts.items()
        ],
    }
    with caller(address, bearing(api_key())) as exporter:
        answer = exporter.post(
            "/otlp/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        )
    assert answer.status_code == 200
    kept = everything()
    assert LEFT in kept
    assert [word for word in PERSONAL if word in kept] == []


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_off_at_first_it_changes_nothing(program: httpx2.Client, kind: str) -> None:
    assert program.post(f"/{kind}", json=ROWS[kind]).json()["accepted"] == 1
    assert WHO in everything()


def test_a_row_that_is_sent_again_is_still_the_same(client: Client, program: httpx2.Client) -> None:
    client(person()).put("/admin/redaction", json=RULES | {"mode": "hash"})
    for expected in (1, 0):
        assert (
            program.post("/conversations", json=ROWS["conversations"]).json()["accepted"]
            == expected
        )


def test_switched_off_again_it_is_off_at_once(client: Client, program: httpx2.Client) -> None:
    boss = client(person())
    boss.put("/admin/redaction", json=RULES)
    boss.put("/admin/redaction", json=RULES | {"mode": "off"})
    program.post("/documents", json=ROWS["documents"])
    assert WHO in everything()


def test_the_rules_are_read_as_they_were_written(client: Client) -> None:
    boss = client(person())
    assert boss.get("/admin/redaction").json() == {
        "mode": "off",
        "email": True,
        "phone": True,
        "card": True,
        "patterns": [],
    }
    written = boss.put("/admin/redaction", json=RULES | {"phone": False}).json()
    assert boss.get("/admin/redaction").json() == written
    assert written["patterns"] == RULES["patterns"]
    assert boss.get("/admin/audit").json()["items"][0]["action"] == "redaction.change"


@pytest.mark.parametrize("pattern", ["(", "(?<=a)b", "a*"])
def test_a_bad_pattern_is_refused_in_words(client: Client, pattern: str) -> None:
    answer = client(person()).put(
        "/admin/redaction", json={"mode": "mask", "patterns": [{"name": "a", "pattern": pattern}]}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "patterns.0.pattern"
    assert "pattern" in answer.json()["errors"][0]["message"]


def test_rules_can_be_tried_on_a_text(client: Client) -> None:
    answer = client(person()).post("/admin/redaction/preview", json={"text": WHO, "rules": RULES})
    assert answer.json() == {"text": LEFT}
    assert client(person()).post(
        "/admin/redaction/preview", json={"text": WHO, "rules": {}}
    ).json() == {"text": WHO}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_others_may_neither_read_nor_change_them(client: Client, role: Role) -> None:
    other = client(person(role))
    assert other.get("/admin/redaction").status_code == 403
    assert other.put("/admin/redaction", json=RULES).status_code == 403


def test_a_row_that_is_nested_too_deeply_is_refused_alone(
    client: Client, program: httpx2.Client
) -> None:
    client(person()).put("/admin/redaction", json=RULES)
    deep = '{"a":' * 900 + "1" + "}" * 900
    body = (
        f'{{"items": [{{"id": "a", "content": "x"}}, {{"id": "b", "content": "x", "metadata": '
        f"{deep}}}]}}"
    )
    answer = program.post("/documents", content=body.encode())
    assert answer.status_code == 202
    assert answer.json()["accepted"] >= 1


def test_off_no_row_is_looked_at(database: Postgres) -> None:
    rows = [NewEvent(event_type="a", event_data={"a": "b"})]
    source = RowSource(environment="production", zone="UTC")
    assert source.cleaned(rows) is rows
