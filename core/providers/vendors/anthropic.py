"""Anthropic, through its own SDK."""

from collections.abc import Generator
from dataclasses import replace
from itertools import islice
from typing import Any

import anthropic
import httpx2
from anthropic.types import RawMessageStreamEvent

from core.network import outbound
from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken
from core.platform import logs
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import AnswerIncomplete, CallFailed, RequestRejected, UnexpectedFormat
from core.providers.schemas import Connection, ListedModel, ModelCall
from core.providers.structured_output import with_single_types
from core.providers.vendors import faults
from core.providers.vendors.anthropic_request import request_of
from core.providers.vendors.streamed_tool_calls import MAX_MODELS, ToolCalls, tokens

VENDOR = "https://api.anthropic.com"
NO_KEY = "none"
FAILURES = (anthropic.AnthropicError, httpx2.HTTPError, *faults.MALFORMED)

logs.quieten("anthropic", "httpx2")  # ANTHROPIC_LOG=debug would log prompts


def connect(connection: Connection, reach: AddressPolicy, timeout: httpx2.Timeout) -> "Anthropic":
    return Anthropic(connection, outbound.client(reach, timeout=timeout))


class Anthropic:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        # The gateway retries: the SDK's retries sleep without being cancellable.
        self._client = anthropic.Anthropic(
            api_key=connection.secret or NO_KEY,
            # Which the SDK adds itself
            base_url=(connection.base_url or VENDOR).removesuffix("/v1"),
            http_client=http,
            max_retries=0,
            open_telemetry=False,
        )
        # Headers that the SDK reads from the environment are not part of the connection.
        self._client._custom_headers = {}  # noqa: SLF001  ANTHROPIC_CUSTOM_HEADERS, which no argument overrules

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        try:
            yield from self._stream(call)
        except FAILURES as error:
            raise failure(error) from error

    def list_models(self) -> list[ListedModel]:
        try:
            return [
                ListedModel(row["id"], tokens(row.get("max_input_tokens")) or None)
                for row in islice(self._model_rows(), MAX_MODELS)
            ]
        except FAILURES as error:
            raise failure(error) from error

    def close(self) -> None:
        self._client.close()

    def _model_rows(self) -> Generator[Any]:
        """Yield the rows of `/v1/models`, page by page, as JSON that nothing has validated."""
        params: dict[str, object] = {"limit": 100}
        while params:
            # Not `models.list`, which makes an object of each before the limit applies
            page: Any = self._client.get("/v1/models", cast_to=object, options={"params": params})
            rows = page["data"] or []
            yield from rows
            has_next = rows and page.get("has_more") and page.get("last_id")
            params = params | {"after_id": page["last_id"]} if has_next else {}

    def _stream(self, call: ModelCall) -> Generator[Chunk]:
        stream_state = _StreamState()
        # Not the SDK's streaming helper: that keeps a copy of the whole answer, and asserts fields
        # that servers may omit.
        with self._client.messages.create(
            stream=True, **request_of(_with_usable_schema(call))
        ) as events:
            for event in events:
                if text := stream_state.record(event):
                    yield TextChunk(text)
        yield from stream_state.calls.chunks()
        if stream_state.usage is None:
            raise UnexpectedFormat
        if stream_state.stop_reason is None:  # so far, usage has the input and one token only
            raise AnswerIncomplete
        yield UsageChunk(stream_state.usage)
        yield EndChunk(stream_state.stop_reason)


def _with_usable_schema(call: ModelCall) -> ModelCall:
    """Return the call; bounds that Anthropic does not enforce become descriptions."""
    if call.response_schema is None:
        return call
    if not call.response_schema["properties"]:
        raise RequestRejected("Anthropic returns the properties that a schema names: name some.")
    try:
        schema = anthropic.transform_schema(with_single_types(call.response_schema))
    except (*faults.MALFORMED, AssertionError) as error:
        raise RequestRejected("Anthropic's SDK cannot use this response_schema.") from error
    return replace(call, response_schema=schema)


class _StreamState:
    """Usage, tool calls and stop reason that a stream has sent so far."""

    def __init__(self) -> None:
        self.calls = ToolCalls()
        self.usage: Usage | None = None
        self.stop_reason: str | None = None

    def record(self, event: RawMessageStreamEvent) -> str:
        """Record an event and return its text, if any."""
        match event.type:
            case "message_start":
                self.usage = _usage(event.message.usage, Usage())
            case "content_block_start" if event.content_block.type == "tool_use":
                self.calls.add(
                    event.index, id=event.content_block.id, name=event.content_block.name
                )
            case "content_block_start" if event.content_block.type == "text":
                return _text(event.content_block.text)
            case "content_block_delta" if event.delta.type == "text_delta":
                return _text(event.delta.text)
            case "content_block_delta" if event.delta.type == "input_json_delta":
                self.calls.add(event.index, arguments=event.delta.partial_json)
            case "message_delta":
                self.usage = _usage(event.usage, self.usage or Usage())
                self.stop_reason = _text(event.delta.stop_reason) or self.stop_reason
            case _:
                pass
        return ""


def _text(value: object) -> str:
    """Return a text; nothing for what is none, as the SDK validates no event."""
    return value if isinstance(value, str) else ""


def _usage(reported: object, previous: Usage) -> Usage:
    """Return the usage so far: later events have the output, and sometimes the input again."""
    cached = tokens(getattr(reported, "cache_read_input_tokens", None)) or previous.cached
    written = tokens(getattr(reported, "cache_creation_input_tokens", None)) or previous.cache_write
    split = getattr(reported, "cache_creation", None)
    for_an_hour = tokens(getattr(split, "ephemeral_1h_input_tokens", None))
    uncached = getattr(reported, "input_tokens", None)
    return Usage(
        # Anthropic's input count excludes tokens read from or written to the cache.
        input=max(previous.input, tokens(uncached) + cached + written),
        output=tokens(getattr(reported, "output_tokens", None)),
        cached=cached,
        cache_write=written,
        cache_write_1h=min(written, for_an_hour or previous.cache_write_1h),
        reasoning=tokens(
            getattr(getattr(reported, "output_tokens_details", None), "thinking_tokens", None)
        ),
    )


def failure(error: Exception) -> CallFailed:
    """Translate an exception of the SDK."""
    match error:
        case anthropic.APIStatusError():
            # An error event inside the stream
            status = None if error.status_code == 200 else error.status_code
            message = faults.message_in(error.body)
            return faults.of_response(
                faults.ErrorResponse(
                    status, (str(error.type or ""),), message, error.response.headers
                )
            )
        case anthropic.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case _:
            return faults.of_malformed(error)
