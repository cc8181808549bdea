"""Messages captured in spans, in every supported form."""

import json
from typing import Any

import pytest

from core.ai_metrics.otlp import contents
from core.ai_metrics.otlp.contents import Exchange
from core.ai_metrics.otlp.span_messages import SpanMessage
from tests.factories.spans import CHAT, packed, pairs, span, unpacked

CALL = {"id": "t1", "name": "weather", "arguments": {"city": "Paris"}}
ASKED = [
    SpanMessage("system", "be brief", []),
    SpanMessage("user", "Weather?", []),
    SpanMessage("assistant", "", [CALL]),
    SpanMessage("tool", "sunny", [], "t1"),
]
ANSWERED = [SpanMessage("assistant", "It is sunny.", [])]
PARTS = [
    {"role": "system", "parts": [{"type": "text", "content": "be brief"}]},
    {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
    {
        "role": "assistant",
        "parts": [{"type": "reasoning", "content": "hm"}, {"type": "tool_call", **CALL}],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": "sunny"}]},
]
VENDORS = [
    {"role": "developer", "content": "be brief"},
    {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "t1", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
        ],
    },
    {"role": "tool", "content": "sunny", "tool_call_id": "t1"},
]
ANSWER = [
    {
        "role": "assistant",
        "parts": [{"type": "text", "content": "It is sunny."}],
        "finish_reason": "stop",
    }
]


def flat(prefix: str, message: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{prefix}.{n}.{message}{name}": value
        for n, each in enumerate(values)
        for name, value in each.items()
    }


OPENINFERENCE = flat(
    "llm.input_messages",
    "message.",
    {"role": "system", "content": "be brief"},
    {
        "role": "user",
        "contents.0.message_content.type": "text",
        "contents.0.message_content.text": "Weather?",
    },
    {
        "role": "assistant",
        "tool_calls.0.tool_call.id": "t1",
        "tool_calls.0.tool_call.function.name": "weather",
        "tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
    },
    {"role": "tool", "content": "sunny", "tool_call_id": "t1"},
) | flat("llm.output_messages", "message.", {"role": "assistant", "content": "It is sunny."})
TRACELOOP = flat(
    "gen_ai.prompt",
    "",
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": json.dumps([{"type": "text", "text": "Weather?"}])},
    {
        "role": "assistant",
        "tool_calls.0.id": "t1",
        "tool_calls.0.name": "weather",
        "tool_calls.0.arguments": '{"city": "Paris"}',
    },
    {"role": "tool", "content": "sunny", "tool_call_id": "t1"},
) | flat("gen_ai.completion", "", {"role": "assistant", "content": "It is sunny."})


def exchange(
    attributes: dict[str, Any], events: list[dict[str, Any]] | None = None
) -> Exchange | None:
    [read] = unpacked(packed(span(CHAT | attributes, events=events)))
    return contents.exchange_of(read)


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.input.messages": json.dumps(PARTS), "gen_ai.output.messages": json.dumps(ANSWER)},
        {"gen_ai.input.messages": PARTS, "gen_ai.output.messages": ANSWER},
        {
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "be brief"}]),
            "gen_ai.input.messages": json.dumps(PARTS[1:]),
            "gen_ai.output.messages": json.dumps(ANSWER),
        },
        {"gen_ai.prompt": json.dumps(VENDORS), "gen_ai.completion": "It is sunny."},
        {"input.value": json.dumps({"messages": VENDORS}), "output.value": "It is sunny."},
        OPENINFERENCE,
        TRACELOOP,
    ],
    ids=["json", "structured", "instructions", "older", "raw", "openinference", "traceloop"],
)
def test_every_form_says_the_same(attributes: dict[str, Any]) -> None:
    assert exchange(attributes) == Exchange(ASKED, ANSWERED)


def test_of_several_answers_in_one_message_nobody_can_say_which_call_it_answers() -> None:
    parts = [{"type": "tool_call_response", "id": id_, "response": id_} for id_ in ("t1", "t2")]
    found = exchange({"gen_ai.input.messages": json.dumps([{"role": "tool", "parts": parts}])})
    assert found is not None
    assert found.asked == [SpanMessage("tool", "t1\nt2", [])]


def test_events_say_it_too() -> None:
    plain = [
        {"name": "gen_ai.system.message", "attributes": pairs({"content": "be brief"})},
        {
            "name": "gen_ai.user.message",
            "attributes": pairs({"gen_ai.event.content": '{"content": "Weather?"}'}),
        },
        {
            "name": "gen_ai.choice",
            "attributes": pairs({"message": '{"role": "assistant", "content": "It is sunny."}'}),
        },
    ]
    assert exchange({}, plain) == Exchange(ASKED[:2], ANSWERED)
    details = {
        "gen_ai.input.messages": json.dumps(PARTS),
        "gen_ai.output.messages": json.dumps(ANSWER),
    }
    whole = [{"name": "gen_ai.client.inference.operation.details", "attributes": pairs(details)}]
    assert exchange({}, whole) == Exchange(ASKED, ANSWERED)


@pytest.mark.parametrize(
    "attributes", [{}, {"gen_ai.prompt.name": "greeting"}, {"gen_ai.input.messages": "[]"}]
)
def test_nothing_captured_is_nothing_said(attributes: dict[str, Any]) -> None:
    assert exchange(attributes) is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("just words", "just words"),
        ("{broken", "{broken"),
        ("[" * 5000, "[" * 5000),
        (
            json.dumps(
                [{"role": "user", "parts": [{"type": "blob"}, {"type": "text", "content": "see"}]}]
            ),
            "[blob]\nsee",
        ),
        (json.dumps([{"role": "user", "parts": "odd"}]), "odd"),
        (json.dumps([{"role": "user", "content": {"a": 1}}]), '{"a":1}'),
        (json.dumps([{"content": "no role"}, 7, None]), "no role"),
        (json.dumps([{"role": 9, "parts": [None, 3, "x"]}]), "x"),
    ],
)
def test_odd_messages_lose_no_words(given: str, text: str) -> None:
    found = exchange({"gen_ai.input.messages": given})
    assert found is not None
    assert [said.text for said in found.asked] == [text]


@pytest.mark.parametrize("odd", [[], {}, [1], {"a": 1}, None, 7, True])
@pytest.mark.parametrize("call", [{"type": "tool_call", "name": "f"}, {"type": "text"}])
def test_a_call_may_have_any_json_as_its_id(call: dict[str, Any], odd: object) -> None:
    message = {"role": "assistant", "content": [call | {"id": odd}], "tool_calls": [{"id": odd}]}
    found = exchange({"gen_ai.output.messages": json.dumps([message])})
    assert found is not None
    assert found.answered[0].role == "assistant"


def test_what_is_shown_as_a_message_is_not_kept_twice() -> None:
    assert [name for name in (OPENINFERENCE | TRACELOOP) if not contents.is_content(name)] == []
    assert not contents.is_content("gen_ai.prompt.name")


def names(
    asked: list[SpanMessage], answered: list[SpanMessage] | None = None
) -> tuple[list[str], list[str]]:
    return contents.names_of(Exchange(asked, answered or []))


def test_a_message_has_the_name_that_its_answer_had() -> None:
    first, answer = names(ASKED[1:2], ANSWERED)
    later, _ = names(
        [
            ASKED[1],
            SpanMessage("assistant", " It is sunny.\n", []),
            SpanMessage("user", "Thanks", []),
        ]
    )
    assert later[:2] == first + answer
    assert len(set(later)) == 3


def test_the_same_words_at_another_place_are_another_message() -> None:
    again, _ = names([SpanMessage("user", "ok", []), SpanMessage("user", "ok", [])])
    assert len(set(again)) == 2


def test_a_system_message_with_the_time_in_it_does_not_make_a_conversation_anew() -> None:
    one, _ = names([SpanMessage("system", "It is 10:00", []), *ASKED[1:]])
    other, _ = names([SpanMessage("system", "It is 10:01", []), *ASKED[1:]])
    assert one[0] != other[0]
    assert one[1:] == other[1:]
