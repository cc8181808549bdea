"""Documents with search and history, memories, and feedback with its figures, over HTTP."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.ingest.rows import key_of, message_name
from core.knowledge.documents import ingest as documents
from core.knowledge.feedback import ingest as feedback
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.annotations import told
from tests.factories.conversations import SOURCE, stored
from tests.factories.conversations import conversation as said
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
DOOR = "/admin/ai/knowledge"
DOCUMENTS, MEMORIES, FEEDBACK = f"{DOOR}/documents", f"{DOOR}/memories", f"{DOOR}/feedback"
STORES: dict[str, Any] = {
    "documents": (documents, NewDocument),
    "memories": (memories, NewMemory),
    "feedback": (feedback, NewFeedback),
}


def store(kind: str, *rows: dict[str, Any]) -> None:
    module, row = STORES[kind]
    with transaction(Database.AI) as ai:
        module.store(
            ai, [msgspec.convert({"id": str(new_id()), **each}, row) for each in rows], SOURCE
        )


def names(client: httpx2.Client, door: str, **query: str | int) -> list[str]:
    answer = client.get(door, params=query).raise_for_status().json()
    assert answer["total_count"] >= len(answer["items"])
    return [each["external_id"] for each in answer["items"]]


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN, email="ada@example.com"))


@pytest.fixture
def reviewer(client: Client) -> httpx2.Client:
    return client(person(Role.REVIEWER, email="rita@example.com"))


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


def answered(name: str, model: str, *ratings: tuple[int, str | None], **more: Any) -> None:  # noqa: ANN401
    """Store a conversation with an answer, and what was thought of the answer."""
    said = [
        {"id": "q", "role": "user", "content": "x", "created_at": NOW.isoformat()},
        {
            "id": "a",
            "role": "assistant",
            "content": "y",
            "model": model,
            "created_at": NOW.isoformat(),
        },
    ]
    stored({"id": name, "title": f"About {name}", "user_id": f"user of {name}", "messages": said})
    about = {
        "conversation_id": name,
        "message_id": "a",
        "user_id": f"user of {name}",
        "created_at": NOW.isoformat(),
    }
    store(
        "feedback",
        *({**about, "rating": rating, "scale": scale, **more} for rating, scale in ratings),
    )


def test_ratings_are_counted_by_one_rule_by_day_and_by_model(reviewer: httpx2.Client) -> None:
    for_one = ((1, None), (-1, None), (5, None), (4, None), (1, "five"))
    answered("one", "small", *for_one, *for_one)
    answered("two", "large", (3, None), (3, None), comment="so so", edited_text="z")
    stats = reviewer.get(f"{FEEDBACK}/stats").json()
    assert [stats[name] for name in ("rated", "positive", "neutral", "negative")] == [12, 6, 2, 4]
    assert (stats["ratio"], stats["with_comment"], stats["with_edit"]) == (0.5, 2, 2)
    # Wilson's interval of 6 in 12; of fewer than ten there is none
    assert (round(stats["low"], 4), round(stats["high"], 4)) == (0.2538, 0.7462)
    small, large = stats["models"]
    assert (small["model"], small["rated"], small["positive"]) == ("small", 10, 6)
    assert (large["model"], large["rated"], large["positive"]) == ("large", 2, 0)
    assert round(small["low"], 4) == 0.3127
    assert (large["low"], large["high"]) == (None, None)
    assert sum(day["rated"] for day in stats["days"]) == 12
    assert len(stats["days"]) == 30
    assert stats["previous"]["rated"] == 0
    assert stats["previous"]["ratio"] is None


def test_feedback_knows_its_conversation_and_is_narrowed(reviewer: httpx2.Client) -> None:
    answered("one", "small", (1, None))
    answered("two", "large", (-1, None), comment="100% wrong")
    store(
        "feedback",
        {
            "conversation_id": "nobody",
            "rating": 1,
            "created_at": (NOW - timedelta(days=40)).isoformat(),
        },
    )
    items = reviewer.get(FEEDBACK).json()["items"]
    assert {
        (
            each["conversation_external_id"],
            each["conversation_title"],
            each["model"],
            each["opinion"],
        )
        for each in items
    } == {
        ("one", "About one", "small", "positive"),
        ("two", "About two", "large", "negative"),
    }
    for query, found in (
        ({"rating": "negative"}, 1),
        ({"q": "100%"}, 1),
        ({"q": "%wrong_"}, 0),
        ({"has": "comment"}, 1),
        ({"has": "edited_text"}, 0),
        ({"user_id": "user of one"}, 1),
        ({"environment": "staging"}, 0),
        ({"days": "60"}, 3),
    ):
        assert reviewer.get(FEEDBACK, params=query).json()["total_count"] == found, query
    [unknown] = [
        each
        for each in reviewer.get(FEEDBACK, params={"days": 60}).json()["items"]
        if each["user_id"] is None
    ]
    assert (unknown["conversation_external_id"], unknown["model"]) == (None, None)
    rows = list(
        csv.DictReader(io.StringIO(reviewer.get(f"{FEEDBACK}?format=csv&rating=negative").text))
    )
    assert [row["comment"] for row in rows] == ["100% wrong"]


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
