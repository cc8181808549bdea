"""The trash: a deleted session is missing, until its owner restores it or a job deletes it."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role
from core.playground.jobs import empty_trash
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of

TEXTS = "coalesce(prompt, system_prompt, messages, context, response, tool_executions)"


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


@pytest.fixture
def deleted(one: Person, mine: httpx2.Client) -> str:
    """Return the address of a session in the trash."""
    address = f"/sessions/{answered(one.actor, 'a secret').session_id}"
    mine.patch(address, json={"description": "b secret", "project": "c", "tags": ["d"]})
    assert mine.delete(address).status_code == 204
    return address


def trash(mine: httpx2.Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = mine.get("/sessions", params={"trash": True}).json()["sessions"]
    return rows


def age(days: float) -> None:
    """Have everything in the trash been deleted that much earlier."""
    with transaction() as session:
        session.execute(
            text("update playground_sessions set deleted_at = deleted_at - :age"),
            {"age": timedelta(days=days)},
        )


def counted(question: str) -> int:
    with transaction() as session:
        return int(session.execute(text(f"select count(*) from {question}")).scalar_one())


def test_a_deleted_session_is_missing_and_in_the_trash_of_its_owner(
    client: Client, mine: httpx2.Client, deleted: str
) -> None:
    assert mine.get(deleted).status_code == mine.get(f"{deleted}/history").status_code == 404
    assert mine.get("/sessions").json()["total_count"] == 0
    assert mine.get("/sessions", params={"q": "secret"}).json()["total_count"] == 0
    [row] = trash(mine)
    assert deleted.endswith(row["session_id"])
    assert (row["name"], row["message_count"], row["tags"]) == ("a secret", 2, ["d"])
    assert row["deleted_at"] < row["erased_after"]
    assert trash(client(person())) == []


def test_a_restored_session_is_as_it_was(one: Person, mine: httpx2.Client, deleted: str) -> None:
    restored = mine.post(f"{deleted}/restore")
    assert (restored.status_code, restored.json()["description"]) == (200, "b secret")
    assert trash(mine) == []
    said = messages_of(one.actor, restored.json()["session_id"])
    assert said[0].content == "a secret"
    assert mine.post(f"{deleted}/restore").status_code == 404


def test_only_its_owner_restores_or_deletes_it(
    client: Client, mine: httpx2.Client, deleted: str
) -> None:
    other = client(person())
    assert other.post(f"{deleted}/restore").status_code == 404
    assert other.delete(deleted, params={"permanently": True}).status_code == 404
    assert len(trash(mine)) == 1


def test_its_id_is_not_used_for_another_session(mine: httpx2.Client, deleted: str) -> None:
    body = {"message": "x", "model": "fake:echo", "session_id": deleted.rpartition("/")[2]}
    assert mine.post("/admin/playground/chat", json=body).status_code == 404
    assert len(trash(mine)) == 1


def test_deleting_for_good_leaves_no_text(mine: httpx2.Client, deleted: str) -> None:
    assert mine.delete(deleted, params={"permanently": True}).status_code == 204
    assert_erased(mine, deleted)


def test_a_session_is_deleted_for_good_without_the_trash(one: Person, mine: httpx2.Client) -> None:
    address = f"/sessions/{answered(one.actor).session_id}"
    assert mine.delete(address, params={"permanently": True}).status_code == 204
    assert_erased(mine, address)


def assert_erased(mine: httpx2.Client, address: str) -> None:
    assert trash(mine) == []
    assert mine.get(address).status_code == mine.post(f"{address}/restore").status_code == 404
    assert counted("playground_messages") == 0
    details = "coalesce(name, description, draft, metadata) is not null or project is not null"
    assert counted(f"playground_sessions where {details} or tags <> '{{}}'") == 0
    assert counted(f"prompt_executions where {TEXTS} is not null") == 0
    assert counted("prompt_executions where total_tokens > 0") == 1


def test_the_job_deletes_for_good_what_was_deleted_a_week_ago(
    mine: httpx2.Client, deleted: str
) -> None:
    age(6.9)
    empty_trash(0)
    assert len(trash(mine)) == 1
    age(0.2)
    empty_trash(0)
    assert_erased(mine, deleted)


def test_the_days_in_the_trash_are_those_of_the_settings(
    client: Client, mine: httpx2.Client, deleted: str
) -> None:
    boss = client(person(Role.SUPER_ADMIN))
    boss.put("/admin/system/retention", json={"session_trash_days": 1}).raise_for_status()
    age(1.1)
    empty_trash(0)
    assert_erased(mine, deleted)


def test_the_job_leaves_restored_and_other_sessions(
    one: Person, mine: httpx2.Client, deleted: str
) -> None:
    answered(one.actor)
    age(8)
    mine.post(f"{deleted}/restore")
    empty_trash(0)
    assert counted("playground_messages") == 4


def test_restoring_and_deleting_for_good_are_in_the_audit_log(
    mine: httpx2.Client, deleted: str
) -> None:
    mine.post(f"{deleted}/restore")
    mine.delete(deleted, params={"permanently": True})
    log = mine.get("/admin/audit", params={"action": "playground"}).json()["items"]
    actions = ["erase", "delete", "restore", "delete"]
    assert [row["action"] for row in log] == [f"playground.{action}" for action in actions]
