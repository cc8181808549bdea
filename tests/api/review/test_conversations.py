"""Conversations over HTTP: searched, read in parts, harmless whatever they contain; reading one is
audited.
"""

import csv
import io
import json
from typing import Any

import httpx2
import msgspec
import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.ingest.rows import key_of, message_name
from core.jobs import outbox
from core.knowledge import jobs
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.api.review.conftest import LIST, NOW, at, said, talk
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import SOURCE, stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"
RATED = jobs.rate.__name__  # the import registers the handlers


def rate(conversation: str, rating: int, message: str | None = None, **more: Any) -> None:  # noqa: ANN401
    row = {
        "conversation_id": conversation,
        "message_id": message,
        "rating": rating,
        "created_at": NOW.isoformat(),
        **more,
    }
    with transaction(Database.AI) as ai:
        feedback.store(ai, [msgspec.convert({"id": str(new_id()), **row}, NewFeedback)], SOURCE)
    while any([outbox.relay(database) for database in Database]):
        pass


def listed(client: httpx2.Client, **query: str | int) -> list[str]:
    answer = client.get(LIST, params=query).raise_for_status().json()
    names = [each["external_id"] for each in answer["items"]]
    assert answer["total_count"] >= len(names)
    return names


def test_the_one_that_was_spoken_in_last_is_first(reviewer: httpx2.Client) -> None:
    stored(
        talk("old", "a", minutes=60 * 24 * 3),
        talk("new", "b", minutes=1),
        talk("older", "c", minutes=60 * 24 * 40),
    )
    assert listed(reviewer) == ["new", "old"]
    assert listed(reviewer, days=60) == ["new", "old", "older"]
    assert listed(reviewer, limit=1, offset=1) == ["old"]
    page = reviewer.get(LIST, params={"limit": 1}).json()
    assert (page["total_count"], page["limit"], page["offset"]) == (2, 1, 0)


def test_filters_go_together(reviewer: httpx2.Client) -> None:
    stored(
        talk("a", "x", "y", model="large", app="shop"),
        talk("b", "x", "y", status="closed"),
        talk("c", "x"),
    )
    assert listed(reviewer, model="large") == ["a"]
    assert listed(reviewer, model="large", app="desk") == []
    assert listed(reviewer, status="closed") == ["b"]
    assert listed(reviewer, user_id="user-of-c") == ["c"]
    assert listed(reviewer, user_id=str(key_of("user", "user-of-c"))) == ["c"]
    assert listed(reviewer, environment="staging") == []
    assert sorted(listed(reviewer, model="", status="", q="", rating="")) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "query", ["rating=good", "status=open", "limit=201", "days=0", "start=yesterday"]
)
def test_what_is_no_filter_is_refused(reviewer: httpx2.Client, query: str) -> None:
    answer = reviewer.get(f"{LIST}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_ratings_are_read_by_their_scales(reviewer: httpx2.Client) -> None:
    stored(
        *(
            talk(name, "x")
            for name in ("thumb-up", "thumb-down", "five", "four", "three", "one-of-five", "none")
        )
    )
    for name, rating, scale in (
        ("thumb-up", 1, None),
        ("thumb-down", -1, None),
        ("five", 5, None),
        ("four", 4, None),
    ):
        rate(name, rating, scale=scale)
    rate("three", 3)
    rate("one-of-five", 1, scale="five")
    assert sorted(listed(reviewer, rating="positive")) == ["five", "four", "thumb-up"]
    assert sorted(listed(reviewer, rating="negative")) == ["one-of-five", "thumb-down"]
    assert listed(reviewer, rating="neutral") == ["three"]
    assert listed(reviewer, rating="unrated") == ["none"]
    opinions = {each["external_id"]: each["opinion"] for each in reviewer.get(LIST).json()["items"]}
    assert opinions["one-of-five"] == "negative"
    assert opinions["three"] == "neutral"


def test_words_are_found_and_marked(reviewer: httpx2.Client) -> None:
    stored(
        talk("refund", "Hello", "A refund takes five days, and the refund is full", "refund?"),
        talk("other", "A parcel"),
    )
    [found] = reviewer.get(LIST, params={"q": "refund -parcel"}).json()["items"]
    hit = found["hit"]
    assert (found["external_id"], hit["position"], hit["role"], hit["messages"]) == (
        "refund",
        1,
        "assistant",
        2,
    )
    assert [part["text"] for part in hit["parts"] if part["is_hit"]] == ["refund", "refund"]
    assert "".join(part["text"] for part in hit["parts"]).startswith("refund takes five days")
    assert listed(reviewer, q='"five days"') == ["refund"]
    assert listed(reviewer, q='"days five"') == []
    assert sorted(listed(reviewer, q="refund or parcel")) == ["other", "refund"]
    inside = reviewer.get(f"{LIST}/refund", params={"q": "refund"}).json()["messages"]
    assert [bool(each["parts"]) for each in inside] == [False, True, True]
    assert "".join(part["text"] for part in inside[1]["parts"]) == inside[1]["content"]


@pytest.mark.parametrize(
    "q", ["!!!", "' | & :*", "\\", '"', "%", "<b>", "\u202e", "(((", "a" * 500, "-"]
)
def test_a_search_for_anything_is_answered(reviewer: httpx2.Client, q: str) -> None:
    stored(talk("a", "something"))
    assert listed(reviewer, q=q) == []


def test_a_conversation_has_its_messages_calls_steps_and_feedback_in_place(client: Client) -> None:
    stored(talk("c", "Where is it?", "On its way"))
    step = {"kind": "tool", "name": "parcel.track", "duration_ms": 80}
    for_it = {"conversation_id": "c", "message_id": "m1"}
    send(request(at(10), id="r", steps=[step], tool_calls=[{"name": "parcel.track"}], **for_it))
    rate("c", -1, "m1", comment="No", edited_text="It is lost")
    rate("c", 5, comment="All in all")
    read = client(person()).get(f"{LIST}/c").json()
    question, answer = read["messages"]
    assert (question["role"], answer["role"], answer["model"]) == ("user", "assistant", "small")
    assert question["requests"] == question["feedback"] == []
    assert answer["requests"][0]["steps"] == [step]
    assert answer["requests"][0]["tool_calls"] == [{"name": "parcel.track"}]
    [judged] = answer["feedback"]
    assert (judged["opinion"], judged["comment"], judged["edited_text"]) == (
        "negative",
        "No",
        "It is lost",
    )
    assert [each["comment"] for each in read["feedback"]] == ["All in all"]
    assert [each["conversation_feedback"] for each in read["messages"]] == [[], read["feedback"]]
    assert read["conversation"]["models"] == ["small"]
    assert (read["total_count"], read["limit"], read["offset"]) == (2, 50, 0)


def test_a_thousand_messages_come_in_parts_around_the_one_in_focus(reviewer: httpx2.Client) -> None:
    stored(
        {
            "id": "long",
            "messages": [said(number, f"text {number}", 1000 - number) for number in range(1000)],
        }
    )
    first = reviewer.get(f"{LIST}/long").json()
    assert (first["total_count"], len(first["messages"]), first["offset"]) == (1000, 50, 0)
    part = reviewer.get(f"{LIST}/long", params={"message": "m500", "limit": 20}).json()
    assert [each["position"] for each in part["messages"]] == list(range(490, 510))
    key = key_of("message", message_name("long", "m999"))
    last = reviewer.get(f"{LIST}/long", params={"message": str(key), "limit": 20}).json()
    assert (last["offset"], len(last["messages"])) == (989, 11)
    assert reviewer.get(f"{LIST}/long", params={"offset": 5000}).json()["messages"] == []
    alone = reviewer.get(f"{DOOR}/messages/{key}", params={"context": 2}).json()
    assert alone["message"]["content"] == "text 999"
    assert [each["position"] for each in alone["before"]] == [997, 998]
    assert alone["after"] == []


def test_ids_are_ours_or_the_senders(reviewer: httpx2.Client) -> None:
    stored(talk("a/b c", "x"), talk("other", "x"))
    assert reviewer.get(f"{LIST}/a%2Fb%20c").json()["conversation"]["external_id"] == "a/b c"
    assert (
        reviewer.get(f"{LIST}/{key_of('conversation', 'a/b c')}").json()["conversation"][
            "external_id"
        ]
        == "a/b c"
    )
    for path in (
        f"{LIST}/nobody",
        f"{DOOR}/messages/nobody",
        f"{LIST}/other?message=nobody",
        f"{LIST}/{new_id()}",
    ):
        answer = reviewer.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert reviewer.get(f"{DOOR}/messages/m0").status_code == 409  # both have one


def test_opening_is_written_down_and_looking_at_the_list_is_not(
    client: Client, reviewer: httpx2.Client
) -> None:
    stored(talk("c", "x"))
    opened, message = (
        str(key_of("conversation", "c")),
        str(key_of("message", message_name("c", "m0"))),
    )
    reviewer.get(LIST)
    reviewer.get(f"{LIST}/nobody")
    reviewer.get(f"{LIST}/c")
    reviewer.get(f"{DOOR}/messages/m0")
    rows = client(person(Role.ADMIN)).get("/admin/audit?action=conversation.open").json()["items"]
    assert [row["targets"] for row in rows] == [
        {"conversation": opened, "message": message},
        {"conversation": opened},
    ]
    assert {row["actor"]["name"] for row in rows} == {"rita@example.com"}


def test_a_file_has_every_row_and_nothing_that_a_sheet_would_run(reviewer: httpx2.Client) -> None:
    stored(
        *(talk(f"c{number:04}", "=HYPERLINK(1)", minutes=1 + number % 3) for number in range(1005))
    )
    rows = list(csv.DictReader(io.StringIO(reviewer.get(LIST, params={"format": "csv"}).text)))
    assert {row["external_id"] for row in rows} == {f"c{number:04}" for number in range(1005)}
    assert len(rows) == 1005
    assert rows[0]["opening"] == "'=HYPERLINK(1)"
    assert [row["last_message_at"] for row in rows] == sorted(
        (row["last_message_at"] for row in rows), reverse=True
    )


def test_who_takes_a_file_away_stands_in_the_log_with_the_filter(
    client: Client, reviewer: httpx2.Client
) -> None:
    span = {"start": "2026-07-01T00:00:00Z", "end": "2026-07-02T00:00:00Z"}
    assert (
        reviewer.get(
            LIST, params={**span, "q": "a", "rating": "negative", "format": "csv"}
        ).status_code
        == 200
    )
    [row] = client(person(Role.ADMIN)).get("/admin/audit?action=conversations").json()["items"]
    assert (row["action"], row["actor"]["name"]) == ("conversations.export", "rita@example.com")
    edges = {"start": "2026-07-01 00:00:00+00:00", "end": "2026-07-02 00:00:00+00:00"}
    assert row["targets"] == {**edges, "q": "a", "rating": "negative", "environment": "production"}


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "![x](https://elsewhere.example/leak.png) [click](javascript:alert(1))",
    "a\u202etxt.exe\u2066\u200f",
    "\x02hit\x03 needle",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_what_tries_to_break_out_is_answered_as_it_was_said(
    reviewer: httpx2.Client, words: str
) -> None:
    stored(talk("c", f"{words} needle", title=words[:50]))
    answer = reviewer.get(f"{LIST}/c", params={"q": "needle"})
    assert answer.headers["content-type"] == "application/json"
    [message] = answer.json()["messages"]
    assert message["content"] == f"{words} needle"
    marked = [part["text"] for part in message["parts"] if part["is_hit"]]
    assert set(marked) == {"needle"}


def test_very_long_words_are_cut_among_others_and_whole_alone(reviewer: httpx2.Client) -> None:
    text = "long " * 40_000
    stored(talk("c", text, "short"))
    first, second = reviewer.get(f"{LIST}/c", params={"q": "long"}).json()["messages"]
    assert (first["is_cut"], first["characters"], len(first["content"])) == (True, 200_000, 20_000)
    assert (second["is_cut"], second["characters"]) == (False, 5)
    assert "".join(part["text"] for part in first["parts"]) == first["content"]
    whole = reviewer.get(f"{DOOR}/messages/{first['id']}").json()["message"]
    assert (whole["is_cut"], whole["content"]) == (False, text)


def test_halves_of_surrogate_pairs_are_readable(client: Client, reviewer: httpx2.Client) -> None:
    key = (
        client(person())
        .post("/admin/api-keys", json={"name": "k", "scopes": ["ingest"]})
        .json()["key"]
    )
    body = json.dumps(talk("c", "before \ud83d after \udc00")).encode()
    sent = client().post(
        "/ingest/conversations", content=body, headers={"Authorization": f"Bearer {key}"}
    )
    assert sent.status_code == 202
    read = reviewer.get(f"{LIST}/c", params={"q": "after"}).json()
    assert "before" in read["messages"][0]["content"]
    assert "after" in read["messages"][0]["content"]
    assert reviewer.get(LIST, params={"q": "before", "format": "csv"}).text.count("\r\n") == 2


def test_the_context_of_a_conversation_is_told_with_it_and_with_its_messages(
    reviewer: httpx2.Client,
) -> None:
    stored(talk("c", "a", "b", context={"plan": "team", "page": {"path": "/pay"}}))
    for path in ("conversations/c", "messages/m1"):
        found = reviewer.get(f"{DOOR}/{path}").raise_for_status().json()
        assert found["conversation"]["context"] == {"plan": "team", "page": {"path": "/pay"}}
