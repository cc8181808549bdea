"""The body of a call in the protocol of OpenAI's chat completions."""

from typing import Any

from core.providers.images import as_base64, jpegs_of
from core.providers.schemas import (
    ANY_TOOL,
    ChatMessage,
    EmbeddingCall,
    ModelCall,
    ParameterName,
    Tool,
)
from core.providers.structured_output import strict_form
from core.providers.vendors.turn_marks import without_marks

NAMES = {ParameterName.STOP_SEQUENCES: "stop"}


def request_of(call: ModelCall, *, is_vendor: bool) -> dict[str, Any]:
    """Return the body; other servers than OpenAI's know only the protocol's older names."""
    messages = _messages(call)
    request = {
        "model": call.model,
        # Servers of open models read marks of turns in texts: a value could go on as the system
        "messages": messages if is_vendor else without_marks(messages),
        "stream": True,
        # Without it a stream has no token counts, and the call no cost.
        "stream_options": {"include_usage": True},
        **_parameters(call, is_vendor=is_vendor),
    }
    if call.tools:
        tools = [
            {"type": "function", "function": _function(tool, is_vendor=is_vendor)}
            for tool in call.tools
        ]
        request["tools"] = tools if is_vendor else without_marks(tools)
        if call.tool_choice is not None:
            request["tool_choice"] = _tool_choice(call.tool_choice)
        if not call.parallel_tool_calls:  # several are the default, and some models know only it
            request["parallel_tool_calls"] = False
    if call.response_schema is not None:
        request["response_format"] = _response_format(call.response_schema)
    return request


def embedding_request_of(call: EmbeddingCall) -> dict[str, Any]:
    """Return the body of a call for vectors, as numbers: few other servers know base64."""
    dimensions = {"dimensions": call.dimensions} if call.dimensions is not None else {}
    return {
        "model": call.model,
        "input": list(call.texts),
        "encoding_format": "float",
        **dimensions,
    }


def _parameters(call: ModelCall, *, is_vendor: bool) -> dict[str, Any]:
    parameters = {
        NAMES.get(ParameterName(name), name): value
        for name, value in call.parameters.set_values().items()
    }
    if is_vendor and "max_tokens" in parameters:
        parameters["max_completion_tokens"] = parameters.pop("max_tokens")
    match parameters.pop("prompt_cache_ttl", None):
        case "24h":
            parameters["prompt_cache_retention"] = "24h"
        case "30m":
            parameters["prompt_cache_options"] = {"ttl": "30m"}
    return parameters


def _function(tool: Tool, *, is_vendor: bool) -> dict[str, Any]:
    function = tool.model_dump(exclude={"strict"})
    return function | ({"strict": True} if tool.strict and is_vendor else {})


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice == ANY_TOOL:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(schema: dict[str, Any]) -> dict[str, Any]:
    strict = strict_form(schema)
    json_schema = {"name": "response", "schema": strict or schema, "strict": strict is not None}
    return {"type": "json_schema", "json_schema": json_schema}


def _messages(call: ModelCall) -> list[dict[str, Any]]:
    """Return the messages, the system prompt first."""
    system = [{"role": "system", "content": call.system_prompt}] if call.system_prompt else []
    return [*system, *(_message(message) for message in call.messages)]


def _message(message: ChatMessage) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role.value, "content": message.content}
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    if jpegs := jpegs_of(message):
        body["content"] = [{"type": "text", "text": message.content}, *map(_image, jpegs)]
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": call.model_dump(exclude={"id"})}
            for call in message.tool_calls
        ]
    return body


def _image(jpeg: bytes) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{as_base64(jpeg)}"}}
