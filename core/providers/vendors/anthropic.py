"""Anthropic, through its own SDK."""

from collections.abc import Generator
from itertools import islice
from typing import Any

import anthropic
import httpx2
from anthropic.types import RawMessageStreamEvent

from core.network import outbound
from core.network.cancellation import Cutter
from core.platform import logs
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import CallFailed, Incomplete, UnexpectedFormat
from core.providers.schemas import Connection, KnownModel, MessageRole, ModelCall
from core.providers.vendors import faults
from core.providers.vendors.pieces import MOST_MODELS, ToolCalls, tokens

VENDOR = "https://api.anthropic.com"
NO_KEY = "none"
MAX_TOKENS = 4096  # the API insists on a number
OLDER_VERSION = "2023-06-01"
# Which models take these, capabilities.py says; they need the API's older version, and the SDK itself has dropped them.
SAMPLING = ("temperature", "top_p")
FAILURES = (anthropic.AnthropicError, httpx2.HTTPError, *faults.MALFORMED)

logs.quieten("anthropic", "httpx2")  # ANTHROPIC_LOG=debug would have it write what people ask


def connect(connection: Connection, reach: outbound.Reach, timeout: httpx2.Timeout) -> "Anthropic":
    """Return the provider behind a connection."""
    return Anthropic(connection, outbound.client(reach, timeout=timeout))


class Anthropic:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        """Speak to `connection` through `http`."""
        # The gateway asks again after what may pass: the SDK would do so in a sleep that nobody can cut.
        self._client = anthropic.Anthropic(
            api_key=connection.secret or NO_KEY,
            base_url=(connection.base_url or VENDOR).removesuffix("/v1"),  # which the SDK adds itself
            http_client=http,
            max_retries=0,
            open_telemetry=False,
        )
        # What the SDK finds in the environment is not part of the connection.
        self._client._custom_headers = {}  # noqa: SLF001  ANTHROPIC_CUSTOM_HEADERS, which no argument overrules

    def stream(self, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
        """Yield the answer's chunks."""
        try:
            yield from self._stream(call)
        except FAILURES as error:
            raise failure(error) from error

    def list_models(self) -> list[KnownModel]:
        """Return what the API lists."""
        try:
            listed = islice(self._client.models.list(limit=100), MOST_MODELS)
            return [KnownModel(model.id, tokens(model.max_input_tokens) or None) for model in listed]
        except FAILURES as error:
            raise failure(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _stream(self, call: ModelCall) -> Generator[Chunk]:
        heard = _Heard()
        # Its plain events, not its helper: that keeps a copy of the whole answer, and asserts what a server may leave out.
        with self._client.messages.create(stream=True, **_request(call)) as answer:
            for event in answer:
                if text := heard.take(event):
                    yield TextChunk(text)
        yield from heard.calls.chunks()
        if heard.usage is None:
            raise UnexpectedFormat
        if heard.stop_reason is None:  # what is counted so far is the input and one token
            raise Incomplete
        yield UsageChunk(heard.usage)
        yield EndChunk(heard.stop_reason)


class _Heard:
    """What a stream has brought beside its text."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self.calls = ToolCalls()
        self.usage: Usage | None = None
        self.stop_reason: str | None = None

    def take(self, event: RawMessageStreamEvent) -> str:
        """Take an event and return its text, if it has any."""
        match event.type:
            case "message_start":
                self.usage = _usage(event.message.usage, Usage())
            case "content_block_start" if event.content_block.type == "tool_use":
                self.calls.add(event.index, id=event.content_block.id, name=event.content_block.name)
            case "content_block_start" if event.content_block.type == "text":
                return event.content_block.text
            case "content_block_delta" if event.delta.type == "text_delta":
                return event.delta.text
            case "content_block_delta" if event.delta.type == "input_json_delta":
                self.calls.add(event.index, arguments=event.delta.partial_json)
            case "message_delta":
                self.usage = _usage(event.usage, self.usage or Usage())
                self.stop_reason = event.delta.stop_reason or self.stop_reason
            case _:
                pass
        return ""


def _request(call: ModelCall) -> dict[str, Any]:
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


def _system(call: ModelCall) -> str:
    said = [call.system_prompt or "", *(m.content for m in call.messages if m.role is MessageRole.SYSTEM)]
    return "\n\n".join(text for text in said if text)


def _usage(counted: object, before: Usage) -> Usage:
    """Return what is counted so far: later events bring the output, and the input again or not."""
    cached = tokens(getattr(counted, "cache_read_input_tokens", None)) or before.cached
    written = tokens(getattr(counted, "cache_creation_input_tokens", None)) or before.cache_write
    uncached = getattr(counted, "input_tokens", None)
    return Usage(
        # Its input leaves out what came from the cache and what went into it.
        input=max(before.input, tokens(uncached) + cached + written),
        output=tokens(getattr(counted, "output_tokens", None)),
        cached=cached,
        cache_write=written,
        reasoning=tokens(getattr(getattr(counted, "output_tokens_details", None), "thinking_tokens", None)),
    )


def failure(error: Exception) -> CallFailed:
    """Return what an exception of the SDK means."""
    match error:
        case anthropic.APIStatusError():
            status = None if error.status_code == 200 else error.status_code  # an error event inside the stream
            said = faults.said_in(error.body)
            return faults.of_answer(faults.ErrorAnswer(status, (str(error.type or ""),), said, error.response.headers))
        case anthropic.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case _:
            return faults.of_malformed(error)
