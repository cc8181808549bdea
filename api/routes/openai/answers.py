"""Completions and their chunks, as OpenAI's SDKs read them."""

import json
from typing import Any

from core.executions.schemas import ExecutionView, ToolExecution
from core.providers.schemas import ModelView
from core.providers.vendors.finish_reasons import in_openais_words

# Those that OpenAI's types name; other providers have more
UNFINISHED = ("length", "content_filter")
REASONS = ("stop", "tool_calls", *UNFINISHED)
DONE = "data: [DONE]\n\n"


def completion(view: ExecutionView, model: str) -> dict[str, Any]:
    """Return an ended call as a chat completion."""
    calls = [_tool_call(tool) for tool in view.tool_executions]
    message = {
        "role": "assistant",
        # As OpenAI has it: null beside tool calls only
        "content": view.response or (None if calls else ""),
        "refusal": None,
        **({"tool_calls": calls} if calls else {}),
    }
    return _head(view, model, "chat.completion") | {
        "choices": [
            {"index": 0, "message": message, "finish_reason": _reason(view), "logprobs": None}
        ],
        "usage": usage(view),
    }


def usage(view: ExecutionView) -> dict[str, Any]:
    """Return the tokens of a call."""
    tokens = view.usage
    return {
        "prompt_tokens": tokens.prompt_tokens or 0,
        "completion_tokens": tokens.completion_tokens or 0,
        "total_tokens": tokens.total_tokens or 0,
        "prompt_tokens_details": {"cached_tokens": tokens.cached_tokens or 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning_tokens or 0},
    }


class Chunks:
    """The chunks of one streamed answer."""

    def __init__(self, head: dict[str, Any]) -> None:
        self.head = head
        self._tools = 0

    def first(self) -> str:
        """Return the chunk that begins the message."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def text(self, text: str) -> str:
        """Return a chunk with text."""
        return self._chunk({"content": text})

    def tool(self, tool: ToolExecution) -> str:
        """Return a chunk with a whole tool call."""
        self._tools += 1
        return self._chunk({"tool_calls": [{"index": self._tools - 1, **_tool_call(tool)}]})

    def last(self, view: ExecutionView) -> str:
        """Return the chunk that ends the message."""
        return self._chunk({}, finish_reason=_reason(view))

    def usage(self, view: ExecutionView) -> str:
        """Return the chunk with the tokens."""
        return line(self.head | {"choices": [], "usage": usage(view)})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return line(self.head | {"choices": [choice]})


def line(data: dict[str, Any]) -> str:
    """Return an event of the stream."""
    return f"data: {json.dumps(data)}\n\n"


def model(view: ModelView) -> dict[str, Any]:
    """Return a model as OpenAI lists it."""
    # Required by OpenAI's types; models have no such time here
    return {"id": view.id, "object": "model", "created": 0, "owned_by": view.provider}


def _head(view: ExecutionView, model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{view.id.hex}",
        "object": kind,
        "created": int(view.created_at.timestamp()),
        "model": model,
        "system_fingerprint": None,
    }


def _tool_call(tool: ToolExecution) -> dict[str, Any]:
    function = {"name": tool.name, "arguments": tool.arguments}
    return {"id": tool.id, "type": "function", "function": function}


def _reason(view: ExecutionView) -> str:
    reason = in_openais_words(view.finish_reason)
    if view.tool_executions and reason not in UNFINISHED:
        return "tool_calls"
    return reason if reason in REASONS else "stop"
