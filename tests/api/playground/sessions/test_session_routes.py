"""sessions: details of one's own sessions, and searching them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.platform import clock
from core.platform.ids import new_id
from core.playground.service import session_search
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.playground import answered

DETAILS = {
    "name": "Refund tone",
    "description": "Which prompt is kindest?",
    "project": "Support",
    "tags": ["refund", "de"],
}


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def found(mine: httpx2.Client, q: str, **query: int) -> dict[str, Any]:
    answer = mine.get("/sessions", params={"q": q, **query}).raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def names(mine: httpx2.Client, q: str, **query: int) -> list[str]:
    return [session["name"] for session in found(mine, q, **query)["sessions"]]


def test_a_session_is_created_with_its_details_and_read_again(mine: httpx2.Client) -> None:
    made = mine.post("/sessions", json=DETAILS)
    assert made.status_code == 201
    assert DETAILS.items() <= made.json().items()
    assert mine.get(f"/sessions/{made.json()['session_id']}").json() == made.json()


def test_only_the_given_details_change(mine: httpx2.Client) -> None:
    id_ = mine.post("/sessions", json=DETAILS).json()["session_id"]
    assert mine.patch(f"/sessions/{id_}", json={"tags": ["de", "de", "new "]}).status_code == 200
    after = mine.get(f"/sessions/{id_}").json()
    assert (DETAILS | {"tags": ["de", "new"]}).items() <= after.items()
    mine.patch(f"/sessions/{id_}", json={"description": None, "project": " "})
    after = mine.get(f"/sessions/{id_}").json()
    assert (after["name"], after["description"], after["project"]) == ("Refund tone", None, None)


@pytest.mark.parametrize(
    "given",
    [{"name": " "}, {"name": None}, {"name": "x" * 101}, {"tags": [""]}, {"tags": ["a"] * 21}],
)
def test_details_that_cannot_be_are_refused(mine: httpx2.Client, given: dict[str, object]) -> None:
    id_ = mine.post("/sessions", json=DETAILS).json()["session_id"]
    assert mine.patch(f"/sessions/{id_}", json=given).status_code == 422


def test_a_given_name_stays_when_the_first_message_is_sent(
    one: Person, mine: httpx2.Client
) -> None:
    id_ = mine.post("/sessions", json={"name": "Mine"}).json()["session_id"]
    answered(one.actor, "hello", session_id=id_)
    assert mine.get(f"/sessions/{id_}").json()["name"] == "Mine"


def test_names_and_descriptions_are_not_readable_in_the_database(mine: httpx2.Client) -> None:
    mine.post("/sessions", json=DETAILS)
    with transaction() as session:
        row = session.execute(
            text("select cast(s as text) from playground_sessions s")
        ).scalar_one()
    assert "Support" in row
    assert not {"Refund tone", "Which prompt is kindest?"} & set(row)
    assert b"kindest".hex() not in row


def test_history_is_that_of_the_playground(one: Person, mine: httpx2.Client) -> None:
    id_ = str(answered(one.actor).session_id)
    same = mine.get("/admin/playground/history", params={"session_id": id_}).json()
    assert mine.get(f"/sessions/{id_}/history").json() == same
    assert same["total_count"] == 2


@pytest.mark.parametrize("path", ["", "/history"])
def test_a_session_of_another_account_does_not_exist(
    client: Client, mine: httpx2.Client, path: str
) -> None:
    id_ = mine.post("/sessions", json=DETAILS).json()["session_id"]
    other = client(person())
    assert other.get(f"/sessions/{id_}{path}").status_code == 404
    assert other.patch(f"/sessions/{id_}", json={"name": "x"}).status_code == 404
    assert other.delete(f"/sessions/{id_}").status_code == 404
    assert found(other, "")["total_count"] == found(other, "refund")["total_count"] == 0


@pytest.mark.parametrize("q", ["REFUND  tone", "kindest", "support", "de", "Paris"])
def test_details_and_messages_are_searched_in_any_case(
    one: Person, mine: httpx2.Client, q: str
) -> None:
    id_ = mine.post("/sessions", json=DETAILS).json()["session_id"]
    answered(one.actor, "Is it\nparis?", session_id=id_)
    mine.post("/sessions", json={"name": "Other", "project": "X"})
    assert names(mine, q) == ["Refund tone"]


def test_a_search_has_pages_and_an_empty_one_lists_all(mine: httpx2.Client) -> None:
    for number in range(3):
        mine.post("/sessions", json={"name": f"Same {number}"})
    mine.post("/sessions", json={"name": "Other"})
    assert names(mine, "same", limit=1, offset=1) == ["Same 1"]
    assert found(mine, "same", limit=1)["total_count"] == 3
    assert len(names(mine, " ")) == 4


def test_only_the_newest_are_searched_and_the_others_are_counted(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_search, "MOST_SEARCHED", 2)
    for number in range(3):
        mine.post("/sessions", json={"name": f"Same {number}"})
    assert names(mine, "same") == ["Same 2", "Same 1"]
    assert found(mine, "same")["unsearched_count"] == 1
    assert found(mine, "")["unsearched_count"] == 0


def test_a_search_opens_messages_of_ones_own_sessions_only(
    client: Client, one: Person, mine: httpx2.Client
) -> None:
    answered(one.actor, "a secret")
    assert found(client(person()), "secret")["total_count"] == 0
    assert found(mine, "secret")["total_count"] == 1


def test_an_answer_is_rated_and_its_session_is_found_by_that(
    client: Client, one: Person, mine: httpx2.Client
) -> None:
    address = f"/sessions/{answered(one.actor).session_id}"
    answered(one.actor)
    answer = mine.get(f"{address}/history").json()["messages"][1]
    rating = f"{address}/messages/{answer['id']}/rating"
    after = mine.put(rating, json={"rating": 1, "note": "Kind"}).raise_for_status().json()
    assert (after["rating"], after["note"]) == (1, "Kind")
    assert mine.put(rating, json={"rating": None}).json()["note"] == "Kind"
    assert mine.get(f"{address}/history").json()["messages"][1]["note"] == "Kind"
    assert mine.get("/sessions", params={"feedback": "note"}).json()["total_count"] == 1
    assert mine.get("/sessions", params={"feedback": "thumbs_up"}).json()["total_count"] == 0
    assert mine.get("/sessions", params={"feedback": "other"}).status_code == 422
    assert mine.put(rating, json={"rating": 5}).status_code == 422
    assert client(person()).put(rating, json={"rating": 1}).status_code == 404


def test_an_unsent_message_is_stored_for_its_owner(client: Client, mine: httpx2.Client) -> None:
    address = f"/sessions/{mine.post('/sessions', json={}).json()['session_id']}"
    unsent = f"{address}/unsent-message"
    assert mine.put(unsent, json={"message": "What is"}).status_code == 204
    assert mine.get(address).json()["unsent_message"] == "What is"
    assert mine.put(unsent, json={"message": "x" * 250_001}).status_code == 422
    assert client(person()).put(unsent, json={"message": "x"}).status_code == 404


def test_one_that_never_was_is_404(mine: httpx2.Client) -> None:
    assert mine.get(f"/sessions/{new_id()}").status_code == 404
    assert UUID(mine.post("/sessions", json={}).json()["session_id"])


def test_metadata_is_stored_changed_and_removed_with_the_details(mine: httpx2.Client) -> None:
    made = mine.post("/sessions", json={"name": "a", "metadata": {"ticket": 17}}).json()
    path = f"/sessions/{made['session_id']}"
    assert made["metadata"] == {"ticket": 17}
    assert mine.patch(path, json={"name": "b"}).json()["metadata"] == {"ticket": 17}
    assert mine.patch(path, json={"metadata": {"ticket": 18}}).json()["metadata"] == {"ticket": 18}
    assert mine.patch(path, json={"metadata": None}).json()["metadata"] is None
    assert mine.patch(path, json={"metadata": [1]}).status_code == 422


def test_a_session_says_when_a_model_was_last_called(one: Person, mine: httpx2.Client) -> None:
    made = mine.post("/sessions", json={"name": "a"}).json()
    path = f"/sessions/{made['session_id']}"
    assert made["last_executed"] is None
    before = clock.now()
    answered(one.actor, "Hello", session_id=UUID(made["session_id"]))
    called = datetime.fromisoformat(mine.get(path).json()["last_executed"])
    assert before <= called <= clock.now()
    mine.patch(path, json={"name": "b"})
    assert datetime.fromisoformat(mine.get(path).json()["last_executed"]) == called
