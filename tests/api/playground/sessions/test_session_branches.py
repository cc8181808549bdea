"""Branches of a session over the API: edits, regenerated answers, and the branch that is shown."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.executions import runner as runners
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.comparisons import asked, begun
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import answered


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def history(mine: httpx2.Client, session_id: UUID | str, **query: int) -> dict[str, Any]:
    answer = mine.get(f"/sessions/{session_id}/history", params=query).raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def finished(answer: httpx2.Response) -> dict[str, Any]:
    """Wait for the answer that a call has begun, and return what the call said."""
    assert answer.status_code == 202, answer.text
    sent: dict[str, Any] = answer.json()
    buffer = runners.current().find(UUID(sent["job_id"]))
    assert buffer is not None
    ended(buffer)
    return sent


def test_a_message_is_edited_and_its_first_branch_shown_again(mine: httpx2.Client) -> None:
    first = finished(
        mine.post("/admin/playground/chat", json={"message": "a", "model": "fake:echo"})
    )
    id_, message_id = first["session_id"], first["user_message"]["id"]
    changed = {"message": "A", "model": "fake:echo", "session_id": id_, "edits": message_id}
    second = finished(mine.post("/admin/playground/chat", json=changed))
    body = history(mine, id_)
    assert [it["content"] for it in body["messages"][::2]] == ["A"]
    assert body["messages"][0]["alternatives"] == [message_id, second["user_message"]["id"]]
    assert body["total_count"] == 2
    shown = mine.post(f"/sessions/{id_}/branch", json={"message_id": message_id})
    assert (shown.status_code, shown.json()["message_count"]) == (200, 4)
    assert history(mine, id_)["messages"][0]["content"] == "a"


def test_an_answer_is_made_again_with_other_settings(one: Person, mine: httpx2.Client) -> None:
    id_ = answered(one.actor, "a").session_id
    before = history(mine, id_)["messages"][1]["id"]
    given = {"model": "fake:plain", "custom_prompt": "Be brief."}
    sent = finished(mine.post(f"/sessions/{id_}/regenerate", json=given))
    question, answer = history(mine, id_)["messages"]
    assert sent["user_message"]["id"] == question["id"]
    assert (answer["service_used"], answer["custom_prompt"]) == ("fake:plain", "Be brief.")
    assert answer["alternatives"] == [before, answer["id"]]


def test_pages_of_the_history_are_those_of_the_shown_branch(
    one: Person, mine: httpx2.Client
) -> None:
    sent = answered(one.actor, "a")
    answered(one.actor, "A", session_id=sent.session_id, edits=sent.user_message.id)
    answered(one.actor, "B", session_id=sent.session_id)
    body = history(mine, sent.session_id, limit=1, offset=2)
    assert [it["content"] for it in body["messages"]] == ["B"]
    assert body["total_count"] == 4


def test_the_words_of_every_branch_are_found(one: Person, mine: httpx2.Client) -> None:
    sent = answered(one.actor, "elephant")
    answered(one.actor, "mouse", session_id=sent.session_id, edits=sent.user_message.id)
    assert mine.get("/sessions", params={"q": "elephant"}).json()["total_count"] == 1


@pytest.mark.parametrize(
    ("path", "body"), [("regenerate", {}), ("branch", {"message_id": str(new_id())})]
)
def test_branches_of_another_account_or_in_the_trash_do_not_exist(
    client: Client, one: Person, mine: httpx2.Client, path: str, body: dict[str, str]
) -> None:
    sent = answered(one.actor, "a")
    address = f"/sessions/{sent.session_id}/{path}"
    assert client(person()).post(address, json=body).status_code == 404
    mine.delete(f"/sessions/{sent.session_id}").raise_for_status()
    assert mine.post(address, json=body).status_code == 404


def test_a_message_of_another_session_is_not_shown(one: Person, mine: httpx2.Client) -> None:
    here, there = answered(one.actor, "a"), answered(one.actor, "b")
    body = {"message_id": str(there.user_message.id)}
    assert mine.post(f"/sessions/{here.session_id}/branch", json=body).status_code == 404


def test_an_edited_answer_is_refused(one: Person, mine: httpx2.Client) -> None:
    id_ = str(answered(one.actor, "a").session_id)
    answer = history(mine, id_)["messages"][1]["id"]
    body = {"message": "x", "session_id": id_, "edits": answer}
    refused = mine.post("/admin/playground/chat", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "more",
    [
        {"messages": [{"role": "user", "content": "a", "parent": 1}]},
        {"messages": [{"role": "user", "content": "a", "parent": -1}]},
        {"messages": [{"role": "user", "content": "a"}], "leaf": 2},
        {"messages": [], "leaf": 0},
    ],
)
def test_a_file_whose_branches_lead_nowhere_is_refused(
    mine: httpx2.Client, more: dict[str, object]
) -> None:
    answer = mine.post("/sessions/import", json={"format": "attune-session", **more})
    assert answer.status_code == 422


def test_columns_of_a_comparison_have_no_branches_and_a_kept_one_loses_no_answer(
    one: Person, mine: httpx2.Client
) -> None:
    comparison = begun(one.actor)
    asked(one.actor, comparison)
    column = comparison.columns[0].session_id
    assert mine.post(f"/sessions/{column}/regenerate", json={}).status_code == 404
    path = f"/comparisons/{comparison.id}"
    mine.post(f"{path}/keep", json={"column": 1}).raise_for_status()
    before = mine.get(path).json()["turns"]
    finished(mine.post(f"/sessions/{column}/regenerate", json={"model": "fake:echo"}))
    assert mine.get(path).json()["turns"] == before
