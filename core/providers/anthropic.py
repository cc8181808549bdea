"""Anthropic, through its own SDK."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
from anthropic.types import Message

from core import outbound
from core.cutter import Cutter
from core.providers import faults
from core.providers.errors import CallFailed, Cut, Incomplete
from core.providers.schemas import (
    Call,
    Chunk,
    Connection,
    EndChunk,
    KnownModel,
    MessageRole,
    TextChunk,
    ToolCallChunk,
    Usage,
    UsageChunk,
)

RETRIES = 2
MAX_TOKENS = 4096  # the API insists on a number
OLDER_VERSION = "2023-06-01"
# Which models take these, capabilities.py says; they need the API's older version, and the SDK itself has dropped them.
SAMPLING = ("temperature", "top_p")


def connect(connection: Connection, reach: outbound.Reach, timeout: httpx2.Timeout) -> "Anthropic":
    """Return the provider behind a connection."""
    http = outbound.client(reach, timeout=timeout)
    return Anthropic(connection, http)


class Anthropic:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        """Speak to `connection` through `http`."""
        self._client = anthropic.Anthropic(
            api_key=connection.secret or "none",
            base_url=connection.base_url or "https://api.anthropic.com",
            http_client=http,
            max_retries=RETRIES,
        )

    def stream(self, call: Call, cutter: Cutter) -> Iterator[Chunk]:
        """Yield the answer's chunks."""
        try:
            yield from self._stream(call)
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            if cutter.is_cut:
                raise Cut from error
            raise failure(error) from error

    def list_models(self) -> list[KnownModel]:
        """Return what the API lists."""
        try:
            return [KnownModel(model.id, model.max_input_tokens) for model in self._client.models.list(limit=100)]
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            raise failure(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _stream(self, call: Call) -> Iterator[Chunk]:
        with warnings.catch_warnings():
            # That a model will be retired is for its list to say, not for the log of each call.
            warnings.simplefilter("ignore", DeprecationWarning)
            asked = self._client.messages.stream(**_request(call))
        with asked as answer:
            for text in answer.text_stream:
                yield TextChunk(text)
            message = answer.get_final_message()
        for block in message.content:
            if block.type == "tool_use":
                yield ToolCallChunk(block.id, block.name, _json(block.input))
        yield UsageChunk(_usage(message))
        if message.stop_reason is None:
            raise Incomplete
        yield EndChunk(message.stop_reason)


def _request(call: Call) -> dict[str, Any]:
    given = call.parameters.given()
    request: dict[str, Any] = {
        "model": call.model,
        "max_tokens": given.get("max_tokens", MAX_TOKENS),
        "messages": [{"role": m.role.value, "content": m.content} for m in call.messages if m.role is not MessageRole.SYSTEM],
    }
    if system := _system(call):
        request["system"] = system
    if "stop_sequences" in given:
        request["stop_sequences"] = given["stop_sequences"]
    if sampling := {name: given[name] for name in SAMPLING if name in given}:
        request |= {"extra_headers": {"anthropic-version": OLDER_VERSION}, "extra_body": sampling}
    if call.tools:
        request["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in call.tools
        ]
    return request


def _system(call: Call) -> str:
    said = [call.system_prompt or "", *(m.content for m in call.messages if m.role is MessageRole.SYSTEM)]
    return "\n\n".join(text for text in said if text)


def _usage(message: Message) -> Usage:
    counted = message.usage
    cached, written = counted.cache_read_input_tokens or 0, counted.cache_creation_input_tokens or 0
    # Its input leaves out what came from the cache and what went into it.
    return Usage(counted.input_tokens + cached + written, counted.output_tokens, cached, written)


def _json(arguments: object) -> str:
    return json.dumps(arguments, ensure_ascii=False)


def failure(error: Exception) -> CallFailed:
    """Return what an exception of the SDK means."""
    match error:
        case anthropic.APIStatusError():
            kind, message = _said(error)
            status = None if error.status_code == 200 else error.status_code  # an error event inside the stream
            return faults.of_answer(status, kind, message, error.response.headers.get("retry-after"))
        case anthropic.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case _:
            return faults.of_answer(None, "", str(error))


def _said(error: anthropic.APIStatusError) -> tuple[str, str]:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    if not isinstance(inner, dict):
        return "", error.message
    return str(inner.get("type") or ""), str(inner.get("message") or "")
