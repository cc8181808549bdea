"""OpenAI, and every server that speaks its protocol (Ollama, vLLM, ...), through OpenAI's own SDK."""

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
from openai.types import CompletionUsage
from openai.types.chat.chat_completion_chunk import ChoiceDelta

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
    ParameterName,
    TextChunk,
    ToolCallChunk,
    Usage,
    UsageChunk,
)

RETRIES = 2
# A server that wants no key still gets a header: the SDK insists on one.
NO_KEY = "none"
NAMES = {ParameterName.STOP_SEQUENCES: "stop"}


def connect(connection: Connection, reach: outbound.Reach, timeout: httpx2.Timeout) -> "OpenAI":
    """Return the provider behind a connection."""
    http = outbound.client(reach, timeout=timeout)
    return OpenAI(connection, http)


class OpenAI:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        """Speak to `connection` through `http`."""
        self._is_vendor = connection.base_url is None
        self._client = openai.OpenAI(
            api_key=connection.secret or NO_KEY,
            base_url=connection.base_url or "https://api.openai.com/v1",
            http_client=http,
            max_retries=RETRIES,
        )

    def stream(self, call: Call, cutter: Cutter) -> Iterator[Chunk]:
        """Yield the answer's chunks."""
        try:
            yield from self._stream(call)
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            if cutter.is_cut:
                raise Cut from error
            raise failure(error) from error

    def list_models(self) -> list[KnownModel]:
        """Return what the server lists."""
        try:
            return [KnownModel(model.id) for model in self._client.models.list()]
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise failure(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _stream(self, call: Call) -> Iterator[Chunk]:
        finish_reason: str | None = None
        calls = ToolCalls()
        with self._client.chat.completions.create(**self._request(call)) as answer:
            for part in answer:
                if part.usage is not None:
                    yield UsageChunk(usage_of(part.usage))
                for choice in part.choices:
                    if choice.delta.content:
                        yield TextChunk(choice.delta.content)
                    calls.add(choice.delta)
                    finish_reason = choice.finish_reason or finish_reason
        yield from calls.chunks()
        if finish_reason is None:
            raise Incomplete
        yield EndChunk(finish_reason)

    def _request(self, call: Call) -> dict[str, Any]:
        parameters = {NAMES.get(ParameterName(name), name): value for name, value in call.parameters.given().items()}
        if self._is_vendor and "max_tokens" in parameters:
            parameters["max_completion_tokens"] = parameters.pop("max_tokens")
        request = {
            "model": call.model,
            "messages": messages_of(call),
            "stream": True,
            "stream_options": {"include_usage": True},
            **parameters,
        }
        if call.tools:
            request["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in call.tools]
        return request


def messages_of(call: Call) -> list[dict[str, str]]:
    """Return the conversation in the protocol's form, the system prompt first."""
    system = [{"role": "system", "content": call.system_prompt}] if call.system_prompt else []
    return [*system, *({"role": message.role.value, "content": message.content} for message in call.messages)]


def usage_of(usage: CompletionUsage) -> Usage:
    """Return the protocol's usage as ours: its input includes cached tokens, its output reasoning."""
    of_input, of_output = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input=usage.prompt_tokens,
        output=usage.completion_tokens,
        cached=(of_input.cached_tokens if of_input else None) or 0,
        cache_write=getattr(of_input, "cache_write_tokens", None) or 0,
        reasoning=(of_output.reasoning_tokens if of_output else None) or 0,
    )


class ToolCalls:
    """Tool calls arrive in pieces: the name first, the arguments by and by."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, delta: ChoiceDelta) -> None:
        """Take what one part of the stream brings."""
        for piece in delta.tool_calls or []:
            part = self._parts.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
            part["id"] = piece.id or part["id"]
            if piece.function is not None:
                part["name"] += piece.function.name or ""
                part["arguments"] += piece.function.arguments or ""

    def chunks(self) -> Iterator[Chunk]:
        """Return the calls, whole."""
        for index in sorted(self._parts):
            yield ToolCallChunk(**self._parts[index])


def failure(error: Exception) -> CallFailed:
    """Return what an exception of the SDK means."""
    match error:
        case openai.APIStatusError():
            kind = str(error.type or error.code or "")
            return faults.of_answer(error.status_code, kind, _message(error), error.response.headers.get("retry-after"))
        case openai.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case openai.APIError():  # an error event inside the stream: there is no status
            return faults.of_answer(None, str(error.type or error.code or ""), _message(error))
        case _:
            return faults.of_answer(None, "", str(error))


def _message(error: openai.APIError) -> str:
    body = error.body
    return str(body.get("message") or "") if isinstance(body, dict) else error.message
