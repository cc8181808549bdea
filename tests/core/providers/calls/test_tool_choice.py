"""A call may say that a tool must be called, in the form of each vendor."""

from dataclasses import replace
from typing import Any

import pytest

from core.providers.schemas import ANY_TOOL, ChatMessage, MessageRole, ModelCall, Parameters, Tool
from core.providers.tools import constrained_tools
from core.providers.vendors import anthropic_request, openai_request

WEATHER, TIME = Tool(name="weather"), Tool(name="time")
CALL = ModelCall(
    "m",
    None,
    (ChatMessage(role=MessageRole.USER, content="a"),),
    Parameters(),
    (WEATHER, TIME),
)


@pytest.mark.parametrize(
    ("choice", "openais", "anthropics"),
    [
        (None, None, None),
        (ANY_TOOL, "required", {"type": "any"}),
        (
            "time",
            {"type": "function", "function": {"name": "time"}},
            {"type": "tool", "name": "time"},
        ),
    ],
)
def test_vendors_are_told_in_their_own_form(
    choice: str | None, openais: object, anthropics: object
) -> None:
    call = replace(CALL, tool_choice=choice)
    assert openai_request.request_of(call, is_vendor=True).get("tool_choice") == openais
    assert anthropic_request.request_of(call).get("tool_choice") == anthropics


@pytest.mark.parametrize(
    ("choice", "anthropics"),
    [
        (None, {"type": "auto"}),
        (ANY_TOOL, {"type": "any"}),
        ("time", {"type": "tool", "name": "time"}),
    ],
)
def test_vendors_are_told_that_an_answer_may_call_one_tool_only(
    choice: str | None, anthropics: dict[str, str]
) -> None:
    call = replace(CALL, tool_choice=choice, parallel_tool_calls=False)
    assert openai_request.request_of(call, is_vendor=True)["parallel_tool_calls"] is False
    expected = anthropics | {"disable_parallel_tool_use": True}
    assert anthropic_request.request_of(call)["tool_choice"] == expected
    assert "parallel_tool_calls" not in openai_request.request_of(CALL, is_vendor=True)
    assert "parallel_tool_calls" not in openai_request.request_of(
        replace(call, tools=()), is_vendor=True
    )


def test_openais_models_are_told_to_follow_a_strict_schema_and_other_servers_are_not() -> None:
    call = replace(CALL, tools=(Tool(name="weather", strict=True), TIME))
    for is_vendor in (True, False):
        tools = openai_request.request_of(call, is_vendor=is_vendor)["tools"]
        strict = [tool["function"].get("strict") for tool in tools]
        assert strict == [True if is_vendor else None, None]


@pytest.mark.parametrize(
    ("choice", "offered"),
    [
        (None, [None, "weather", "time"]),
        (ANY_TOOL, ["weather", "time"]),
        ("time", ["time"]),
    ],
)
def test_a_model_without_tools_can_write_nothing_else(
    choice: str | None, offered: list[str | None]
) -> None:
    schema: Any = constrained_tools.constrained(replace(CALL, tool_choice=choice)).response_schema
    steps = schema["properties"]["step"]["anyOf"]
    assert [step["properties"].get("tool", {}).get("const") for step in steps] == offered
