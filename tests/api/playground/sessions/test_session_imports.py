"""Sessions from files: our own exports in each format, and the chats of others."""

import json
from typing import Any

import httpx2
import pytest

from core.imports.service import playground_sessions
from tests.api.conftest import Client
from tests.factories.identity import Person, person

SHAREGPT = {
    "id": "a",
    "conversations": [
        {"from": "human", "value": "Who are you?"},
        {"from": "gpt", "value": "A model."},
    ],
}
OPENAI = {
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "I fell."},
        {"role": "assistant", "content": "Where?"},
    ]
}
TEXTS = [
    "a\n\n# no heading\n- Note: no fact\n> quoted",
    "<img src=x> ![](https://example.com) \\<b> \\\\<i>\n```html\n<b>kept</b>\n```\n\n",
    "  ```\n<img src=x>\n```\n  trailing  ",
    "=1+1",
    "'quoted'",
    "Zeile\u2028Grüße",
]


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def imported(mine: httpx2.Client, content: str | bytes) -> httpx2.Response:
    return mine.post("/sessions/import", content=content)


def lines(*records: dict[str, Any]) -> str:
    return "\n".join(map(json.dumps, records))


def texts(mine: httpx2.Client, session: dict[str, Any]) -> list[tuple[str, str]]:
    """Return who said what in a session."""
    history = mine.get(f"/sessions/{session['session_id']}/history").raise_for_status().json()
    return [(it["role"], it["content"]) for it in history["messages"]]


def session_file(*messages: dict[str, object], **details: object) -> str:
    return json.dumps({"format": "attune-session", "details": details, "messages": messages})


def said_at(time: str) -> dict[str, object]:
    return {"role": "user", "content": "x", "created_at": time}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("format_", ["json", "markdown", "csv"])
def test_an_export_is_imported_again_with_the_same_texts(
    mine: httpx2.Client, format_: str, text: str
) -> None:
    answer = {
        **{"role": "assistant", "content": text, "service_used": "fake:echo", "rating": -1},
        **{"note": "Too *long*", "status": "failed", "created_at": "2026-03-01T10:00:00Z"},
    }
    first = imported(mine, session_file({"role": "user", "content": text}, answer)).json()
    address = f"/sessions/{first['session_id']}"
    file = mine.get(f"{address}/export", params={"format": format_}).content
    again = imported(mine, file)
    assert again.status_code == 201, again.text
    assert texts(mine, again.json()) == [("user", text), ("assistant", text)]
    after = mine.get(f"/sessions/{again.json()['session_id']}/history").json()["messages"][1]
    assert answer.items() <= after.items()


def test_a_markdown_export_keeps_the_details(mine: httpx2.Client) -> None:
    details = {"name": "A # <b>", "description": "b\n\nc", "project": "d|e", "tags": ["f", "g"]}
    first = imported(mine, session_file({"role": "user", "content": "x"}, **details)).json()
    file = mine.get(f"/sessions/{first['session_id']}/export", params={"format": "markdown"})
    assert details.items() <= imported(mine, file.content).json().items()


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([SHAREGPT, {**SHAREGPT, "id": "b"}]),
        lines(SHAREGPT, {**SHAREGPT, "id": "b"}),
        lines(SHAREGPT, {**SHAREGPT, "id": "b"}).encode("utf-16"),
    ],
)
def test_each_chat_of_a_file_is_a_session(mine: httpx2.Client, content: str | bytes) -> None:
    made = imported(mine, content).raise_for_status().json()
    said = [("user", "Who are you?"), ("assistant", "A model.")]
    assert [texts(mine, it) for it in made["sessions"]] == [said, said]
    assert made["session_id"] == made["sessions"][0]["session_id"]
    assert (made["name"], made["left_out_count"]) == ("Who are you?", 0)
    assert mine.get("/sessions").json()["total_count"] == 2


def test_a_single_openai_chat_keeps_its_system_prompt_and_leaves_out_tools(
    mine: httpx2.Client,
) -> None:
    calls = [{"id": "1", "function": {"name": "look_up", "arguments": "{}"}}]
    extra = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "found", "tool_call_id": "1"},
        {"role": "assistant", "content": "There."},
    ]
    chat = {"messages": [*OPENAI["messages"], *extra]}
    for content in (json.dumps(chat), lines(chat, chat)):
        made = imported(mine, content).raise_for_status().json()
        assert made["draft"]["custom_prompt"] == "Be kind."
        assert texts(mine, made)[1:] == [("assistant", "Where?"), ("assistant", "There.")]
        assert made["left_out_count"] == 2 * len(made["sessions"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lines(OPENAI) + "\n{broken\n" + lines(OPENAI, OPENAI), "Line 2"),
        (lines(SHAREGPT, {"conversations": []}, SHAREGPT), "Line 2"),
        (lines(*[OPENAI] * 101), "more than 100 chats"),
        ('[{"a": 1}, {"a": 2}]', "no chats"),
        ("", "empty"),
        ("# Title\n\nprose", "Line 3"),
        ("# Title\n\n## Tool\n\n> x", "Line 3"),
        ("# Title\n\n## User\n\n- Mood: good\n\n> x", "Line 3"),
        ("position,role,content,status\n1,user,a,\n2,robot,b,", "line 3"),
        (session_file({"role": "system", "content": "x"}), "messages.0.role"),
        # Times that Postgres stores, and that no program of ours reads
        (session_file(said_at("0001-01-01T00:00:00+14:00")), "messages.0.created_at"),
        (session_file(said_at("9999-12-31T23:59:59-14:00")), "messages.0.created_at"),
    ],
)
def test_a_file_with_an_error_adds_nothing_and_says_where_it_is(
    mine: httpx2.Client, content: str, why: str
) -> None:
    refused = imported(mine, content)
    assert refused.status_code == 422
    assert why in refused.json()["detail"]
    assert mine.get("/sessions").json()["total_count"] == 0


def test_chats_have_a_limit_of_their_own(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playground_sessions, "MAX_BYTES", 100)
    assert "Split it" in imported(mine, lines(OPENAI, OPENAI)).json()["detail"]


def test_answers_that_people_compared_become_chats_without_their_annotations(
    mine: httpx2.Client,
) -> None:
    pair = {"prompt": "When?", "chosen": "On the 30th.", "rejected": "On the 31st."}
    answer = imported(mine, lines(pair, {**pair, "prompt": "And then?"}))
    assert answer.status_code == 201, answer.text
    first, second = answer.json()["sessions"]
    assert texts(mine, first) == [("user", "When?"), ("assistant", "On the 31st.")]
    assert texts(mine, second)[0] == ("user", "And then?")
