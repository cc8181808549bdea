"""Adjudication by an own verdict or by none, its undo, and what each does to exports and drafts."""

from typing import Any

import httpx2
import pytest

from core.annotations.queries.annotation_list import decided_messages
from core.database.db import Database, transaction
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.review.test_review_queue import APPROVED, DOOR, QUEUE, disagreed, reviewer
from tests.factories.annotations import rows, told

NEITHER: dict[str, Any] = {"verdict": None}
OWN = {
    "verdict": {"annotation_type": "correction", "content": "Mine.", "suggested_response": "Ten."}
}
ROUNDS = "select round, annotation_type from ai_admin_annotations order by round"


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    return reviewer(client, Role.ADMIN)


def decide(one: httpx2.Client, item: str, decision: dict[str, Any]) -> dict[str, Any]:
    answer = one.post(f"{QUEUE}/{item}/adjudicate", json=decision)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def is_decided(item: dict[str, Any]) -> bool:
    with transaction(Database.AI) as ai:
        return bool(decided_messages(ai, [item["message_id"]]))


def test_own_verdict_becomes_the_deciding_annotation(client: Client, admin: httpx2.Client) -> None:
    item, _, _ = disagreed(client)
    found = decide(admin, item, OWN)
    assert (found["state"], found["decided_by"] is not None) == ("done", True)
    assert rows(ROUNDS)[2] == {"round": 3, "annotation_type": "correction"}
    assert is_decided(found)


def test_neither_ends_the_disagreement_without_a_verdict(
    client: Client, admin: httpx2.Client
) -> None:
    item, opinions, people = disagreed(client)
    found = decide(admin, item, NEITHER)
    assert (found["state"], len(rows(ROUNDS)), is_decided(found)) == ("done", 2, True)
    # The decision stands when a reviewer comes to agree later
    path = f"{DOOR}/annotations/{opinions[1]['id']}"
    people[1].put(path, json={"annotation_type": "improvement"}).raise_for_status()
    assert admin.get(f"{QUEUE}/{item}").json()["state"] == "done"


def test_an_item_is_done_once_the_opinions_that_are_left_agree(
    client: Client, admin: httpx2.Client
) -> None:
    item, opinions, people = disagreed(client)
    people[1].delete(f"{DOOR}/annotations/{opinions[1]['id']}").raise_for_status()
    found = admin.get(f"{QUEUE}/{item}").json()
    assert (found["state"], found["done_at"] is not None) == ("done", True)
    assert admin.get(QUEUE, params={"state": "adjudication"}).json()["items"] == []


@pytest.mark.parametrize("decision", [NEITHER, OWN])
def test_undone_decision_waits_for_adjudication_again(
    client: Client, admin: httpx2.Client, decision: dict[str, Any]
) -> None:
    item, _, _ = disagreed(client)
    decide(admin, item, decision)
    found = admin.post(f"{QUEUE}/{item}/undo").raise_for_status().json()
    assert (found["state"], found["decided_by"], found["done_at"]) == ("adjudication", None, None)
    assert (len(rows(ROUNDS)), is_decided(found)) == (2, False)
    drafts = rows("select fields ->> 'content' as said from ai_annotation_drafts")
    assert drafts == ([{"said": "Mine."}] if decision is OWN else [])
    assert decide(admin, item, OWN)["state"] == "done"


def test_accepted_annotation_can_be_undone_until_it_is_reviewed(
    client: Client, admin: httpx2.Client
) -> None:
    item, opinions, _ = disagreed(client)
    path = f"{DOOR}/annotations/{opinions[0]['id']}/adjudicate"
    admin.post(path, json={}).raise_for_status()
    admin.post(f"{QUEUE}/{item}/undo").raise_for_status()
    made = admin.post(path, json={}).raise_for_status().json()
    reviewed = {"status": "reviewed"}
    admin.put(f"{DOOR}/annotations/{made['id']}", json=reviewed).raise_for_status()
    assert admin.post(f"{QUEUE}/{item}/undo").status_code == 409
    assert admin.get(f"{QUEUE}/{item}").json()["state"] == "done"


def test_only_a_third_admin_decides_and_only_the_decider_undoes(
    client: Client, admin: httpx2.Client
) -> None:
    item, _, people = disagreed(client)
    path = f"{QUEUE}/{item}/adjudicate"
    refused = [each.post(path, json=OWN).status_code for each in (*people, reviewer(client))]
    assert refused == [403] * 3
    decide(admin, item, NEITHER)
    assert admin.post(path, json=OWN).status_code == 409
    others = (*people, reviewer(client, Role.ADMIN))
    assert [each.post(f"{QUEUE}/{item}/undo").status_code for each in others] == [409] * 3


def test_a_decision_must_be_named(client: Client, admin: httpx2.Client) -> None:
    item, _, _ = disagreed(client)
    assert admin.post(f"{QUEUE}/{item}/adjudicate", json={}).status_code == 422
    assert admin.get(f"{QUEUE}/{item}").json()["state"] == "adjudication"


def test_decisions_and_their_undo_are_in_the_audit_log(
    client: Client, admin: httpx2.Client
) -> None:
    item, _, _ = disagreed(client)
    decide(admin, item, {"verdict": APPROVED})
    admin.post(f"{QUEUE}/{item}/undo").raise_for_status()
    told()
    deeds = admin.get("/admin/audit?action=annotation").json()["items"]
    done = {each["action"]: each["targets"] for each in deeds}
    assert done["annotation.decide"]["item_id"] == item
    assert done["annotation.undo_decision"]["item_id"] == item
