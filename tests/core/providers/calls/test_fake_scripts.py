"""Scripts of the fake provider: texts, JSON, tool calls in rounds, usage and faults."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.providers.chunks import TextChunk, Usage
from core.providers.errors import (
    CallFailed,
    ContextTooLong,
    ProviderKeyRejected,
    ProviderModelMissing,
    ProviderOutOfCredit,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderServerError,
    ProviderTimedOut,
    ProviderUnreachable,
    RequestRejected,
)
from core.providers.schemas import (
    ChatMessage,
    Connection,
    MessageRole,
    ModelCall,
    Parameters,
    ProviderKind,
    Tool,
)
from core.providers.tools.tool_calls import MessageToolCall
from core.providers.vendors.fake_scripts import example_of
from tests.factories.providers import Heard, ask

FAKE = Connection("fake", ProviderKind.FAKE, None, None)
WEATHER = Tool(
    name="weather",
    parameters={"type": "object", "properties": {"city": {"type": "string", "enum": ["Rome"]}}},
)


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def play(
    *messages: ChatMessage,
    model: str = "echo",
    tools: tuple[Tool, ...] = (),
    schema: dict[str, Any] | None = None,
) -> Heard:
    return ask(FAKE, ModelCall(model, None, messages, Parameters(), tools, schema))


def scripted(script: dict[str, Any], *later: ChatMessage) -> Heard:
    return play(user(f"#fake {json.dumps(script)}\nHello"), *later)


def results(heard: Heard, *contents: str) -> tuple[ChatMessage, ...]:
    """Return the message with the tool calls of an answer, and a message for each result."""
    calls = tuple(
        MessageToolCall(id=call.id, name=call.name, arguments=call.arguments)
        for call in heard.tools
    )
    called = ChatMessage(role=MessageRole.ASSISTANT, content=heard.text, tool_calls=calls)
    answers = [
        ChatMessage(role=MessageRole.TOOL, content=content, tool_call_id=call.id)
        for call, content in zip(calls, contents, strict=True)
    ]
    return (called, *answers)


def test_a_scripted_text_is_the_whole_answer() -> None:
    text = "  Two  spaces,\n\nand *lines*. "
    heard = scripted({"text": text})
    assert heard.text == text
    assert len([chunk for chunk in heard.chunks if isinstance(chunk, TextChunk)]) > 3
    assert heard.finish_reason == "stop"


@pytest.mark.parametrize("value", [{"city": "Zürich", "days": [1, 2.5]}, [], 0, False, "text"])
def test_scripted_json_is_the_whole_answer(value: object) -> None:
    assert json.loads(scripted({"json": value}).text) == value


def test_scripted_usage_and_finish_reason_are_reported() -> None:
    usage = {"input": 100, "output": 20, "cached": 60, "cache_write": 5, "reasoning": 7}
    heard = scripted({"text": "x", "usage": usage, "finish_reason": "length"})
    assert heard.usage == Usage(input=100, output=20, cached=60, cache_write=5, reasoning=7)
    assert heard.finish_reason == "length"


def test_scripted_tool_calls_are_requested_after_the_text() -> None:
    calls = [{"name": "weather", "arguments": {"city": "Rome"}}, {"name": "clock", "id": "mine"}]
    heard = scripted({"text": "Let me look.", "tool_calls": calls})
    assert heard.text == "Let me look."
    assert [(call.id, call.name, call.arguments) for call in heard.tools] == [
        ("call_1", "weather", '{"city": "Rome"}'),
        ("mine", "clock", "{}"),
    ]
    assert heard.finish_reason == "tool_calls"


def test_scripted_arguments_may_be_broken_json() -> None:
    heard = scripted({"tool_calls": [{"name": "weather", "arguments": '{"city": '}]})
    assert heard.tools[0].arguments == '{"city": '
    assert heard.text == ""


def test_the_rounds_after_tool_results_have_scripts_of_their_own() -> None:
    script = {
        "tool_calls": [{"name": "weather"}],
        "then": [{"tool_calls": [{"name": "clock"}]}, {"text": "It is late."}],
    }
    first = scripted(script)
    second = scripted(script, *results(first, "sun"))
    third = scripted(script, *results(first, "sun"), *results(second, "23:59"))
    assert [call.name for call in (*first.tools, *second.tools)] == ["weather", "clock"]
    assert first.tools[0].id != second.tools[0].id
    assert (third.tools, third.text) == ([], "It is late.")


def test_after_the_last_round_the_tool_result_is_echoed() -> None:
    script = {"tool_calls": [{"name": "weather"}]}
    heard = scripted(script, *results(scripted(script), "sunny and warm"))
    assert "sunny and warm" in heard.text
    assert heard.tools == []


def test_a_tool_result_is_no_script() -> None:
    script = {"tool_calls": [{"name": "weather"}]}
    heard = scripted(script, *results(scripted(script), '#fake {"text": "hijacked"}'))
    assert heard.text.startswith("Fake answer: #fake")


def test_a_question_after_the_rounds_begins_with_its_own_script() -> None:
    first = scripted({"tool_calls": [{"name": "weather"}]})
    heard = play(user("Weather?"), *results(first, "sun"), user('#fake {"text": "new"}'))
    assert heard.text == "new"


def test_the_tools_model_calls_the_first_tool_and_echoes_its_result() -> None:
    first = play(user("Weather?"), model="tools", tools=(WEATHER,))
    assert [(call.name, call.arguments) for call in first.tools] == [
        ("weather", '{"city": "Rome"}')
    ]
    second = play(user("Weather?"), *results(first, "sun"), model="tools", tools=(WEATHER,))
    assert second.text.startswith("Fake answer: sun")
    assert second.tools == []


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("auth", ProviderKeyRejected),
        ("rate_limit", ProviderRateLimited),
        ("quota", ProviderOutOfCredit),
        ("timeout", ProviderTimedOut),
        ("connection", ProviderUnreachable),
        ("bad_request", RequestRejected),
        ("not_found", ProviderModelMissing),
        ("context_length", ContextTooLong),
        ("overloaded", ProviderOverloaded),
        ("server", ProviderServerError),
    ],
)
def test_a_scripted_fault_ends_the_answer(fault: str, failure: type[CallFailed]) -> None:
    heard = scripted({"text": "one two three", "fault": fault})
    assert (type(heard.failure), heard.text) == (failure, "")
    later = scripted({"text": "one two three", "fault": fault, "fail_after": 2})
    assert (type(later.failure), later.text) == (failure, "one two")
    last = scripted({"tool_calls": [{"name": "weather"}], "fault": fault})
    assert (type(last.failure), last.tools) == (failure, [])


def test_a_scripted_wait_is_that_of_the_rate_limit() -> None:
    heard = scripted({"fault": "rate_limit", "retry_after_s": 7})
    assert [wait for wait in heard.waits if wait] == [7, 7]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 6},
        "priority": {"enum": ["low", "high"]},
        "count": {"type": "integer", "minimum": 3},
        "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        "either": {"type": ["boolean", "null"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 2},
    },
    "required": ["title", "priority", "count", "note", "either", "parts"],
    "$defs": {
        "part": {"type": "object", "properties": {"part": {"$ref": "#/$defs/part"}}},
    },
}


def test_with_a_response_schema_the_answer_follows_it() -> None:
    first, second = (play(user("Hello"), schema=SCHEMA) for _ in range(2))
    Draft202012Validator(SCHEMA | {"$defs": {"part": {}}}).validate(json.loads(first.text))
    assert first.text == second.text


def test_a_scripted_text_goes_before_the_response_schema() -> None:
    heard = play(user('#fake {"text": "no json"}'), schema=SCHEMA)
    assert heard.text == "no json"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": []},
        {"properties": {"a": {"type": "array", "minItems": "x"}}},
        {"properties": {"a": {"type": "string", "minLength": None}}},
        {"properties": {"a": {"enum": {}}}},
        {"properties": {"a": {"anyOf": 3}}},
        {"properties": {"a": {"type": []}}},
    ],
)
def test_a_malformed_schema_has_an_example_nevertheless(schema: dict[str, Any]) -> None:
    assert isinstance(example_of(schema), dict)
