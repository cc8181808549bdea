"""Annotations over HTTP: permissions, allowed values, statuses, and history."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from core.ingest.rows import key_of, message_name
from core.platform import clock
from tests.api.conftest import Client
from tests.factories import conversations
from tests.factories.ai_metrics import request, send
from tests.factories.annotations import rows, told
from tests.factories.conversations import stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"
NOTES = f"{DOOR}/annotations"


@pytest.fixture
def talk(client: Client) -> str:
    """Store a conversation of a question and an answer, and return its name."""
    at = (clock.now() - timedelta(minutes=5)).isoformat()
    said = [conversations.message(number, **{"created_at": at}) for number in range(2)]
    stored(
        {**conversations.conversation("talk"), "messages": [said[0], {**said[1], "model": "small"}]}
    )
    return "talk"


def annotate(client: httpx2.Client, message: str = "m1", **more: Any) -> httpx2.Response:  # noqa: ANN401
    given = {
        "message_id": message,
        "annotation_type": "correction",
        "content": "No.",
        "tags": [" Tone ", "tone"],
        **more,
    }
    return client.post(NOTES, json=given)


def made(client: httpx2.Client, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    found: dict[str, Any] = annotate(client, **more).raise_for_status().json()
    return found


def test_an_annotation_knows_what_its_message_was_and_is_found_by_each_filter(
    client: Client, talk: str
) -> None:
    reviewer = person(Role.REVIEWER)
    note = made(client(reviewer), severity="minor", suggested_response="Yes.")
    told_of = ("model", "user_id", "message_role", "environment", "tags", "status", "author_name")
    assert [note[name] for name in told_of] == [
        "small",
        "user of talk",
        "assistant",
        "production",
        ["tone"],
        "pending",
        "Reviewer",
    ]
    filters = {
        "status": "pending",
        "type": "correction",
        "severity": "minor",
        "tag": "tone",
        "message_id": "m1",
    }
    for name, value in [
        *filters.items(),
        ("author", str(reviewer.actor.id)),
        ("conversation_id", talk),
    ]:
        assert client(reviewer).get(NOTES, params={name: value}).json()["total_count"] == 1, name
    others = {
        "status": "applied",
        "type": "flag",
        "severity": "critical",
        "tag": "safety",
        "message_id": "m0",
    }
    for name, value in others.items():
        assert client(reviewer).get(NOTES, params={name: value}).json()["total_count"] == 0, name


def test_the_request_that_was_made_for_a_message_tells_the_provider(
    client: Client, talk: str
) -> None:
    send(request(clock.now(), conversation_id=talk, message_id="m1", provider="acme"))
    assert made(client(person(Role.REVIEWER)))["provider"] == "acme"


def test_a_message_of_a_user_can_only_be_flagged(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    assert annotate(reviewer, "m0").status_code == 422
    note = made(reviewer, message="m0", annotation_type="flag")
    assert (
        reviewer.put(f"{NOTES}/{note['id']}", json={"annotation_type": "approved"}).status_code
        == 422
    )


def test_a_correction_needs_a_comment_or_a_suggestion(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    refused = annotate(reviewer, content=" ", suggested_response="\n")
    assert refused.status_code == 422
    assert "needs a comment or a suggested response" in refused.text
    suggested = made(reviewer, content="", suggested_response="Yes.")
    approved = made(reviewer, content="", annotation_type="approved")
    emptied = reviewer.put(f"{NOTES}/{suggested['id']}", json={"suggested_response": None})
    retyped = reviewer.put(f"{NOTES}/{approved['id']}", json={"annotation_type": "correction"})
    assert (emptied.status_code, retyped.status_code) == (422, 422)


def test_of_what_is_not_there_nothing_can_be_said(client: Client, talk: str) -> None:
    assert annotate(client(person(Role.REVIEWER)), "nobody").status_code == 404


def test_ones_own_can_be_changed_and_deleted_and_what_it_was_is_kept(
    client: Client, talk: str
) -> None:
    reviewer = client(person(Role.REVIEWER))
    note = made(reviewer, severity="minor")
    path = f"{NOTES}/{note['id']}"
    changed = reviewer.put(path, json={"content": "Not so.", "severity": None}).json()
    assert (changed["content"], changed["severity"], changed["tags"]) == ("Not so.", None, ["tone"])
    history = reviewer.get(path).json()["changes"]
    assert [(each["before"], each["after"]) for each in history] == [
        ({"content": "No.", "severity": "minor"}, {"content": "Not so.", "severity": None})
    ]
    assert reviewer.delete(path).status_code == 204
    assert reviewer.get(path).status_code == 404
    assert reviewer.get(f"{path}/changes").status_code == 404
    admin = client(person(Role.ADMIN))
    kept = admin.get(f"{path}/changes").json()["items"][-1]
    assert (kept["before"]["content"], kept["after"]) == ("Not so.", None)
    told()
    deeds = admin.get("/admin/audit?action=annotation").json()["items"]
    assert [(row["action"], row["targets"]["fields"][:2]) for row in deeds] == [
        ("annotation.delete", ["annotation_type", "content"]),
        ("annotation.change", ["content", "severity"]),
    ]
    assert (deeds[1]["before"], deeds[1]["after"]) == ({}, {})
    assert "Not so" not in str(deeds)
    assert "minor" not in str(deeds)


def test_a_change_that_changes_nothing_is_no_change(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    note = made(reviewer)
    assert (
        reviewer.put(f"{NOTES}/{note['id']}", json={"content": "No."}).json()["updated_at"]
        == note["updated_at"]
    )
    assert reviewer.get(f"{NOTES}/{note['id']}").json()["changes"] == []


def test_only_admins_change_annotations_of_others(client: Client, talk: str) -> None:
    note = made(client(person(Role.REVIEWER)))
    other = client(person(Role.REVIEWER))
    assert other.put(f"{NOTES}/{note['id']}", json={"content": "x"}).status_code == 403
    assert other.delete(f"{NOTES}/{note['id']}").status_code == 403
    admin = person(Role.ADMIN)
    assert (
        client(admin).put(f"{NOTES}/{note['id']}", json={"content": "x"}).json()["author_name"]
        == "Reviewer"
    )
    assert client(admin).get(f"{NOTES}/{note['id']}").json()["changes"][0]["by"] == str(
        admin.actor.id
    )


def test_admins_take_it_from_pending_to_reviewed_to_applied_step_by_step(
    client: Client, talk: str
) -> None:
    reviewer, admin = client(person(Role.REVIEWER)), person(Role.ADMIN)
    path = f"{NOTES}/{made(reviewer)['id']}"
    assert reviewer.put(path, json={"status": "reviewed"}).status_code == 403
    assert client(admin).put(path, json={"status": "applied"}).status_code == 409
    assert client(admin).put(path, json={"status": "reviewed"}).json()["reviewed_by"] == str(
        admin.actor.id
    )
    applied = client(admin).put(path, json={"status": "applied"}).json()
    assert applied["reviewed_at"] <= applied["applied_at"]
    assert applied["reviewed_by_name"] == applied["applied_by_name"] == admin.actor.name
    back = client(admin).put(path, json={"status": "pending"}).json()
    assert (back["reviewed_by"], back["applied_at"]) == (None, None)
    assert (back["reviewed_by_name"], back["applied_by_name"]) == (None, None)


def test_a_reviewed_annotation_is_pending_again_after_its_authors_change(
    client: Client, talk: str
) -> None:
    reviewer, admin = client(person(Role.REVIEWER)), client(person(Role.ADMIN))
    path = f"{NOTES}/{made(reviewer)['id']}"
    admin.put(path, json={"status": "reviewed"}).raise_for_status()
    assert admin.put(path, json={"content": "Hardly."}).json()["status"] == "reviewed"
    assert reviewer.put(path, json={"content": "Hardly."}).json()["status"] == "reviewed"
    changed = reviewer.put(path, json={"content": "Perhaps.", "status": "reviewed"}).json()
    assert (changed["status"], changed["reviewed_by"]) == ("pending", None)
    assert reviewer.put(path, json={"content": "No.", "status": "applied"}).status_code == 403


def test_a_conversation_knows_how_often_it_was_annotated(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    first, second = made(reviewer), made(reviewer)
    told()
    assert conversations.one("annotation_count") == 2
    assert conversations.one("last_annotated_at").isoformat().startswith(second["created_at"][:19])
    found = {
        flag: reviewer.get(f"{DOOR}/conversations", params={"annotated": flag}).json()
        for flag in (True, False, "")
    }
    assert [each["total_count"] for each in found.values()] == [1, 0, 1]
    assert found[True]["items"][0]["annotation_count"] == 2
    for each in (first, second):
        reviewer.delete(f"{NOTES}/{each['id']}")
    told()
    assert (conversations.one("annotation_count"), conversations.one("last_annotated_at")) == (
        0,
        None,
    )


@pytest.mark.parametrize(
    "hostile",
    ["<img src=x onerror=alert(1)>", "![a](http://x/y)", "\u202egnol", "=1+1", "x" * 200_000],
)
def test_hostile_text_is_kept_as_it_is_and_harmless_in_csv(
    client: Client, talk: str, hostile: str
) -> None:
    reviewer = client(person(Role.REVIEWER))
    assert made(reviewer, content=hostile)["content"] == hostile
    csv.field_size_limit(1_000_000)
    listed = list(csv.DictReader(io.StringIO(reviewer.get(NOTES, params={"format": "csv"}).text)))
    assert listed[0]["content"] in (hostile, f"'{hostile}")
    assert not listed[0]["content"].startswith("=")


def test_what_cannot_be_stored_is_left_out_or_refused(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    assert made(reviewer, content="a\0b")["content"] == "ab"
    assert annotate(reviewer, content="x" * 200_001).status_code == 422
    assert annotate(reviewer, tags=["x" * 65]).status_code == 422
    half = b'{"message_id": "m1", "annotation_type": "flag", "content": "\\ud800"}'
    assert reviewer.post(
        NOTES, content=half, headers={"Content-Type": "application/json"}
    ).status_code in (201, 422)


def test_a_draft_is_ones_own_and_ends_when_it_is_saved(client: Client, talk: str) -> None:
    mine, other = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    path = f"{DOOR}/drafts/m1"
    assert mine.get(path).json() is None
    for content in ("Th", "The"):
        assert mine.put(path, json={"fields": {"content": content}}).status_code == 204
    assert mine.get(path).json()["fields"] == {"content": "The"}
    assert other.get(path).json() is None
    made(mine)
    assert mine.get(path).json() is None


def test_a_draft_that_comes_after_what_was_said_is_none_but_a_correction_may_be_drafted(
    client: Client, talk: str
) -> None:
    mine, path, draft = (
        client(person(Role.REVIEWER)),
        f"{DOOR}/drafts/m1",
        {"fields": {"content": "Th"}},
    )
    begun_at = clock.now().isoformat()
    made(mine)
    assert mine.put(path, json=draft | {"begun_at": begun_at}).status_code == 204
    assert mine.get(path).json() is None
    mine.put(path, json=draft | {"begun_at": clock.now().isoformat()}).raise_for_status()
    assert mine.get(path).json()["fields"] == {"content": "Th"}


def test_tags_are_those_that_admins_offer_and_those_that_are_used(
    client: Client, talk: str
) -> None:
    made(client(person(Role.REVIEWER)), tags=["tone", "dates"])
    client(person(Role.ADMIN)).put(
        f"{DOOR}/settings", json={"tags": ["Safety", "tone"]}
    ).raise_for_status()
    found = client(person(Role.REVIEWER)).get(f"{DOOR}/tags").json()["items"]
    assert [(each["tag"], each["count"], each["is_offered"]) for each in found] == [
        ("safety", 0, True),
        ("tone", 1, True),
        ("dates", 1, False),
    ]


def test_a_message_is_named_by_our_id_too(client: Client, talk: str) -> None:
    ours = str(key_of("message", message_name(talk, "m1")))
    assert made(client(person(Role.REVIEWER)), message_id=ours)["message_id"] == ours


def test_a_list_is_of_all_time_unless_one_says_of_when(client: Client, talk: str) -> None:
    reviewer = client(person(Role.REVIEWER))
    old, new = made(reviewer), made(reviewer)
    was_old = (
        "update ai_admin_annotations set created_at = now() - interval '40 days' where id = :id "
        "returning id"
    )
    rows(was_old, id=old["id"])
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()

    def listed(**span: str | int) -> list[str]:
        return [each["id"] for each in reviewer.get(NOTES, params=span).json()["items"]]

    assert listed() == [new["id"], old["id"]]
    assert (
        listed(days=7) == listed(start=clock.now().date().isoformat(), end=tomorrow) == [new["id"]]
    )
    assert listed(end=clock.now().date().isoformat()) == [old["id"]]
    assert reviewer.get(NOTES, params={"days": 7, "end": tomorrow}).status_code == 422
    assert reviewer.get(NOTES, params={"start": tomorrow, "end": "2026-01-01"}).status_code == 422
