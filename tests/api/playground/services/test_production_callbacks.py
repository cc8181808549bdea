"""Callbacks without a source answer messages of production, if their service may."""

from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role, Scope
from core.ingest import redaction
from core.platform import clock
from tests.api.conftest import Client, caller
from tests.chat_service import signed
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.services import call_back, register

MOST_MS = 2**31 - 1
PENDING = {"id": "m-2", "role": "assistant"}
FROM_PRODUCTION: dict[str, Any] = {"callback_params": {"message_id": "m-2", "customer_id": 7}}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    redaction.redactor_cache.clear()
    return client(person(Role.ADMIN))


@pytest.fixture
def secret(boss: httpx2.Client) -> str:
    return str(register(boss, production=True, is_active=False)["callback_secret"])


@pytest.fixture(autouse=True)
def conversation(address: str, boss: httpx2.Client) -> None:
    """Send what the product knows before the answer: a question, and a message without text."""
    question = {"id": "m-1", "role": "user", "content": "two and two?"}
    asked_at, pending_at = (clock.now() - timedelta(seconds=each) for each in (301, 300))
    messages = [question | at(asked_at), PENDING | at(pending_at)]
    send(address, id="c-1", messages=messages)


def at(time: datetime) -> dict[str, str]:
    return {"created_at": time.isoformat()}


def send(address: str, **conversation: object) -> None:
    headers = bearing(api_key(Scope.INGEST))
    with caller(f"{address}/api/v1", headers) as key:
        sent = key.post("/ingest/conversations", json={"items": [conversation]})
        assert sent.json()["accepted"] == 1, sent.text


def answer_of(boss: httpx2.Client, conversation: str = "c-1") -> dict[str, Any]:
    path = f"/admin/ai/tuning/conversations/{conversation}"
    answer: dict[str, Any] = boss.get(path).json()["messages"][-1]
    return answer


def test_an_answer_is_found_by_its_job_id(boss: httpx2.Client, secret: str) -> None:
    assert call_back(boss, secret, "m-2", callback_params={}).status_code == 200
    answer = answer_of(boss)
    assert (answer["content"], answer["role"]) == ("four", "assistant")
    assert 300_000 <= answer["latency_ms"] < 600_000


@pytest.mark.parametrize("job_id", ["a-job-of-theirs", 12])
def test_an_answer_is_else_found_by_its_message_id(
    boss: httpx2.Client, secret: str, job_id: object
) -> None:
    call_back(boss, secret, job_id, **FROM_PRODUCTION)
    assert answer_of(boss)["content"] == "four"


def test_a_repeated_callback_changes_no_answer(boss: httpx2.Client, secret: str) -> None:
    call_back(boss, secret, "j", **FROM_PRODUCTION)
    call_back(boss, secret, "j", "five", **FROM_PRODUCTION)
    assert answer_of(boss)["content"] == "four"


def test_an_answer_to_a_message_of_a_month_ago_is_stored(
    address: str, boss: httpx2.Client, secret: str
) -> None:
    # From 24 days on, milliseconds do not fit into 32 bits: the latency wrapped to a negative one
    old = {"id": "m-3", "role": "assistant"} | at(clock.now() - timedelta(days=30))
    send(address, id="c-3", messages=[old])
    assert call_back(boss, secret, "m-3", callback_params={}).status_code == 200
    answer = answer_of(boss, "c-3")
    assert (answer["content"], answer["latency_ms"]) == ("four", MOST_MS)


def test_a_failed_job_is_an_error_of_its_message(boss: httpx2.Client, secret: str) -> None:
    call_back(boss, secret, "j", status="failed", error="busy", **FROM_PRODUCTION)
    call_back(boss, secret, "j", **FROM_PRODUCTION)
    answer = answer_of(boss)
    assert (answer["content"], answer["error"]) == ("", "The service reported a failure: busy")


def test_a_service_that_is_not_for_production_changes_nothing(
    boss: httpx2.Client, secret: str
) -> None:
    other = register(boss, production=False)["callback_secret"]
    assert call_back(boss, other, "m-2", callback_params={}).status_code == 200
    assert answer_of(boss)["content"] == ""


def test_a_callback_with_a_source_changes_nothing(boss: httpx2.Client, secret: str) -> None:
    assert call_back(boss, secret, "m-2").status_code == 200
    assert answer_of(boss)["content"] == ""


def test_an_id_of_two_conversations_changes_neither(
    address: str, boss: httpx2.Client, secret: str
) -> None:
    send(address, id="c-2", messages=[PENDING | at(clock.now())])
    call_back(boss, secret, "m-2", callback_params={})
    assert [answer_of(boss, each)["content"] for each in ("c-1", "c-2")] == ["", ""]


def test_an_answer_is_redacted_as_what_is_ingested(
    client: Client, boss: httpx2.Client, secret: str
) -> None:
    client(person(Role.SUPER_ADMIN)).put("/admin/redaction", json={"mode": "mask"})
    redaction.redactor_cache.clear()
    body = b'{"job_id": "m-2", "status": "completed", "output": {"answer": "Ask ann@example.com"}}'
    boss.post("/callback/ai", content=body, headers=signed(secret, body)).raise_for_status()
    assert "ann@example.com" not in answer_of(boss)["content"]
    redaction.redactor_cache.clear()
