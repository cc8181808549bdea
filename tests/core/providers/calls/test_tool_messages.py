"""Tool calls and their results in the messages of a conversation, in the form of each vendor."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.executions.schemas import NewExecution
from core.providers.schemas import (
    ChatMessage,
    MessageRole,
    ModelCall,
    Parameters,
    ProviderKind,
    Tool,
)
from core.providers.tools.tool_calls import MessageToolCall
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

QUESTION = ChatMessage(role=MessageRole.USER, content="What is the weather in Paris and Rome?")
PARIS = MessageToolCall(id="call_1", name="weather", arguments='{"city": "Paris"}')
ROME = MessageToolCall(id="call.2", name="weather", arguments='{"city": "Rome"}')


def calling(*calls: MessageToolCall, content: str = "") -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=content, tool_calls=calls)


def result(call_id: str, content: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.TOOL, tool_call_id=call_id, content=content)


def sent(
    vendor: Vendor, kind: ProviderKind, *messages: ChatMessage, tools: tuple[Tool, ...] = (WEATHER,)
) -> dict[str, Any]:
    asked = ModelCall("answer", None, messages, Parameters(), tools)
    assert ask(connection(vendor, kind), asked).failure is None
    return vendor.last.body


BOTH_RESULTS = (QUESTION, calling(PARIS, ROME), result("call_1", "sun"), result("call.2", "rain"))


def test_openai_gets_tool_calls_and_a_tool_message_for_each_result(vendor: Vendor) -> None:
    messages = sent(vendor, OPENAI, *BOTH_RESULTS)["messages"]
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    assert messages[1]["content"] is None
    assert messages[1]["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": function,
    }
    assert messages[2:] == [
        {"role": "tool", "content": "sun", "tool_call_id": "call_1"},
        {"role": "tool", "content": "rain", "tool_call_id": "call.2"},
    ]


def test_anthropic_gets_all_results_of_one_message_in_one_message(vendor: Vendor) -> None:
    messages = sent(vendor, ANTHROPIC, *BOTH_RESULTS)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"] == [
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}},
        {"type": "tool_use", "id": "call_2", "name": "weather", "input": {"city": "Rome"}},
    ]
    assert messages[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "sun"},
        {"type": "tool_result", "tool_use_id": "call_2", "content": "rain"},
    ]


def test_anthropic_gets_text_before_the_tool_calls_of_a_message(vendor: Vendor) -> None:
    saying = calling(PARIS, content="Let me look.")
    messages = sent(vendor, ANTHROPIC, QUESTION, saying, result("call_1", "sun"))["messages"]
    assert [block["type"] for block in messages[1]["content"]] == ["text", "tool_use"]
    blank = calling(PARIS, content=" \n")
    messages = sent(vendor, ANTHROPIC, QUESTION, blank, result("call_1", "sun"))["messages"]
    assert [block["type"] for block in messages[1]["content"]] == ["tool_use"]


def test_results_of_two_rounds_stay_apart_for_anthropic(vendor: Vendor) -> None:
    rounds = (calling(PARIS), result("call_1", "sun"), calling(ROME), result("call.2", "rain"))
    messages = sent(vendor, ANTHROPIC, QUESTION, *rounds)["messages"]
    assert [len(message["content"]) for message in messages[1:]] == [1, 1, 1, 1]


@pytest.mark.parametrize("arguments", ["", "{", "[1]", "null", "[" * 100_000])
def test_arguments_that_are_no_object_reach_anthropic_as_text(
    vendor: Vendor, arguments: str
) -> None:
    broken = MessageToolCall(id="a", name="weather", arguments=arguments)
    messages = sent(vendor, ANTHROPIC, QUESTION, calling(broken), result("a", "?"))["messages"]
    assert messages[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_anthropic_gets_the_tools_of_earlier_calls_when_none_are_offered(vendor: Vendor) -> None:
    body = sent(vendor, ANTHROPIC, QUESTION, calling(PARIS), result("call_1", "sun"), tools=())
    assert [tool["name"] for tool in body["tools"]] == ["weather"]
    assert body["tool_choice"] == {"type": "none"}


@both_vendors
def test_messages_without_tool_calls_have_no_fields_for_them(
    vendor: Vendor, kind: ProviderKind
) -> None:
    assert sent(vendor, kind, QUESTION)["messages"] == [
        {"role": "user", "content": QUESTION.content}
    ]


def test_a_tool_call_without_an_id_gets_one_that_its_result_can_name(vendor: Vendor) -> None:
    part = {"index": 0, "function": {"name": "weather", "arguments": "{}"}}
    vendor.literal["no-id"] = Literally.events(
        {"choices": [{"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": "tool_calls"}]}
    )
    ids = {ask(connection(vendor, OPENAI), call("no-id")).tools[0].id for _ in range(2)}
    assert len(ids) == 2
    assert all(id_.startswith("call_") for id_ in ids)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user"},
        {"role": "assistant"},
        {"role": "tool", "content": "sun"},
        {"role": "user", "content": "x", "tool_call_id": "a"},
        {"role": "user", "content": "x", "tool_calls": [{"id": "a", "name": "f"}]},
        {"role": "assistant", "tool_calls": [{"id": "", "name": "f"}]},
        {"role": "assistant", "tool_calls": [{"id": "a", "name": "not a name"}]},
    ],
)
def test_a_message_has_the_fields_of_its_role_and_no_others(message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatMessage.model_validate(message)


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ((QUESTION, result("call_1", "sun")), "no unanswered tool call 'call_1'"),
        ((QUESTION, calling(PARIS)), "without a tool message before the end"),
        ((QUESTION, calling(PARIS), QUESTION), "without a tool message before messages"),
        (
            (QUESTION, calling(PARIS), result("call_1", "a"), result("call_1", "b")),
            "no unanswered tool call 'call_1'",
        ),
        ((QUESTION, calling(PARIS, PARIS), result("call_1", "a")), "have the same id"),
        ((QUESTION, calling(PARIS, ROME), result("call_1", "a")), "call.2"),
    ],
)
def test_every_tool_call_is_answered_once_directly_after_its_message(
    messages: tuple[ChatMessage, ...], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        NewExecution(model_id="any", prompt="And tomorrow?", messages=messages)


def test_a_prompt_may_be_left_out_after_a_result_but_not_after_an_answer() -> None:
    assert NewExecution(model_id="any", messages=BOTH_RESULTS).prompt == ""
    answer = ChatMessage(role=MessageRole.ASSISTANT, content="Sunny.")
    for messages in ((), (*BOTH_RESULTS, answer)):
        with pytest.raises(ValidationError, match="prompt is missing"):
            NewExecution(model_id="any", messages=messages)
