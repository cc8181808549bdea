"""sessions/{id}/executions: every call of a session, of its chat and of the API."""

import httpx2
import pytest

from core.database.db import transaction
from core.platform.ids import new_id
from core.playground.service import sessions
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.playground import answered

CALL = {
    "model_id": "fake:echo",
    "prompt": "the capital of {{country}}",
    "system_prompt": "Be brief.",
    "parameters": {"temperature": 0.5},
    "context": {"country": "France"},
}


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def test_a_call_by_the_api_is_listed_with_its_input(mine: httpx2.Client) -> None:
    session_id = mine.post("/sessions", json={"name": "Tone"}).json()["session_id"]
    called = mine.post("/prompts/execute", json=CALL | {"session_id": session_id}).json()
    page = mine.get(f"/sessions/{session_id}/executions").json()
    [listed] = page["items"]
    assert called.items() <= listed.items()
    assert {name: listed[name] for name in CALL} == CALL
    assert (page["total_count"], page["limit"], page["offset"]) == (1, 50, 0)


def test_answers_of_the_chat_are_listed_too_and_the_newest_comes_first(
    one: Person, mine: httpx2.Client
) -> None:
    sent = answered(one.actor, "What is the capital of France?")
    called = mine.post("/prompts/execute", json=CALL | {"session_id": str(sent.session_id)}).json()
    path = f"/sessions/{sent.session_id}/executions"
    assert [it["id"] for it in mine.get(path).json()["items"]] == [called["id"], sent.job_id]
    [last] = mine.get(path, params={"limit": 1, "offset": 1}).json()["items"]
    assert last["prompt"] == "What is the capital of France?"


def test_a_call_of_a_cleared_session_is_listed_without_its_texts(
    one: Person, mine: httpx2.Client
) -> None:
    session_id = answered(one.actor, "a secret").session_id
    with transaction() as session:
        sessions.clear(session, session_id, actor=one.actor)
    [listed] = mine.get(f"/sessions/{session_id}/executions").json()["items"]
    assert (listed["prompt"], listed["system_prompt"], listed["response"]) == (None, None, "")
    assert listed["usage"]["total_tokens"] > 0


def test_nobody_lists_the_calls_of_anothers_session(client: Client, one: Person) -> None:
    session_id = answered(one.actor).session_id
    for id_ in (session_id, new_id()):
        assert client(person()).get(f"/sessions/{id_}/executions").status_code == 404
