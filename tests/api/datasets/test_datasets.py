"""Datasets over HTTP: cases, versions, files, and who may change them."""

import json

import httpx2
import pytest

from core.identity.schemas import Scope
from core.ingest.rows import key_of
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories import conversations
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing

QUESTION = {"messages": [{"role": "user", "content": "Why?"}]}
LARGE = "\n".join(json.dumps({"input": f"{n} {'x' * 400}", "ideal": "y"}) for n in range(4000))


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def created(mine: httpx2.Client, **more: object) -> str:
    made = mine.post("/datasets", json={"name": "Questions", **more})
    assert made.status_code == 201
    return f"/datasets/{made.json()['id']}"


def test_a_dataset_lives_from_its_first_case_to_its_end(mine: httpx2.Client) -> None:
    path = created(mine, tags=["a"], description="What we ask")
    scorer = {"kind": "json_schema", "schema": {"type": "object"}, "name": "shape"}
    added = mine.post(f"{path}/cases", json={"cases": [{**QUESTION, "assertions": [scorer]}]})
    assert (added.status_code, added.json()["dataset"]["version"]) == (201, 1)
    [case] = mine.get(f"{path}/cases").json()["items"]
    assert case["content"]["assertions"][0] | scorer == case["content"]["assertions"][0]
    of_case = f"{path}/cases/{case['id']}"
    assert mine.put(of_case, json={**QUESTION, "reference": "So."}).json()["version"] == 2
    stale = mine.put(of_case, json=QUESTION, params={"added_in": 1})
    assert stale.status_code == 409
    assert "Someone else changed this case" in stale.json()["detail"]
    assert mine.put(of_case, json=QUESTION, params={"added_in": 2}).json()["version"] == 3
    assert mine.delete(of_case).json()["cases"] == 0
    assert mine.delete(of_case).status_code == 404
    old = mine.get(f"{path}/cases", params={"version": 1}).json()
    assert old["items"][0]["content"]["reference"] is None
    assert mine.get(f"{path}/cases", params={"version": 9}).status_code == 404
    numbers = [it["number"] for it in mine.get(f"{path}/versions").json()["items"]]
    assert numbers == [4, 3, 2, 1]
    assert mine.put(path, json={"name": "Others"}).json()["name"] == "Others"
    assert mine.get("/datasets").json()["total_count"] == 1
    assert mine.delete(path).status_code == 204
    assert mine.get(path).status_code == 404


def test_a_large_file_is_imported_exported_and_searched(mine: httpx2.Client) -> None:
    """It has more bytes and values than other bodies may have."""
    params = {"file_name": "big.jsonl"}
    dry = mine.post("/datasets/import", content=LARGE, params={**params, "dry_run": True})
    assert (dry.status_code, dry.json()["cases"]) == (201, 4000)
    made = mine.post("/datasets/import", content=LARGE, params=params).json()
    path = f"/datasets/{made['dataset']['id']}"
    found = mine.get(f"{path}/cases", params={"q": "3999 x"}).json()
    assert found["total_count"] == 1
    file = mine.get(f"{path}/export")
    assert file.headers["content-type"] == "application/jsonl"
    again = mine.post("/datasets/import", content=file.content, params={"name": "Again"}).json()
    assert (again["format"], again["cases"], again["unsupported"]) == ("attune", 4000, [])


@pytest.mark.parametrize("content", [b"", b"\x00", b"{", b"[[[", b"tests: *b", b"\xff"])
def test_a_file_that_is_no_file_of_cases_is_refused(mine: httpx2.Client, content: bytes) -> None:
    found = mine.post("/datasets/import", content=content)
    assert (found.status_code, found.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "user", "content": " "}]},
        {**QUESTION, "assertions": [{"kind": "regex", "pattern": "("}]},
        {**QUESTION, "origin": "annotation"},
        {**QUESTION, "tags": [""]},
        {**QUESTION, "tags": [" "]},
    ],
)
def test_a_case_that_asks_nothing_or_has_wrong_fields_is_refused(
    mine: httpx2.Client, case: dict[str, object]
) -> None:
    assert mine.post(f"{created(mine)}/cases", json={"cases": [case]}).status_code == 422


@pytest.mark.parametrize(
    ("cases", "fields"),
    [
        ([{"messages": [{"role": "user"}]}], ["cases.0.messages.0.content"]),
        ([QUESTION, {}], ["cases.1.messages"]),
        ([], ["cases"]),
    ],
)
def test_only_what_is_wrong_with_cases_is_named(
    mine: httpx2.Client, cases: list[object], fields: list[str]
) -> None:
    # pydantic counts valid entries alone, and also reported a list that is too short
    problem = mine.post(f"{created(mine)}/cases", json={"cases": cases}).json()
    assert [error["field"] for error in problem["errors"]] == fields


def test_a_blank_name_is_refused(mine: httpx2.Client) -> None:
    assert mine.post("/datasets", json={"name": " "}).status_code == 422


def test_others_find_no_private_dataset_and_change_no_shared_one(
    client: Client, mine: httpx2.Client
) -> None:
    path, theirs = created(mine), client(person())
    assert theirs.get(path).status_code == 404
    mine.put(path, json={"visibility": "shared"})
    assert theirs.get(f"{path}/cases").status_code == 200
    for answer in (
        theirs.put(path, json={"name": "x"}),
        theirs.post(f"{path}/cases", json={"cases": [QUESTION]}),
        theirs.delete(f"{path}/cases/{new_id()}"),
        theirs.delete(path),
    ):
        assert answer.status_code == 403


def test_a_key_reads_shared_datasets_and_changes_none(client: Client, mine: httpx2.Client) -> None:
    private, shared = created(mine), created(mine, name="Shared", visibility="shared")
    program = client()
    program.headers.update(bearing(api_key(Scope.EXECUTE)))
    assert program.get(private).status_code == 404
    assert program.get(f"{shared}/cases").status_code == 200
    assert program.post("/datasets", json={"name": "x"}).status_code == 403
    assert program.post(f"{shared}/cases", json={"cases": [QUESTION]}).status_code == 403


def test_conversations_are_named_by_either_id(mine: httpx2.Client) -> None:
    of_sender = str(new_id())  # which may be a UUID, too
    for name in ("c-17", of_sender, "c-18"):
        conversations.stored(conversations.conversation(name))
    ids = ["c-17", of_sender, str(key_of("conversation", "c-18")), "c-19"]
    added = mine.post(f"{created(mine)}/cases/from-conversations", json={"ids": ids})
    assert added.status_code == 201, added.text
    assert added.json()["added"] == 3
    assert [it["external_id"] for it in added.json()["skipped"]] == ["c-19"]
