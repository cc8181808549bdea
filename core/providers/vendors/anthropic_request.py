"""The body of a call in Anthropic's form."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from core.providers.images import as_base64, jpegs_of
from core.providers.schemas import ANY_TOOL, ChatMessage, MessageRole, ModelCall
from core.providers.tools.tool_calls import MessageToolCall

MAX_TOKENS = 4096  # the API requires a number
OLDER_VERSION = "2023-06-01"
# Only older models accept these (capabilities.py). They need an older API version; the SDK no
# longer has them.
SAMPLING = ("temperature", "top_p")
BUDGET = "thinking_budget"


def request_of(call: ModelCall) -> dict[str, Any]:
    """Return the arguments of the SDK's `messages.create`."""
    parameters = call.parameters.set_values()
    conversation = [m for m in call.messages if m.role is not MessageRole.SYSTEM]
    request: dict[str, Any] = {
        "model": call.model,
        "max_tokens": parameters.get("max_tokens", MAX_TOKENS + parameters.get(BUDGET, 0)),
        "messages": _messages(conversation),
        **_tools(call),
    }
    if output_config := _output_config(call):
        request["output_config"] = output_config
    # Between a tool call and the answer, thinking requires the thoughts before the call.
    if BUDGET in parameters and conversation[-1].role is not MessageRole.TOOL:
        request["thinking"] = {"type": "enabled", "budget_tokens": parameters[BUDGET]}
    if "prompt_cache_ttl" in parameters:
        request["cache_control"] = {"type": "ephemeral", "ttl": parameters["prompt_cache_ttl"]}
    if system := _system(call):
        request["system"] = system
    if "stop_sequences" in parameters:
        request["stop_sequences"] = parameters["stop_sequences"]
    if sampling := {name: parameters[name] for name in SAMPLING if name in parameters}:
        request |= {"extra_headers": {"anthropic-version": OLDER_VERSION}, "extra_body": sampling}
    return request


def _output_config(call: ModelCall) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if call.parameters.reasoning_effort is not None:
        config["effort"] = call.parameters.reasoning_effort
    if call.response_schema is not None:
        config["format"] = {"type": "json_schema", "schema": call.response_schema}
    return config


def _system(call: ModelCall) -> str:
    texts = [
        call.system_prompt or "",
        *(m.content for m in call.messages if m.role is MessageRole.SYSTEM),
    ]
    return "\n\n".join(text for text in texts if text)


def _messages(conversation: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return the messages; the results of all tool calls of one message are one message."""
    messages: list[dict[str, Any]] = []
    for is_result, group in groupby(conversation, lambda m: m.role is MessageRole.TOOL):
        if is_result:
            messages.append({"role": "user", "content": [_tool_result(m) for m in group]})
        else:
            messages.extend({"role": m.role.value, "content": _content(m)} for m in group)
    return messages


def _content(message: ChatMessage) -> str | list[dict[str, Any]]:
    if jpegs := jpegs_of(message):
        return [*map(_image, jpegs), {"type": "text", "text": message.content}]
    if not message.tool_calls:
        return message.content
    # Blocks of blank text are rejected.
    text = [{"type": "text", "text": message.content}] if message.content.strip() else []
    return [*text, *(_tool_use(call) for call in message.tool_calls)]


def _image(jpeg: bytes) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/jpeg", "data": as_base64(jpeg)}
    return {"type": "image", "source": source}


def _tool_use(call: MessageToolCall) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": _tool_id(call.id),
        "name": call.name,
        "input": _arguments(call.arguments),
    }


def _tool_result(message: ChatMessage) -> dict[str, Any]:
    tool_use_id = _tool_id(message.tool_call_id or "")
    return {"type": "tool_result", "tool_use_id": tool_use_id, "content": message.content}


def _tool_id(call_id: str) -> str:
    """Return an id with the characters that Anthropic accepts: other vendors use more."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", call_id)


def _arguments(text: str) -> dict[str, Any]:
    """Return the arguments as an object; text that is none is passed on under INVALID_JSON."""
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        arguments = None
    return arguments if isinstance(arguments, dict) else {"INVALID_JSON": text}


def _tools(call: ModelCall) -> dict[str, Any]:
    if call.tools:
        return {
            "tools": [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.parameters,
                }
                for tool in call.tools
            ],
            **_tool_choice(call),
        }
    # Calls in the conversation require tools, also when no more are to be made.
    names = _called_names(call.messages)
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in names]
    return {"tools": tools, "tool_choice": {"type": "none"}} if tools else {}


def _tool_choice(call: ModelCall) -> dict[str, Any]:
    choice: dict[str, Any] = {"type": "auto"}
    if call.tool_choice == ANY_TOOL:
        choice = {"type": "any"}
    elif call.tool_choice is not None:
        choice = {"type": "tool", "name": call.tool_choice}
    if not call.parallel_tool_calls:
        choice["disable_parallel_tool_use"] = True
    return {} if choice == {"type": "auto"} else {"tool_choice": choice}


def _called_names(messages: Iterable[ChatMessage]) -> list[str]:
    return list(dict.fromkeys(call.name for m in messages for call in m.tool_calls))
