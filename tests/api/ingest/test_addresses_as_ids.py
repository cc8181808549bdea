"""E-mail addresses that senders use as ids of users and sessions: hashed before anything is stored,
and still one user each.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.ingest import redaction
from core.platform import clock
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.spans import CHAT, packed, span

ADA, ADAS, BOB = "ada@example.com", "Ada@Example.com", "bob@example.com"
NOW = clock.now().isoformat()
TABLES = {
    Database.CORE: (
        "users",
        "user_activity_events",
        "funnel_parts",
        "ai_request_metrics",
        "conversations",
        "messages",
        "subjects",
    ),
    Database.AI: ("ai_feedback", "ai_memories"),
}


@pytest.fixture(autouse=True)
def forgotten(database: Postgres) -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


@pytest.fixture
def program(address: str, boss: httpx2.Client) -> Iterator[httpx2.Client]:
    with caller(address, bearing(api_key())) as client:
        yield client


def choose(boss: httpx2.Client, **rules: Any) -> None:  # noqa: ANN401  any rule
    assert boss.put("/admin/redaction", json=rules).status_code == 200
    redaction.redactor_cache.clear()


def send(program: httpx2.Client, user: str) -> None:
    rows: dict[str, dict[str, Any]] = {
        "users": {"id": user},
        "events": {
            "event_type": "onboarding.register_start",
            "user_id": user,
            "session_id": f"web-{user}-1",
            "created_at": NOW,
        },
        "ai-requests": {"model": "m", "user_id": user},
        "conversations": {"id": f"c{len(user)}", "user_id": user, "messages": []},
        "feedback": {"rating": 1, "user_id": user},
        "memories": {"id": "k", "user_id": user, "content": "x"},
    }
    for kind, row in rows.items():
        answer = program.post(f"/api/v1/ingest/{kind}", json=row)
        assert (answer.status_code, answer.json()["rejected"]) == (202, []), kind
    traced = span(CHAT | {"user.id": user})
    assert program.post(
        "/otlp/v1/traces",
        content=packed(traced),
        headers={"Content-Type": "application/x-protobuf"},
    ).is_success


def everything() -> str:
    found = []
    for database, tables in TABLES.items():
        with transaction(database) as session:
            found += [
                session.execute(text(f"select json_agg(t)::text from {table} as t")).scalar_one()
                for table in tables
            ]
    return json.dumps(found)


def users() -> list[str]:
    with transaction() as session:
        return list(
            session.scalars(
                text("select external_id from users order by first_seen_at, external_id")
            )
        )


@pytest.mark.parametrize("mode", ["mask", "hash"])
def test_no_address_is_stored_and_each_user_is_still_one(
    boss: httpx2.Client, program: httpx2.Client, mode: str
) -> None:
    choose(boss, mode=mode)
    for user in (ADA, ADAS, BOB):
        send(program, user)
    assert "example.com" not in everything().lower()
    assert len(users()) == 2
    assert all(name.startswith("[email:") for name in users())
    assert boss.get("/admin/onboarding/funnel").json()["steps"][0]["users"] == 2


def test_whoever_asks_by_the_address_finds_the_user_and_his_rows(
    boss: httpx2.Client, program: httpx2.Client
) -> None:
    choose(boss, mode="mask")
    send(program, ADA)
    found = boss.get(f"/admin/users/{ADA}").json()
    assert found["external_id"].startswith("[email:")
    assert len(boss.get(f"/admin/users/{ADA}/journey").json()["items"]) > 0
    assert boss.get("/admin/ai/requests", params={"user_id": ADA}).json()["total_count"] == 2
    assert boss.get("/admin/users", params={"q": ADA}).json()["total_count"] == 1
    assert boss.get(f"/admin/users/{BOB}").status_code == 404


def test_a_user_is_found_by_a_percent_encoded_address_as_his_program_sends_it(
    boss: httpx2.Client, program: httpx2.Client
) -> None:
    # Redaction hashes both forms alike
    choose(boss, mode="mask")
    sent = ADA.replace("@", "%40")
    program.post("/api/v1/ingest/users", json={"id": sent})
    assert boss.get("/admin/users", params={"q": sent}).json()["total_count"] == 1


def test_who_came_before_the_rule_is_found_as_well(
    boss: httpx2.Client, program: httpx2.Client
) -> None:
    send(program, ADA)
    choose(boss, mode="mask")
    assert boss.get(f"/admin/users/{ADA}").json()["external_id"] == ADA
    send(program, ADA)
    assert boss.get("/admin/ai/requests", params={"user_id": ADA}).json()["total_count"] == 4


@pytest.mark.parametrize("rules", [{"mode": "off"}, {"mode": "mask", "email": False}])
def test_without_the_rule_ids_are_stored_as_they_are_sent(
    boss: httpx2.Client, program: httpx2.Client, rules: dict[str, Any]
) -> None:
    choose(boss, **rules)
    send(program, ADA)
    assert users() == [ADA]


@pytest.mark.parametrize("name", ["u-1", "+49 170 1234567", "4111 1111 1111 1111", "@ada", "a@b"])
def test_ids_that_are_no_addresses_stay(
    boss: httpx2.Client, program: httpx2.Client, name: str
) -> None:
    choose(boss, mode="mask")
    program.post("/api/v1/ingest/users", json={"id": name})
    assert users() == [name]
