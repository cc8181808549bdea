"""admin/playground/sessions: own sessions only, most recent message first; and what deleting
removes.
"""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.executions import runner as runners
from core.identity.schemas import Role
from core.platform.ids import new_id
from core.playground.service import sessions
from tests.api.conftest import Client
from tests.factories.executions import ended, speaking
from tests.factories.identity import Person, person
from tests.factories.playground import answered, said


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def listed(mine: httpx2.Client, **query: int) -> dict[str, Any]:
    body: dict[str, Any] = mine.get("/admin/playground/sessions", params=query).json()
    return body


def ids(mine: httpx2.Client, **query: int) -> list[object]:
    return [session["session_id"] for session in listed(mine, **query)["sessions"]]


def test_there_are_none_at_first(mine: httpx2.Client) -> None:
    assert listed(mine) == {"sessions": [], "total_count": 0, "limit": 20, "offset": 0}


def test_one_spoken_in_again_comes_first(one: Person, mine: httpx2.Client) -> None:
    first, second = answered(one.actor).session_id, answered(one.actor).session_id
    assert ids(mine) == [str(second), str(first)]
    answered(one.actor, session_id=first)
    assert ids(mine) == [str(first), str(second)]


def test_each_says_how_much_was_said_and_when(one: Person, mine: httpx2.Client) -> None:
    session_id = answered(one.actor, "What is the capital of France?").session_id
    answered(one.actor, "And of Italy?", session_id=session_id)
    (session,) = listed(mine)["sessions"]
    assert {"session_id", "name", "message_count", "created_at", "last_message_at"} <= set(session)
    assert (session["message_count"], session["execution_count"]) == (4, 2)
    assert session["name"] == "What is the capital of France?"
    assert str(session["created_at"]) < str(session["last_message_at"])


def test_a_long_first_message_makes_a_short_name(one: Person, mine: httpx2.Client) -> None:
    answered(one.actor, "word " * 40)
    name = str(listed(mine)["sessions"][0]["name"])
    assert len(name) <= 60
    assert name.endswith("word…")


def test_the_list_has_windows(one: Person, mine: httpx2.Client) -> None:
    made = [str(answered(one.actor).session_id) for _ in range(5)]
    assert ids(mine, limit=2, offset=1) == [made[3], made[2]]
    assert listed(mine, limit=2, offset=1)["total_count"] == 5


def test_a_deleted_one_is_gone_everywhere(one: Person, mine: httpx2.Client) -> None:
    session_id = answered(one.actor).session_id
    answer = mine.delete(f"/admin/playground/session/{session_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert ids(mine) == []
    assert (
        mine.get("/admin/playground/history", params={"session_id": str(session_id)}).status_code
        == 404
    )
    assert mine.delete(f"/admin/playground/session/{session_id}").status_code == 404


def test_its_calls_keep_their_figures_and_lose_their_texts(
    one: Person, mine: httpx2.Client
) -> None:
    sent = answered(one.actor, "a secret")
    before = mine.get(f"/prompts/{sent.job_id}").json()
    mine.delete(f"/sessions/{sent.session_id}?permanently=true")
    after = mine.get(f"/prompts/{sent.job_id}").json()
    assert before["response"]
    assert after == before | {"response": ""}


def test_its_id_is_not_used_again(one: Person, mine: httpx2.Client) -> None:
    session_id = str(answered(one.actor).session_id)
    mine.delete(f"/admin/playground/session/{session_id}")
    answer = mine.post(
        "/admin/playground/chat",
        json={"message": "x", "session_id": session_id, "model": "fake:echo"},
    )
    assert answer.status_code == 404


def test_deleting_stops_the_answer_that_is_being_written(one: Person, mine: httpx2.Client) -> None:
    sent = said(one.actor, model="fake:steady")
    buffer = runners.current().find(UUID(sent.job_id))
    assert buffer is not None
    speaking(buffer)
    assert mine.delete(f"/admin/playground/session/{sent.session_id}").status_code == 204
    assert buffer.cancel_token.wait(30)
    assert mine.get(f"/prompts/{sent.job_id}").json()["status"] == "cancelled"


def test_deleting_is_in_the_audit_log_without_a_word_of_what_was_said(
    client: Client, one: Person, mine: httpx2.Client
) -> None:
    session_id = answered(one.actor, "a secret").session_id
    mine.delete(f"/admin/playground/session/{session_id}")
    log = client(person(Role.SUPER_ADMIN)).get("/admin/audit", params={"action": "playground"})
    assert [row["action"] for row in log.json()["items"]] == ["playground.delete"]
    assert log.json()["items"][0]["targets"] == {"session_id": str(session_id)}
    assert "a secret" not in log.text


def test_one_that_never_was_is_404(mine: httpx2.Client) -> None:
    assert mine.delete(f"/admin/playground/session/{new_id()}").status_code == 404


def test_a_session_keeps_the_metadata_that_was_sent_last_until_it_is_cleared(
    one: Person, mine: httpx2.Client, runner: runners.Runner
) -> None:
    def send(**more: Any) -> UUID:  # noqa: ANN401  any JSON
        body = {"message": "hello", "model": "fake:echo", **more}
        answer = mine.post("/admin/playground/chat", json=body).raise_for_status().json()
        buffer = runner.find(UUID(answer["job_id"]))
        assert buffer is not None
        ended(buffer)
        return UUID(answer["session_id"])

    id_ = send(metadata={"ticket": 1, "team": "a"})
    send(session_id=str(id_))
    assert listed(mine)["sessions"][0]["metadata"] == {"ticket": 1, "team": "a"}
    send(session_id=str(id_), metadata={"ticket": 2})
    assert listed(mine)["sessions"][0]["metadata"] == {"ticket": 2}
    with transaction() as session:
        sessions.clear(session, id_, actor=one.actor)
    assert listed(mine)["sessions"][0]["metadata"] is None
