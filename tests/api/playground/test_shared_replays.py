"""A replay that is shared with a reviewer is read beside its conversation, and changes nothing."""

from uuid import UUID

import httpx2
import pytest

from core.executions import runner as runners
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.conversations import conversation, stored
from tests.factories.executions import ended
from tests.factories.identity import Person, person

PATH = "/admin/ai/tuning/replays"


@pytest.fixture
def reviewer(client: Client) -> Person:
    return person(Role.REVIEWER)


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def wait(execution_id: str) -> None:
    buffer = runners.current().find(UUID(execution_id))
    assert buffer is not None
    ended(buffer)


def replayed(mine: httpx2.Client) -> str:
    """Replay an answer with a prompt, vote, and return the session."""
    stored(conversation("c", messages=4))
    wanted = {"conversation_id": "c", "turn": 2, "model_id": "fake:echo", "system_prompt": "Secret"}
    started = mine.post("/replay", json=wanted).json()
    wait(started["execution_id"])
    vote = {"outcome": "original", "reason": "Shorter."}
    mine.post(f"/replay/{started['session_id']}/vote", json=vote).raise_for_status()
    session_id: str = started["session_id"]
    return session_id


def share(mine: httpx2.Client, session_id: str, *emails: str) -> None:
    accounts = [{"email": each} for each in emails]
    mine.post(f"/sessions/{session_id}/share", json={"accounts": accounts}).raise_for_status()


def test_a_reviewer_reads_both_answers_and_the_vote_but_not_the_prompt(
    client: Client, reviewer: Person, mine: httpx2.Client
) -> None:
    session_id = replayed(mine)
    share(mine, session_id, reviewer.actor.email)
    found = client(reviewer).get(PATH, params={"conversation_id": "c"})
    [replay] = found.json()["items"]
    assert (replay["session_id"], replay["original_answer"]) == (session_id, "text 3")
    assert replay["new_answer"].startswith("Fake answer: text 2")
    assert (replay["new_model"], replay["outcome"]) == ("fake:echo", "original")
    assert replay["reason"] == "Shorter."
    assert "custom_prompt" not in found.text


def test_a_reviewer_reads_the_answer_that_is_shown_after_it_was_made_again(
    client: Client, reviewer: Person, mine: httpx2.Client
) -> None:
    session_id = replayed(mine)
    share(mine, session_id, reviewer.actor.email)
    again = {"model": "fake:plain"}
    wait(mine.post(f"/sessions/{session_id}/regenerate", json=again).json()["job_id"])
    [replay] = client(reviewer).get(PATH, params={"conversation_id": "c"}).json()["items"]
    assert replay["new_model"] == "fake:plain"


def test_what_is_not_shared_or_no_longer_shared_is_not_listed(
    client: Client, reviewer: Person, mine: httpx2.Client
) -> None:
    session_id = replayed(mine)
    reading = client(reviewer)
    assert reading.get(PATH, params={"conversation_id": "c"}).json() == {"items": []}
    share(mine, session_id, reviewer.actor.email)
    assert len(reading.get(PATH, params={"conversation_id": "c"}).json()["items"]) == 1
    share(mine, session_id)
    assert reading.get(PATH, params={"conversation_id": "c"}).json() == {"items": []}


def test_a_reviewer_can_neither_vote_nor_go_on(
    client: Client, reviewer: Person, mine: httpx2.Client
) -> None:
    session_id = replayed(mine)
    share(mine, session_id, reviewer.actor.email)
    reading = client(reviewer)
    assert reading.post(f"/replay/{session_id}/vote", json={"outcome": "new"}).status_code == 403
    assert reading.post(f"/sessions/{session_id}/fork").status_code == 403
    message = {"message": "x", "session_id": session_id}
    assert reading.post("/admin/playground/chat", json=message).status_code == 403


def test_an_unknown_conversation_is_missing(client: Client, reviewer: Person) -> None:
    assert client(reviewer).get(PATH, params={"conversation_id": "x"}).status_code == 404
