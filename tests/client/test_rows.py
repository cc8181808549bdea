"""Rows as the client sends them: each with an ID and a time, unchanged since the host's call."""

import ast
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import numpy as np
import pytest
from openai.types.chat import ChatCompletionMessage

from attune_client import Client
from core.platform.config import ROOT
from tests.client.conftest import MakeClient
from tests.client.recorder import Recorder, Row

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def sent(recorder: Recorder, client: Client, path: str = "events") -> Row:
    assert client.flush()
    return recorder.of(path)[-1]


def test_an_event_has_what_was_given_and_what_is_common(recorder: Recorder, client: Client) -> None:
    client.track(
        "chat.feedback_given",
        user_id="u",
        session_id="s",
        event_data={"stars": 5},
        plan="pro",
        error_code="E1",
    )
    row = sent(recorder, client)
    assert row.pop("id")
    assert datetime.fromisoformat(row.pop("created_at")).tzinfo
    assert row == {
        "event_type": "chat.feedback_given",
        "user_id": "u",
        "session_id": "s",
        "event_data": {"stars": 5},
        "plan": "pro",
        "error_code": "E1",
        "app": "shop",
        "environment": "staging",
        "release": "1.2",
    }


def test_a_row_may_name_its_own_id_time_and_environment(recorder: Recorder, client: Client) -> None:
    client.track("a", id="mine", created_at=NOON, environment="lab")
    row = sent(recorder, client)
    assert (row["id"], row["created_at"], row["environment"]) == (
        "mine",
        "2026-07-01T12:00:00+00:00",
        "lab",
    )


def test_an_ai_request_keeps_costs_exact(recorder: Recorder, client: Client) -> None:
    client.record_ai_request(
        "gpt-4o",
        provider="openai",
        input_tokens=3,
        cost_usd=Decimal("0.10000001"),
        tool_calls=[{"name": "t"}],
    )
    row = sent(recorder, client, "ai-requests")
    assert (row["model"], row["cost_usd"], row["tool_calls"]) == (
        "gpt-4o",
        "0.10000001",
        [{"name": "t"}],
    )
    assert "output_tokens" not in row


@dataclass
class Order:
    number: int
    paid: Decimal


def test_tool_calls_are_taken_as_the_sdk_of_a_provider_has_them(
    recorder: Recorder, client: Client
) -> None:
    # As texts of such objects, they had their whole request rejected
    call = {"id": "c-1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    answer = ChatCompletionMessage.model_validate({"role": "assistant", "tool_calls": [call]})
    client.record_ai_request("gpt-4o", tool_calls=answer.tool_calls)
    assert sent(recorder, client, "ai-requests")["tool_calls"] == [call]


def test_a_dataclass_is_an_object(recorder: Recorder, client: Client) -> None:
    client.track("a", event_data={"order": Order(7, Decimal("0.10")), "type": Order})
    assert sent(recorder, client)["event_data"] == {
        "order": {"number": 7, "paid": "0.10"},
        "type": str(Order),
    }


def test_messages_get_what_they_lack(recorder: Recorder, client: Client) -> None:
    client.record_conversation(
        "c",
        [{"id": "m1", "role": "user", "content": "Hi", "created_at": NOON}, {"role": "assistant"}],
    )
    row = sent(recorder, client, "conversations")
    first, second = row["messages"]
    assert first == {"id": "m1", "role": "user", "content": "Hi", "created_at": NOON.isoformat()}
    assert second["id"]
    assert second["created_at"] == row["updated_at"]
    assert row["id"] == "c"


def test_what_a_message_has_as_none_it_lacks(recorder: Recorder, client: Client) -> None:
    prompt = {"name": "support", "version": "7"}
    bare: Row = {"id": None, "role": "assistant", "created_at": None, "prompt": None, "model": None}
    client.record_conversation("c", [bare], prompt=prompt)
    row = sent(recorder, client, "conversations")
    [message] = row["messages"]
    assert message.pop("id")
    assert message == {"role": "assistant", "created_at": row["updated_at"], "prompt": prompt}


@pytest.mark.parametrize("content", ["short", "long" * 10_000])
def test_messages_of_a_row_that_is_no_conversation_are_sent_as_they_are(
    recorder: Recorder, client: Client, content: str
) -> None:
    # Any row may have a field of that name, which was taken for a conversation's
    messages, prompt = [{"role": "assistant", "content": content}], {"name": "support"}
    client.record_ai_request("gpt-4o", messages=messages, prompt=prompt)
    row = sent(recorder, client, "ai-requests")
    assert (row["messages"], row["prompt"]) == (messages, prompt)


def test_a_score_is_a_number_or_a_label_of_its_subject(recorder: Recorder, client: Client) -> None:
    client.score("helpfulness", 0.8, message_id="m1", conversation_id="c", source="judge")
    row = sent(recorder, client, "scores")
    assert (row["name"], row["value"], row["message_id"], row["source"]) == (
        "helpfulness",
        0.8,
        "m1",
        "judge",
    )
    client.score("tone", "rude", ai_request_id="r")
    row = sent(recorder, client, "scores")
    assert ("value" in row, row["label"], row["ai_request_id"]) == (False, "rude", "r")


def test_feedback_names_what_it_is_about(recorder: Recorder, client: Client) -> None:
    client.feedback(1, message_id="m1", conversation_id="c", comment="good")
    row = sent(recorder, client, "feedback")
    assert (row["rating"], row["message_id"], row["conversation_id"], row["comment"]) == (
        1,
        "m1",
        "c",
        "good",
    )


def test_what_the_host_changes_afterwards_is_not_sent(recorder: Recorder, client: Client) -> None:
    data = {"list": [1], "inner": {"a": 1}}
    client.track("a", event_data=data)
    data["list"].append(2)  # type: ignore[attr-defined]  # a list
    data["inner"] = "changed"
    assert sent(recorder, client)["event_data"] == {"list": [1], "inner": {"a": 1}}


def test_values_that_json_has_no_form_for_get_one(recorder: Recorder, client: Client) -> None:
    given = {
        "nan": float("nan"),
        "set": {1},
        "bytes": b"\xff",
        "uuid": UUID(int=1),
        "mapping": MappingProxyType({"a": 1}),
        1: 2,
    }
    client.track("a", event_data=given)  # type: ignore[arg-type]  # what a host may do
    assert sent(recorder, client)["event_data"] == {
        "nan": None,
        "set": [1],
        "bytes": "\ufffd",
        "uuid": str(UUID(int=1)),
        "mapping": {"a": 1},
        "1": 2,
    }


@pytest.mark.parametrize("letter", ["ж", "漢", "🙂"])
def test_a_text_takes_the_room_of_its_utf_8_in_any_language(
    recorder: Recorder, client: Client, letter: str
) -> None:
    text = letter * (1_000_000 // len(letter.encode()))
    client.record_conversation("c", [{"role": "user", "content": text}])
    assert sent(recorder, client, "conversations")["messages"][0]["content"] == text


@pytest.mark.parametrize("filling", ["", "x" * 30_000])
def test_half_a_character_does_not_cost_the_row(
    recorder: Recorder, client: Client, filling: str
) -> None:
    client.track("a", event_data={"text": "cut \ud83d", "filling": filling})
    assert sent(recorder, client)["event_data"]["text"] == "cut ?"


@pytest.mark.parametrize("filling", ["", "x" * 30_000])
def test_numbers_of_other_kinds_stay_numbers(
    recorder: Recorder, client: Client, filling: str
) -> None:
    given = {"float": np.float32(0.5), "int": np.int64(7), "nan": np.float32("nan")}
    client.track("a", event_data={**given, "filling": filling})
    row = sent(recorder, client)
    assert row["event_data"] == {"float": 0.5, "int": 7, "nan": None, "filling": filling}


@pytest.mark.parametrize("value", [np.float32(0.5), Decimal("0.5")])
def test_a_score_of_another_kind_of_number_is_a_number(
    recorder: Recorder, client: Client, value: float | Decimal
) -> None:
    client.score("helpfulness", value, message_id="m")
    assert sent(recorder, client, "scores")["value"] == 0.5


class Hostile:
    """An object that can do nothing."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def test_what_cannot_be_sent_is_counted_and_harms_nothing_else(
    recorder: Recorder, client: Client
) -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless
    for bad in (endless, {"x": Hostile()}, {"x": "y" * 2_000_000}):
        client.track("bad", event_data=bad)
    client.record_conversation("c", 5)  # type: ignore[arg-type]  # what a host may do
    client.record_conversation("c", [5])  # type: ignore[list-item]  # what a host may do
    client.track("good")
    assert client.flush()
    assert [row["event_type"] for row in recorder.of("events")] == ["good"]
    stats = client.stats()
    assert (stats.sent, stats.failed, stats.dropped, stats.waiting) == (1, 5, 0, 0)


@pytest.mark.parametrize(
    "url", ["", "nowhere", "ftp://a", "http://", "http://a:port", "http://[", "https://\0"]
)
def test_an_address_that_is_none_harms_nobody(make: MakeClient, url: str) -> None:
    client = make(url or "  ")
    client.track("a")
    assert client.flush()
    assert client.stats().failed == 1


def test_a_key_that_no_header_can_hold_harms_nobody(recorder: Recorder) -> None:
    with Client(recorder.url, "atn_\n\u20ac") as client:
        client.track("a")
    assert client.stats().failed == 1


def test_rows_go_in_order_packed_and_with_the_key(recorder: Recorder, client: Client) -> None:
    for number in range(2500):
        client.track("a", number=number)
    assert client.flush()
    assert [row["number"] for row in recorder.of("events")] == list(range(2500))
    assert len(recorder.calls) < 50
    assert recorder.headers[0]["Authorization"] == "Bearer atn_key"
    assert recorder.headers[0]["Content-Encoding"] == "gzip"


def test_rows_that_attune_refuses_are_counted(recorder: Recorder, client: Client) -> None:
    recorder.rejects = lambda row: "event_type: too long" if row["event_type"] == "bad" else None
    for kind in ("good", "bad", "good"):
        client.track(kind)
    assert client.flush()
    assert (client.stats().sent, client.stats().failed) == (2, 1)


def test_it_needs_nothing_but_the_standard_library() -> None:
    for file in (ROOT / "client" / "attune_client").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(), feature_version=(3, 10))):
            names = [it.name for it in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in {*sys.stdlib_module_names, "attune_client"}, file


def test_requests_and_answers_name_their_prompt_and_arm(recorder: Recorder, client: Client) -> None:
    prompt, arm = {"name": "support", "version": "7"}, {"key": "tone", "arm": "b"}
    client.record_ai_request("gpt-4o", prompt=prompt, experiment=arm)
    request = sent(recorder, client, "ai-requests")
    assert (request["prompt"], request["experiment"]) == (prompt, arm)
    own = {"name": "billing", "label": "latest"}
    messages: list[Row] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "assistant", "content": "c", "prompt": own},
    ]
    client.record_conversation("c", messages, prompt=prompt)
    talk = sent(recorder, client, "conversations")
    assert [each.get("prompt") for each in talk["messages"]] == [None, prompt, own]
    assert "prompt" not in talk
