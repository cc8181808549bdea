"""POST replay: an answer of a conversation is given again, in a session of the caller."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, text

from core.annotations.models import PreferencePair
from core.database.db import Database, transaction
from core.executions import encrypted_texts
from core.executions import runner as runners
from core.executions.models import Execution
from core.identity.schemas import Role, Scope
from core.ingest import redaction
from core.platform.ids import new_id
from tests.api.conftest import Client, caller
from tests.factories.conversations import conversation, stored
from tests.factories.executions import ended
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.reviews import annotated, message_id


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


@pytest.fixture
def _no_redaction_after_it() -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


def wait(execution_id: str) -> None:
    buffer = runners.current().find(UUID(execution_id))
    assert buffer is not None
    ended(buffer)


def test_a_replay_is_a_session_of_the_caller(mine: httpx2.Client) -> None:
    stored(conversation("c", messages=4))
    wanted = {"conversation_id": "c", "turn": 2, "model_id": "fake:echo"}
    answer = mine.post("/replay", json=wanted)
    started = answer.json()
    assert (answer.status_code, started["original_answer"]) == (202, "text 3")
    wait(started["execution_id"])
    query = {"session_id": started["session_id"]}
    question, new_answer = mine.get("/admin/playground/history", params=query).json()["messages"]
    assert (question["content"], new_answer["job_id"]) == ("text 2", started["execution_id"])
    assert new_answer["content"].startswith("Fake answer: text 2")
    [listed] = mine.get("/admin/playground/sessions").json()["sessions"]
    assert (listed["session_id"], listed["name"]) == (started["session_id"], "Replay: text 0")


def test_a_replay_and_its_vote_take_null_for_what_is_left_out(mine: httpx2.Client) -> None:
    stored(conversation("c"))
    wanted = {"message_id": "m1", "model_id": "fake:echo", "variables": None, "parameters": None}
    answer = mine.post("/replay", json=wanted)
    assert answer.status_code == 202, answer.text
    wait(answer.json()["execution_id"])
    path = f"/replay/{answer.json()['session_id']}/vote"
    assert mine.post(path, json={"outcome": "new", "reason": None}).is_success


def test_an_annotation_is_replayed_with_its_suggestion(mine: httpx2.Client) -> None:
    stored(conversation("c"))
    note = annotated("m1", suggested_response="Better.")
    started = mine.post("/replay", json={"annotation_id": str(note)}).json()
    assert (started["original_answer"], started["suggested_answer"]) == ("text 1", "Better.")
    assert started["message_id"] == str(message_id("m1"))
    wait(started["execution_id"])


def test_what_is_unknown_is_not_found_and_what_is_no_answer_is_refused(mine: httpx2.Client) -> None:
    stored(conversation("c"))
    refused = {
        (404, "not_found"): [
            {"conversation_id": "x", "turn": 1},
            {"conversation_id": "c", "turn": 2},
            {"message_id": "x"},
            {"annotation_id": str(new_id())},
            {"message_id": "m1", "template_id": "x"},
        ],
        (422, "validation_failed"): [{"message_id": "m0"}, {}, {"turn": 1}],
    }
    for expected, bodies in refused.items():
        for body in bodies:
            answer = mine.post("/replay", json=body)
            assert (answer.status_code, answer.json()["code"]) == expected


def replayed(mine: httpx2.Client) -> str:
    """Replay an answer, and return the path of its vote once the new one is complete."""
    stored(conversation("c", messages=4))
    wanted = {"message_id": "m3", "model_id": "fake:echo", "system_prompt": "Be kind."}
    started = mine.post("/replay", json=wanted).json()
    wait(started["execution_id"])
    return f"/replay/{started['session_id']}/vote"


def pairs() -> list[PreferencePair]:
    with transaction(Database.AI) as ai:
        return list(ai.scalars(select(PreferencePair)))


def test_a_vote_for_the_new_answer_leaves_a_pair_with_its_system_prompt(
    mine: httpx2.Client,
) -> None:
    found = mine.post(replayed(mine), json={"outcome": "new", "reason": " Kinder. "}).json()
    assert (found["outcome"], found["reason"]) == ("new", "Kinder.")
    [pair] = pairs()
    assert [each["content"] for each in pair.prompt] == ["Be kind.", "text 0", "text 1", "text 2"]
    assert [each["role"] for each in pair.prompt] == ["system", "user", "assistant", "user"]
    assert pair.chosen.startswith("Fake answer: text 2")
    assert (pair.rejected, pair.chosen_model) == ("text 3", "fake:echo")
    assert pair.chosen_prompt.startswith("Custom prompt")
    assert (pair.origin, pair.reason, pair.is_blind) == ("replay", "Kinder.", False)
    assert str(pair.conversation_id) == found["conversation_id"]


def test_a_vote_in_a_fork_of_a_replay_leaves_a_pair_with_the_copied_system_prompt(
    mine: httpx2.Client, client: Client
) -> None:
    # A copied answer has no job by which its prompt could be found
    session_id = replayed(mine).split("/")[2]
    reader = person(Role.ADMIN)
    accounts = {"accounts": [{"email": reader.actor.email}]}
    mine.post(f"/sessions/{session_id}/share", json=accounts).raise_for_status()
    own = client(reader)
    fork = own.post(f"/sessions/{session_id}/fork").json()["session_id"]
    voted = own.post(f"/replay/{fork}/vote", json={"outcome": "new"})
    assert voted.status_code == 200
    [pair] = pairs()
    assert [each["content"] for each in pair.prompt] == ["Be kind.", "text 0", "text 1", "text 2"]
    assert own.post(f"/replay/{fork}/vote", json={"outcome": "original"}).status_code == 200


def test_a_later_vote_on_a_replay_replaces_the_pair(mine: httpx2.Client) -> None:
    path = replayed(mine)
    mine.post(path, json={"outcome": "new"})
    mine.post(path, json={"outcome": "original"})
    [pair] = pairs()
    assert pair.chosen == "text 3"
    assert [each["role"] for each in pair.prompt] == ["user", "assistant", "user"]
    for outcome in ("tie", "both_bad"):
        assert mine.post(path, json={"outcome": outcome}).json()["outcome"] == outcome
        assert pairs() == []


def test_a_vote_is_on_the_answer_that_is_shown_after_it_was_made_again(
    mine: httpx2.Client,
) -> None:
    # The pair had the answer of another branch
    path = replayed(mine)
    again = {"model": "fake:plain", "custom_prompt": "Be brief."}
    sent = mine.post(f"/sessions/{path.split('/')[2]}/regenerate", json=again).json()
    wait(sent["job_id"])
    mine.post(path, json={"outcome": "new"}).raise_for_status()
    [pair] = pairs()
    assert (pair.chosen_model, pair.prompt[0]["content"]) == ("fake:plain", "Be brief.")


def test_an_answer_that_was_made_again_after_a_failure_is_voted_on(mine: httpx2.Client) -> None:
    stored(conversation("c"))
    started = mine.post("/replay", json={"message_id": "m1", "model_id": "fake:failing"}).json()
    wait(started["execution_id"])
    session_id, vote = started["session_id"], {"outcome": "new"}
    assert mine.post(f"/replay/{session_id}/vote", json=vote).status_code == 422
    again = {"model": "fake:echo"}
    wait(mine.post(f"/sessions/{session_id}/regenerate", json=again).json()["job_id"])
    assert mine.post(f"/replay/{session_id}/vote", json=vote).status_code == 200


def test_an_answer_to_an_edited_question_is_voted_on_without_a_pair(mine: httpx2.Client) -> None:
    # The prompt of a pair would be another question
    path = replayed(mine)
    session_id = path.split("/")[2]
    history = mine.get("/admin/playground/history", params={"session_id": session_id}).json()
    edit = {"message": "Else?", "session_id": session_id, "edits": history["messages"][0]["id"]}
    sent = mine.post("/admin/playground/chat", json=edit | {"model": "fake:plain"}).json()
    wait(sent["job_id"])
    assert mine.post(path, json={"outcome": "new"}).json()["outcome"] == "new"
    assert pairs() == []


def test_only_the_account_of_a_replay_with_both_answers_votes(
    mine: httpx2.Client, client: Client
) -> None:
    path, tie = replayed(mine), {"outcome": "tie"}
    assert client(person(Role.ADMIN)).post(path, json=tie).status_code == 404
    slow = mine.post("/replay", json={"message_id": "m3", "model_id": "fake:slow"}).json()
    pending = mine.post(f"/replay/{slow['session_id']}/vote", json=tie)
    assert (pending.status_code, pending.json()["code"]) == (409, "answer_pending")
    chat = {"message": "hello", "model": "fake:echo"}
    other = mine.post("/admin/playground/chat", json=chat).json()["session_id"]
    assert mine.post(f"/replay/{other}/vote", json=tie).status_code == 404
    with transaction() as session:
        session.execute(text("delete from messages"))
    assert mine.post(path, json=tie).status_code == 404


def test_a_key_replays_nothing(address: str) -> None:
    stored(conversation("c"))
    key = bearing(api_key(Scope.EXECUTE, Scope.READ_CONVERSATIONS))
    with caller(f"{address}/api/v1", key) as program:
        assert program.post("/replay", json={"message_id": "m1"}).status_code == 403


@pytest.mark.usefixtures("_no_redaction_after_it")
def test_what_was_redacted_is_sent_redacted(
    client: Client, mine: httpx2.Client, address: str
) -> None:
    client(person()).put("/admin/redaction", json={"mode": "mask"})
    given = conversation("c")
    given["messages"][0]["content"] = "I am ada@example.com"
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as program:
        program.post("/conversations", json=given)
    execution_id = mine.post("/replay", json={"message_id": "m1"}).json()["execution_id"]
    wait(execution_id)
    with transaction() as session:
        row = session.get_one(Execution, UUID(execution_id))
        assert encrypted_texts.open_(row.prompt, "prompt", row.id) == "I am [email]"
