"""Tool calls arrive in parts and are passed on complete."""

import json
from typing import Any

from core.providers.schemas import ProviderKind, Tool
from tests.factories.providers import (
    ANTHROPIC,
    OPENAI,
    WEATHER,
    ask,
    both_vendors,
    call,
    connection,
)
from tests.fake_vendor import Literally, Vendor

TOOL_USE = {"type": "tool_use", "input": {}}


def piece(index: int, **function: str) -> dict[str, Any]:
    known = {"id": function.pop("id")} if "id" in function else {}
    return {
        "choices": [
            {"index": 0, "delta": {"tool_calls": [{"index": index, **known, "function": function}]}}
        ]
    }


@both_vendors
def test_a_tool_call_is_assembled_from_any_parts(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("tool", tools=(WEATHER,)))
    assert heard.failure is None
    assert [(tool.name, json.loads(tool.arguments)) for tool in heard.tools] == [
        ("weather", {"city": "Paris"})
    ]
    assert heard.tools[0].id in ("call_1", "toolu_1")
    assert heard.finish_reason in ("tool_calls", "tool_use")


def test_a_tool_is_described_in_openais_words(vendor: Vendor) -> None:
    ask(connection(vendor, OPENAI), call("tool", tools=(WEATHER,)))
    function = WEATHER.model_dump(exclude_none=True)
    assert vendor.last.body["tools"] == [{"type": "function", "function": function}]


def test_a_tool_is_described_in_anthropics_words(vendor: Vendor) -> None:
    ask(connection(vendor, ANTHROPIC), call("tool", tools=(WEATHER,)))
    described = {
        "name": "weather",
        "description": WEATHER.description,
        "input_schema": WEATHER.parameters,
    }
    assert vendor.last.body["tools"] == [described]


@both_vendors
def test_without_tools_no_tools_are_sent(vendor: Vendor, kind: ProviderKind) -> None:
    ask(connection(vendor, kind), call("answer"))
    assert "tools" not in vendor.last.body


def test_openais_calls_that_arrive_mixed_are_told_apart(vendor: Vendor) -> None:
    vendor.literal["mixed"] = Literally.events(
        piece(1, id="b", name="clock", arguments=""),
        piece(0, id="a", name="weather", arguments='{"city":'),
        piece(1, arguments="{}"),
        piece(0, arguments=' "Rome"}'),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    heard = ask(connection(vendor, OPENAI), call("mixed"))
    assert [(tool.id, tool.name, tool.arguments) for tool in heard.tools] == [
        ("a", "weather", '{"city": "Rome"}'),
        ("b", "clock", "{}"),
    ]


def test_parallel_calls_of_one_index_are_told_apart_by_their_ids(vendor: Vendor) -> None:
    # Gemini's server sends them so: one call came of them, with the arguments of both
    vendor.literal["alike"] = Literally.events(
        piece(0, id="a", name="weather", arguments='{"city": "Rome"}'),
        piece(0, id="b", name="weather", arguments='{"city":'),
        piece(0, arguments=' "Oslo"}'),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    heard = ask(connection(vendor, OPENAI), call("alike"))
    assert [(tool.id, tool.name, tool.arguments) for tool in heard.tools] == [
        ("a", "weather", '{"city": "Rome"}'),
        ("b", "weather", '{"city": "Oslo"}'),
    ]


def test_a_name_that_is_repeated_with_each_part_is_taken_once(vendor: Vendor) -> None:
    # It was "weatherweather"; IDs may differ from part to part of one call, too
    vendor.literal["repeated"] = Literally.events(
        piece(0, id="a", name="weather", arguments='{"city":'),
        piece(0, id="a", name="weather", arguments=' "Ro'),
        piece(0, id="b", arguments='me"}'),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    [tool] = ask(connection(vendor, OPENAI), call("repeated")).tools
    assert (tool.name, tool.arguments) == ("weather", '{"city": "Rome"}')


def test_a_call_of_anthropics_without_arguments_has_an_empty_object(vendor: Vendor) -> None:
    vendor.literal["bare"] = Literally.events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "Let me see."},
        },
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {**TOOL_USE, "id": "t1", "name": "clock"},
        },
        {"type": "content_block_stop", "index": 1},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 2},
        },
    )
    heard = ask(connection(vendor, ANTHROPIC), call("bare", tools=(Tool(name="clock"),)))
    assert heard.text == "Let me see."
    assert [(tool.id, tool.name, tool.arguments) for tool in heard.tools] == [("t1", "clock", "{}")]


def test_a_tool_call_without_a_name_is_dropped(vendor: Vendor) -> None:
    vendor.literal["nameless"] = Literally.events(
        piece(0, id="a", arguments="{}"),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    )
    heard = ask(connection(vendor, OPENAI), call("nameless"))
    assert (heard.tools, heard.finish_reason) == ([], "stop")


def test_half_a_character_in_arguments_can_be_stored(vendor: Vendor) -> None:
    vendor.literal["half"] = Literally.events(
        piece(0, id="a", name="weather", arguments='{"city": "\ud83d\0"}'),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    tool = ask(connection(vendor, OPENAI), call("half")).tools[0]
    assert json.loads(tool.arguments) == {"city": "?"}


@both_vendors
def test_a_tool_call_of_a_broken_stream_is_dropped(vendor: Vendor, kind: ProviderKind) -> None:
    started = {"type": "message_start", "message": {"usage": {"input_tokens": 1}}}
    block = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {**TOOL_USE, "id": "t1", "name": "weather"},
    }
    events = (
        [piece(0, id="a", name="weather", arguments="{")] if kind is OPENAI else [started, block]
    )
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    vendor.literal["broken"] = Literally.events(*events, error)
    heard = ask(connection(vendor, kind), call("broken"))
    assert heard.tools == []
    assert heard.failure is not None
