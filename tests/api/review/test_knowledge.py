"""Documents with search and history, and memories, over HTTP."""

import csv
import io
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.ingest.rows import key_of, message_name
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.api.review.conftest import DOCUMENTS, FEEDBACK, MEMORIES, NOW, store
from tests.factories.annotations import told
from tests.factories.conversations import conversation as said
from tests.factories.conversations import stored
from tests.factories.identity import person


def names(client: httpx2.Client, door: str, **query: str | int) -> list[str]:
    answer = client.get(door, params=query).raise_for_status().json()
    assert answer["total_count"] >= len(answer["items"])
    return [each["external_id"] for each in answer["items"]]


def test_documents_are_found_by_scope_tag_status_and_words(reviewer: httpx2.Client) -> None:
    store(
        "documents",
        {
            "id": "a",
            "title": "Refunds",
            "content": "A refund takes five days",
            "scope": "help",
            "tags": ["money"],
        },
        {
            "id": "b",
            "title": "Parcels",
            "content": "A parcel takes two days",
            "scope": "help",
            "status": "draft",
        },
        {"id": "c/d.md", "title": "Rules", "content": "refund refund refund", "scope": "rules"},
    )
    assert sorted(names(reviewer, DOCUMENTS)) == ["a", "b", "c/d.md"]
    assert sorted(names(reviewer, DOCUMENTS, scope="help")) == ["a", "b"]
    assert names(reviewer, DOCUMENTS, status="draft", scope="") == ["b"]
    assert names(reviewer, DOCUMENTS, tag="money") == ["a"]
    assert names(reviewer, DOCUMENTS, q='"five days" -parcel') == ["a"]
    [found] = reviewer.get(DOCUMENTS, params={"q": "five"}).json()["items"]
    assert [part["text"] for part in found["parts"] if part["is_hit"]] == ["five"]
    assert reviewer.get(f"{DOCUMENTS}/c/d.md").json()["content"] == "refund refund refund"
    assert reviewer.get(f"{DOCUMENTS}/{key_of('document', 'a')}").json()["title"] == "Refunds"
    stats = reviewer.get(f"{DOCUMENTS}/stats").json()
    assert (stats["documents"], stats["published"], stats["drafts"]) == (3, 2, 1)
    assert [(each["scope"], each["documents"], each["drafts"]) for each in stats["scopes"]] == [
        ("help", 2, 1),
        ("rules", 1, 0),
    ]
    assert stats["tags"] == [{"name": "money", "count": 1}]


def test_a_change_is_kept_with_who_made_it_and_survives_deletion(admin: httpx2.Client) -> None:
    made = admin.post(DOCUMENTS, json={"id": "a", "title": "Old", "content": "x", "tags": ["t"]})
    assert made.status_code == 201
    assert (
        admin.post(DOCUMENTS, json={"id": "a", "title": "Other", "content": "y"}).status_code == 409
    )
    changed = admin.put(f"{DOCUMENTS}/a", json={"title": "New", "content": "x"}).json()
    assert (changed["title"], changed["content"], changed["tags"]) == ("New", "x", ["t"])
    assert [(each["what"], each["before"], each["after"]) for each in changed["history"][:1]] == [
        ("changed", {"title": "Old"}, {"title": "New"})
    ]
    assert changed["history"][1]["what"] == "made"
    assert (
        admin.put(f"{DOCUMENTS}/a", json={"title": "New"}).json()["updated_at"]
        == changed["updated_at"]
    )
    assert admin.delete(f"{DOCUMENTS}/a").status_code == 204
    assert admin.get(f"{DOCUMENTS}/a").status_code == 404
    with transaction(Database.AI) as ai:
        gone = ai.execute(
            text(
                "select before, after, by_name from ai_kb_document_changes order by at desc limit 1"
            )
        ).one()
    assert (gone.before["title"], gone.after, gone.by_name) == ("New", None, "Admin")
    assert [
        each["what"]
        for each in admin.get("/admin/ai/knowledge/document-changes?document=a").json()["items"]
    ] == [
        "deleted",
        "changed",
        "made",
    ]
    told()
    deeds = [row["action"] for row in admin.get("/admin/audit?action=document").json()["items"]]
    assert deeds == ["document.delete", "document.change", "document.create"]


def test_who_is_slower_overwrites_nothing(admin: httpx2.Client) -> None:
    seen = admin.post(DOCUMENTS, json={"title": "a", "content": "b"}).json()
    assert (
        admin.put(
            f"{DOCUMENTS}/{seen['id']}", json={"title": "first", "updated_at": seen["updated_at"]}
        ).status_code
        == 200
    )
    late = admin.put(
        f"{DOCUMENTS}/{seen['id']}", json={"title": "second", "updated_at": seen["updated_at"]}
    )
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert admin.get(f"{DOCUMENTS}/{seen['id']}").json()["title"] == "first"


def test_what_an_import_brought_and_a_person_changed_is_the_persons(admin: httpx2.Client) -> None:
    store("documents", {"id": "a", "title": "a", "content": "b"})
    with transaction(Database.AI) as ai:
        ai.execute(text("update ai_kb_documents set import_id = :id"), {"id": new_id()})
    admin.put(f"{DOCUMENTS}/a", json={"content": "c"}).raise_for_status()
    with transaction(Database.AI) as ai:
        assert ai.execute(text("select import_id from ai_kb_documents")).scalar_one() is None


def test_a_reviewer_proposes_and_an_admin_publishes(
    reviewer: httpx2.Client, admin: httpx2.Client
) -> None:
    given = {"title": "Refunds", "content": "Five days.", "message_id": str(new_id())}
    draft = reviewer.post(f"{DOCUMENTS}/proposals", json=given | {"status": "published"}).json()
    assert (draft["status"], draft["source"], draft["history"][0]["what"]) == (
        "draft",
        "review",
        "proposed",
    )
    assert draft["metadata"] == {"proposed_by": "Reviewer", "message_id": given["message_id"]}
    assert (
        reviewer.put(f"{DOCUMENTS}/{draft['id']}", json={"status": "published"}).status_code == 403
    )
    accepted = admin.put(f"{DOCUMENTS}/{draft['id']}", json={"status": "published"}).json()
    assert (accepted["status"], accepted["history"][0]["what"]) == ("published", "published")


def test_the_origin_of_a_proposal_is_named_by_either_id(reviewer: httpx2.Client) -> None:
    stored(said("c-17", 1))
    conversation = str(key_of("conversation", "c-17"))
    message = str(key_of("message", message_name("c-17", "m0")))
    led = {"message_id": message, "conversation_id": conversation}
    given = {"title": "Refunds", "content": "Five days."}
    for named in ({"message_id": "m0", "conversation_id": "c-17"}, led):
        made = reviewer.post(f"{DOCUMENTS}/proposals", json=given | named)
        assert made.status_code == 201, made.text
        assert made.json()["metadata"] == {"proposed_by": "Reviewer", **led}
    missing = reviewer.post(f"{DOCUMENTS}/proposals", json=given | {"message_id": "m9"})
    assert missing.status_code == 404


def test_a_folder_sent_again_changes_what_it_holds_and_makes_nothing_twice(
    admin: httpx2.Client,
) -> None:
    files = [
        {"name": "help/refunds.md", "content": "intro\n# Refunds #\n\nFive"},
        {"name": "a_b-c.md", "content": "x"},
    ]
    bad = {"name": "empty.md", "content": ""}
    report = admin.post(
        f"{DOCUMENTS}/folder", json={"files": [*files, bad], "scope": "help"}
    ).json()
    assert (report["made"], report["changed"], report["unchanged"]) == (2, 0, 0)
    assert [each["name"] for each in report["left_out"]] == ["empty.md"]
    assert {each["title"] for each in admin.get(DOCUMENTS).json()["items"]} == {"Refunds", "a b c"}
    files[1]["content"] = "y"
    again = admin.post(f"{DOCUMENTS}/folder", json={"files": files, "scope": "help"}).json()
    assert (again["made"], again["changed"], again["unchanged"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"title": "a", "content": ""}),
        ("POST", "", {"title": "a" * 501, "content": "b"}),
        ("POST", "/proposals", {"title": "", "content": "b"}),
        ("POST", "/folder", {"files": []}),
        ("PUT", "/a", {"content": ""}),
        ("GET", "?status=open", None),
    ],
)
def test_what_is_no_document_is_refused(
    admin: httpx2.Client, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert admin.request(method, f"{DOCUMENTS}{path}", json=body).status_code == 422


def test_hostile_words_come_back_as_they_are_and_harm_no_spreadsheet(admin: httpx2.Client) -> None:
    words = "<script>alert(1)</script> ![x](https://elsewhere.example/x.png) \u202e"
    body = b'{"title": "=1+1", "content": "half \\ud83d of \\u0000 a pair"}'
    assert admin.post(
        DOCUMENTS, content=body, headers={"Content-Type": "application/json"}
    ).status_code in (201, 422)
    admin.post(
        DOCUMENTS, json={"id": "bad", "title": "=cmd()", "content": words}
    ).raise_for_status()
    assert admin.get(f"{DOCUMENTS}/bad").json()["content"] == words
    rows = list(csv.DictReader(io.StringIO(admin.get(f"{DOCUMENTS}?format=csv").text)))
    assert "'=cmd()" in {row["title"] for row in rows}


def test_memories_are_found_by_user_kind_and_words_and_forgotten(
    reviewer: httpx2.Client, admin: httpx2.Client
) -> None:
    stored(
        {
            "id": "c",
            "user_id": "ann",
            "messages": [
                {"id": "m", "role": "user", "content": "x", "created_at": NOW.isoformat()}
            ],
        }
    )
    store(
        "memories",
        {
            "id": "1",
            "user_id": "ann",
            "kind": "preference",
            "content": "Likes blue cheese",
            "confidence": 0.8,
        },
        {
            "id": "2",
            "user_id": "bob",
            "kind": "rule",
            "content": "Never call at night",
            "scope": "shop",
        },
        {"id": "3", "content": "Cheese is closed on Mondays"},
    )
    assert names(reviewer, MEMORIES, user_id="ann") == ["1"]
    assert names(reviewer, MEMORIES, user_id=str(key_of("user", "bob"))) == ["2"]
    assert names(reviewer, MEMORIES, kind="rule", scope="shop") == ["2"]
    assert sorted(names(reviewer, MEMORIES, q="cheese")) == ["1", "3"]
    [found] = reviewer.get(MEMORIES, params={"q": "blue"}).json()["items"]
    assert (found["user_external_id"], found["confidence"]) == ("ann", 0.8)
    assert [part["text"] for part in found["parts"] if part["is_hit"]] == ["blue"]
    stats = reviewer.get(f"{MEMORIES}/stats").json()
    assert (stats["memories"], stats["users"]) == (3, 2)
    assert {each["name"]: each["count"] for each in stats["kinds"]} == {
        "fact": 1,
        "preference": 1,
        "rule": 1,
    }
    assert reviewer.delete(f"{MEMORIES}/1").status_code == 403
    assert admin.delete(f"{MEMORIES}/1").status_code == 204
    assert admin.delete(f"{MEMORIES}/1").status_code == 404
    assert len(list(csv.DictReader(io.StringIO(reviewer.get(f"{MEMORIES}?format=csv").text)))) == 2


def test_nothing_to_count_is_no_error(reviewer: httpx2.Client) -> None:
    for door in (f"{DOCUMENTS}/stats", f"{MEMORIES}/stats", f"{FEEDBACK}/stats"):
        assert reviewer.get(door).status_code == 200
    assert reviewer.get(f"{FEEDBACK}/stats").json()["low"] is None


@pytest.mark.parametrize("may", [False, True])
def test_analysts_read_where_the_workspace_says_so_and_change_nothing(
    client: Client, admin: httpx2.Client, may: bool
) -> None:
    admin.put(
        "/admin/settings",
        json=admin.get("/admin/settings").json() | {"analysts_read_messages": may},
    ).raise_for_status()
    analyst = client(person(Role.ANALYST))
    assert analyst.get(DOCUMENTS).status_code == (200 if may else 403)
    assert analyst.get(FEEDBACK).status_code == (200 if may else 403)
    assert analyst.post(DOCUMENTS, json={"title": "a", "content": "b"}).status_code == 403
    assert (
        analyst.post(f"{DOCUMENTS}/proposals", json={"title": "a", "content": "b"}).status_code
        == 403
    )
