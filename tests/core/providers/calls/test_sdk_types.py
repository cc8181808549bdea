"""Bodies are valid for the types of the vendors' SDKs, whichever parameters are combined."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import TypeAdapter, ValidationError

from core.providers import capabilities
from core.providers.catalogue import model_view
from core.providers.schemas import (
    Capabilities,
    ChatMessage,
    Connection,
    ListedModel,
    MessageRole,
    ModelCall,
    ParameterName,
    Parameters,
)
from core.providers.schemas import ParameterName as P
from core.providers.structured_output import StructuredOutput
from core.providers.tools.tool_calls import MessageToolCall
from core.providers.vendors import anthropic_request, openai_request
from tests.factories.providers import ANTHROPIC, OPENAI, WEATHER

VENDORS = Connection("openai", OPENAI, None, "k"), Connection("anthropic", ANTHROPIC, None, "k")
ELSEWHERE = Connection("lab", OPENAI, "https://models.example.com/v1", None)
OPENAI_MODELS = (
    "gpt-3.5-turbo", "gpt-4o", "gpt-4.1", "o1-mini", "o3", "gpt-5", "gpt-5-pro", "gpt-5.1",
    "gpt-5.4", "gpt-5.6", "gpt-6-astra",
)  # fmt: skip
ANTHROPIC_MODELS = (
    "claude-2.1", "claude-3-7-sonnet-20250219", "claude-opus-4-0", "claude-opus-4-1",
    "claude-sonnet-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-opus-5",
)  # fmt: skip
MODELS = [
    *((VENDORS[0], name) for name in OPENAI_MODELS),
    *((VENDORS[1], name) for name in ANTHROPIC_MODELS),
    (ELSEWHERE, "llama3:8b"),
]
TYPES = {
    OPENAI: TypeAdapter[Any](CompletionCreateParamsStreaming),
    ANTHROPIC: TypeAdapter[Any](MessageCreateParamsStreaming),
}
VALUES: dict[ParameterName, object] = {
    P.TEMPERATURE: 0.5,
    P.MAX_TOKENS: 2048,
    P.TOP_P: 0.9,
    P.FREQUENCY_PENALTY: 0.1,
    P.PRESENCE_PENALTY: -0.1,
    P.STOP_SEQUENCES: ("END",),
    P.SEED: 3,
    P.THINKING_BUDGET: 1024,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "degrees": {"type": ["number", "null"], "minimum": -90},
        "days": {
            "type": "array",
            "items": {"type": "object", "properties": {"sun": {"type": "boolean"}}},
        },
    },
}
QUESTION = ChatMessage(role=MessageRole.USER, content="What is the weather in Paris?")
CALL = MessageToolCall(id="a.1", name="weather", arguments='{"city": "Paris"}')
CONVERSATION = (
    QUESTION,
    ChatMessage(role=MessageRole.ASSISTANT, content="Let me look.", tool_calls=(CALL,)),
    ChatMessage(role=MessageRole.TOOL, content="sun", tool_call_id="a.1"),
    ChatMessage(role=MessageRole.SYSTEM, content="Be kind."),
    ChatMessage(role=MessageRole.ASSISTANT, content="Sunny."),
    QUESTION,
)


def body_of(connection: Connection, call: ModelCall) -> dict[str, Any]:
    if connection.kind is OPENAI:
        return openai_request.request_of(call, is_vendor=connection.is_vendor)
    request = anthropic_request.request_of(call)
    # Members of the protocol's older version: the SDK's types no longer have them.
    older = request.pop("extra_body", {}).keys() | request.pop("extra_headers", {}).keys()
    assert older <= {"temperature", "top_p", "anthropic-version"}
    return {**request, "stream": True}


def read(value: object) -> object:
    """Return a validated value with everything read: the types validate lists lazily."""
    if isinstance(value, dict):
        return {name: read(member) for name, member in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [read(member) for member in value]
    return value


def offered(taken: Capabilities) -> Iterator[Parameters]:
    """Yield every combination of the offered parameters, each with a value that is allowed."""
    names = list(taken.parameters)
    for size in range(len(names) + 1):
        for number, chosen in enumerate(combinations(names, size)):
            excluded = {other for name in chosen for other in taken.parameters[name].excludes}
            if not excluded & set(chosen):
                yield Parameters.model_validate(
                    {name: value_of(taken, name, number) for name in chosen}
                )


def value_of(taken: Capabilities, name: ParameterName, number: int) -> object:
    choices = taken.parameters[name].choices
    return choices[number % len(choices)] if choices else VALUES[name]


@pytest.mark.parametrize(("connection", "name"), MODELS, ids=[name for _, name in MODELS])
def test_every_combination_of_offered_parameters_is_valid_for_the_sdk(
    connection: Connection, name: str
) -> None:
    model = model_view(connection, ListedModel(name))
    has_schemas = model.capabilities.structured_output is not StructuredOutput.NONE
    for number, parameters in enumerate(offered(model.capabilities)):
        schema = SCHEMA if has_schemas and number % 2 else None
        tools, messages = ((WEATHER,), CONVERSATION) if number % 3 else ((), (QUESTION,))
        call = ModelCall(name, "Be brief.", messages, parameters, tools, schema)
        call = replace(call, parallel_tool_calls=number % 2 == 0)
        capabilities.check_supported(model, call)
        body = body_of(connection, call)
        assert read(TYPES[connection.kind].validate_python(body)) == body


@pytest.mark.parametrize(("connection", "name"), MODELS, ids=[name for _, name in MODELS])
def test_every_choice_of_a_parameter_is_valid_for_the_sdk(
    connection: Connection, name: str
) -> None:
    taken = capabilities.of_model(connection, name, None)
    for parameter, bounds in taken.parameters.items():
        for choice in bounds.choices or ():
            parameters = Parameters.model_validate({parameter: choice})
            body = body_of(connection, ModelCall(name, None, (QUESTION,), parameters))
            assert read(TYPES[connection.kind].validate_python(body)) == body
            assert choice in str(body)


@pytest.mark.parametrize("connection", VENDORS)
@pytest.mark.parametrize(
    "change",
    [{"reasoning": "high"}, {"stop_sequences": 3, "stop": 3}, {"messages": [{"role": "x"}]}],
)
def test_a_body_with_an_unknown_or_wrong_member_is_found(
    connection: Connection, change: dict[str, object]
) -> None:
    body = body_of(connection, ModelCall("m", None, (QUESTION,), Parameters())) | change
    try:
        validated = read(TYPES[connection.kind].validate_python(body))
    except ValidationError:
        return
    assert validated != body
