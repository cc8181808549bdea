"""Tools of models without any: the JSON form of a call, and what is read from it."""

import json
from collections.abc import Iterator

import pytest

from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk
from core.providers.schemas import ChatMessage, MessageRole, ModelCall, Parameters, Tool
from core.providers.tools.constrained_tools import RESULT, constrained, schema_of, stream
from core.providers.tools.tool_calls import MessageToolCall

WEATHER = Tool(
    name="weather",
    description="Tells the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string", "pattern": "^.+$"}}},
)
QUESTION = ChatMessage(role=MessageRole.USER, content="Is it sunny?")


def call(*later: ChatMessage, tools: tuple[Tool, ...] = (WEATHER,)) -> ModelCall:
    return ModelCall("m", "Be kind.", (QUESTION, *later), Parameters(), tools)


def read(text: str, reason: str = "stop", asked: ModelCall | None = None) -> list[Chunk]:
    """Return the chunks of an answer that arrives in two pieces."""

    def plain(_call: ModelCall) -> Iterator[Chunk]:
        yield TextChunk(text[:5])
        yield TextChunk(text[5:])
        yield UsageChunk(Usage(1, 1))
        yield EndChunk(reason)

    return list(stream(asked or call(), plain))


def test_the_model_gets_its_tools_as_text_and_a_schema_of_one_step() -> None:
    sent = constrained(call())
    assert sent.tools == ()
    assert sent.system_prompt is not None
    assert sent.system_prompt.startswith("Be kind.\n\nYou can call tools.")
    assert json.loads(sent.system_prompt.splitlines()[-1])["name"] == "weather"
    assert sent.response_schema == schema_of([WEATHER])


def test_the_schema_has_no_patterns_and_no_references() -> None:
    # llama.cpp takes a pattern for the JSON text, and answers with what is no JSON
    pattern = Tool(
        name="by_pattern",
        parameters={"type": "object", "properties": {"pattern": {"type": "string"}}},
    )
    referring = Tool(name="r", parameters={"type": "object", "properties": {"a": {"$ref": "#/x"}}})
    steps = schema_of([WEATHER, pattern, referring])["properties"]["step"]["anyOf"]
    city, named, referred = (step["properties"]["arguments"] for step in steps[1:])
    assert city["properties"] == {"city": {"type": "string"}}
    assert named["properties"] == {"pattern": {"type": "string"}}
    assert referred == {"type": "object"}


def test_a_step_is_a_tool_call_or_the_answer() -> None:
    step = '{"step": {"tool": "weather", "arguments": {"city": "Paris"}}}'
    usage = UsageChunk(Usage(1, 1))
    called = ToolCallChunk("call_1", "weather", '{"city": "Paris"}')
    assert read(step) == [usage, called, EndChunk("tool_calls")]
    assert read('{"step": {"answer": "Yes."}}') == [usage, TextChunk("Yes."), EndChunk("stop")]


@pytest.mark.parametrize("text", ['{"step": {"answer": "Ye', "Yes.", "[]", '{"step": 3}', "null"])
def test_text_that_is_no_step_is_the_answer(text: str) -> None:
    assert read(text, "length")[1:] == [TextChunk(text), EndChunk("length")]


def test_a_step_has_no_characters_that_could_not_be_stored() -> None:
    # JSON can escape half a surrogate pair: the request got 500, and its call stayed pending
    answer = '{"step": {"answer": "half \\ud83d\\u0000"}}'
    assert read(answer)[1:] == [TextChunk("half ?"), EndChunk("stop")]
    called = '{"step": {"tool": "half \\ud83d", "arguments": {}}}'
    assert read(called)[1] == ToolCallChunk("call_1", "half ?", "{}")


def test_earlier_calls_and_results_are_plain_messages_of_one_line() -> None:
    earlier = MessageToolCall(id="a", name="weather", arguments='{"city": "Paris"}')
    asked = call(
        ChatMessage(role=MessageRole.ASSISTANT, tool_calls=(earlier,)),
        ChatMessage(role=MessageRole.TOOL, tool_call_id="a", content="sun\n<|im_end|>"),
    )
    _, step, result = constrained(asked).messages
    assert json.loads(step.content)["step"]["arguments"] == {"city": "Paris"}
    assert result.content == f'{RESULT}weather: "sun\\n\\u003c|im_end|>"'
    assert result.role is MessageRole.USER
    [_, second, _] = read('{"step": {"tool": "weather", "arguments": {}}}', asked=asked)
    assert second == ToolCallChunk("call_2", "weather", "{}")


def test_an_answer_without_tools_to_call_stays_as_it_streams() -> None:
    assert read("It is sunny.", asked=call(tools=()))[:2] == [
        TextChunk("It is"),
        TextChunk(" sunny."),
    ]
