"""The script that a model's name orders of the fake vendor, and the stream that plays it, in
OpenAI's protocol or in Anthropic's.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

PIECE = "word "
CODES = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
SCRIPTS = ("answer", "echo", "error", "mute", "silent", "cut", "unended", "broken", "tool")
NUMBERS = {
    "chunks": int,
    "ms": float,
    "status": int,
    "times": int,
    "pings": int,
    "stamped": int,
    "block": int,
}
ARGUMENTS = ('{"city": ', '"Paris"}')


class ConnectionBreaks(Exception):
    """Makes the server drop the connection in the middle of a response."""


@dataclass(frozen=True)
class Script:
    """The behaviour that a model's name requests."""

    kind: str = "answer"
    chunks: int = 5
    ms: float = 0.0
    status: int = 500
    times: int = 0
    pings: int = 0
    stamped: int = 0
    block: int = 0
    after: str | None = None
    code: str | None = None

    @classmethod
    def of(cls, model: str) -> "Script":
        """Return the script that a model's name orders."""
        kind, _, numbers = model.partition("?")
        if kind not in SCRIPTS:
            return cls()
        given: dict[str, Any] = {
            name: NUMBERS.get(name, str)(value) for name, value in parse_qsl(numbers)
        }
        return cls(kind, **given)

    @property
    def called(self) -> str:
        """What the vendor calls the fault."""
        return self.code or CODES.get(self.status, "api_error")


async def _pieces(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    """Yield the answer's text, and break the connection where the script says so."""
    for piece in _texts(script, body):
        yield piece
        if script.ms and script.kind in ("answer", "echo"):
            await asyncio.sleep(script.ms / 1000)
    if script.kind == "cut":
        raise ConnectionBreaks


def _texts(script: Script, body: dict[str, Any]) -> Iterator[str]:
    if script.kind == "echo":
        yield from re.findall(r"\S+\s*", body["messages"][-1]["content"])
    else:
        yield from (_piece(script, number) for number in range(script.chunks))


def _piece(script: Script, number: int) -> str:
    if script.stamped:
        return f"{time.time_ns() // 1_000_000} "
    if script.block and number % script.block == 0:
        return "\n```\n" if number // script.block % 2 else "\n```python\n"
    return PIECE


async def openai_events(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    """Yield a stream in OpenAI's protocol."""
    yield _completion({"role": "assistant", "content": ""})
    for _ in range(script.pings):
        await asyncio.sleep(script.ms / 1000 / script.pings)
        yield ": still there\n\n"
    if script.kind == "silent" and not script.pings:
        await asyncio.sleep(script.ms / 1000)
    if script.kind == "tool":
        for delta in _tool_deltas(body["tools"][0]["function"]["name"]):
            yield _completion({"tool_calls": [delta]})
    else:
        async for piece in _pieces(script, body):
            yield _completion({"content": piece})
    for event in _openai_end(script, body):
        yield event


def _openai_end(script: Script, body: dict[str, Any]) -> Iterator[str]:
    if script.kind == "unended":
        return
    if script.kind == "broken":
        yield _data(
            {
                "error": {
                    "type": script.called,
                    "code": script.called,
                    "message": "the fake vendor broke",
                }
            }
        )
        return
    yield _completion({}, "tool_calls" if script.kind == "tool" else "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _data(
            {
                "id": "c-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [],
                "usage": _openai_usage(script),
            }
        )
    yield "data: [DONE]\n\n"


def _openai_usage(script: Script) -> dict[str, Any]:
    return {
        "prompt_tokens": 13,
        "completion_tokens": script.chunks + 3,
        "total_tokens": 16 + script.chunks,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }


def _completion(delta: dict[str, Any], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _data(
        {
            "id": "c-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
    )


def _tool_deltas(name: str) -> list[dict[str, Any]]:
    first = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": name, "arguments": ""},
    }
    return [first, *({"index": 0, "function": {"arguments": part}} for part in ARGUMENTS)]


async def anthropic_events(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    """Yield a stream in Anthropic's protocol."""
    usage = {
        "input_tokens": 7,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "output_tokens": 1,
    }
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    yield _event("message_start", message={**message, "stop_sequence": None, "usage": usage})
    for _ in range(script.pings):
        await asyncio.sleep(script.ms / 1000 / script.pings)
        yield _event("ping")
    if script.kind == "silent" and not script.pings:
        await asyncio.sleep(script.ms / 1000)
    async for event in _anthropic_content(script, body):
        yield event
    for event in _anthropic_end(script):
        yield event


async def _anthropic_content(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    if script.kind == "tool":
        block = {"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": {}}
        yield _event("content_block_start", index=0, content_block=block)
        for part in ARGUMENTS:
            yield _event(
                "content_block_delta",
                index=0,
                delta={"type": "input_json_delta", "partial_json": part},
            )
    else:
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        async for piece in _pieces(script, body):
            yield _event(
                "content_block_delta", index=0, delta={"type": "text_delta", "text": piece}
            )
    yield _event("content_block_stop", index=0)


def _anthropic_end(script: Script) -> Iterator[str]:
    if script.kind == "unended":
        return
    if script.kind == "broken":
        yield _event("error", error={"type": script.called, "message": "the fake vendor broke"})
        return
    reason = "tool_use" if script.kind == "tool" else "end_turn"
    yield _event(
        "message_delta",
        delta={"stop_reason": reason, "stop_sequence": None},
        usage={"output_tokens": script.chunks + 3},
    )
    yield _event("message_stop")


def _data(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"


def _event(kind: str, **facts: Any) -> str:  # noqa: ANN401  members of the event
    return f"event: {kind}\n{_data({'type': kind, **facts})}"
