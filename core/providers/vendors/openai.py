"""OpenAI, and every server of its protocol (Ollama, vLLM, ...), through OpenAI's own SDK."""

from collections.abc import Generator, Mapping
from math import isfinite
from typing import Any

import httpx2
import openai

from core.network import outbound
from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken
from core.platform import logs
from core.providers.chunks import Chunk, Embeddings, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import AnswerIncomplete, CallFailed, UnexpectedFormat
from core.providers.schemas import Connection, EmbeddingCall, ListedModel, ModelCall
from core.providers.vendors import faults
from core.providers.vendors.openai_request import embedding_request_of, request_of
from core.providers.vendors.streamed_tool_calls import MAX_MODELS, ToolCalls, tokens

VENDOR = "https://api.openai.com/v1"
# The SDK requires a key, also for servers that need none.
NO_KEY = "none"
FAILURES = (openai.OpenAIError, httpx2.HTTPError, *faults.MALFORMED)

logs.quieten("openai")  # OPENAI_LOG=debug would log prompts


def connect(connection: Connection, reach: AddressPolicy, timeout: httpx2.Timeout) -> "OpenAI":
    return OpenAI(connection, outbound.client(reach, timeout=timeout))


class OpenAI:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        self._is_vendor = connection.is_vendor
        # The gateway retries: the SDK's retries sleep without being cancellable.
        self._client = openai.OpenAI(
            api_key=connection.secret or NO_KEY,
            base_url=connection.base_url or VENDOR,
            http_client=http,
            max_retries=0,
        )
        # Headers and ids that the SDK reads from the environment are not part of the connection.
        self._client.organization = self._client.project = self._client.admin_api_key = None
        self._client._custom_headers = {}  # noqa: SLF001  OPENAI_CUSTOM_HEADERS, which no argument overrules

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        try:
            yield from self._stream(call)
        except FAILURES as error:
            raise failure(error) from error

    def list_models(self) -> list[ListedModel]:
        try:
            # Not `models.list`, which makes an object of each before the limit applies
            return _models(self._client.get("/models", cast_to=object))
        except FAILURES as error:
            raise failure(error) from error

    def embed(self, call: EmbeddingCall) -> Embeddings:
        try:
            body = embedding_request_of(call)
            return _embeddings(self._client.post("/embeddings", body=body, cast_to=object))
        except (*FAILURES, OverflowError) as error:
            raise failure(error) from error

    def close(self) -> None:
        self._client.close()

    def _stream(self, call: ModelCall) -> Generator[Chunk]:
        event: dict[str, Any] | None = None
        finish_reason: str | None = None
        calls = ToolCalls()
        with self._open_stream(call) as events:
            # The last event has the usage and no choices.
            for event in events:
                if usage := event.get("usage"):
                    yield UsageChunk(usage_of(usage))
                for choice in event.get("choices") or ():
                    delta = choice.get("delta") or {}
                    # OpenAI's models refuse to fill in a response_format in a text beside it
                    if text := _text(delta.get("content")) or _text(delta.get("refusal")):
                        yield TextChunk(text)
                    for call_part in delta.get("tool_calls") or ():
                        _add_call_part(calls, call_part)
                    finish_reason = _text_or_none(choice.get("finish_reason")) or finish_reason
        yield from calls.chunks()
        if event is None:
            raise UnexpectedFormat
        # A stream that breaks off between two events ends without an error of the SDK.
        if finish_reason is None:
            raise AnswerIncomplete
        yield EndChunk(finish_reason)

    def _open_stream(self, call: ModelCall) -> openai.Stream[Any]:
        # Not `chat.completions.create`: it spends more than half of a call's CPU on types that
        # validate nothing.
        return self._client.post(
            "/chat/completions",
            body=request_of(call, is_vendor=self._is_vendor),
            cast_to=object,
            stream=True,
            stream_cls=openai.Stream[Any],
        )


def _models(response: Any) -> list[ListedModel]:  # noqa: ANN401  JSON that nothing has validated
    rows = response["data"] or []  # Ollama lists no models as null
    return [ListedModel(row["id"]) for row in rows[:MAX_MODELS]]


def _embeddings(response: Any) -> Embeddings:  # noqa: ANN401  JSON that nothing has validated
    rows = sorted(response["data"], key=lambda row: int(row["index"]))
    vectors = tuple(tuple(float(number) for number in row["embedding"]) for row in rows)
    if not all(isfinite(number) for vector in vectors for number in vector):
        raise UnexpectedFormat
    return Embeddings(vectors, usage_of(response.get("usage") or {}))


def _text(content: object) -> str:
    """Return the text of a delta: Mistral's reasoning models send a list of parts."""
    if isinstance(content, list):
        return "".join(_text_or_none(part.get("text")) or "" for part in content)
    return _text_or_none(content) or ""


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Return the protocol's usage; its input includes cached tokens, its output reasoning."""
    input_details, output_details = (
        usage.get("prompt_tokens_details") or {},
        usage.get("completion_tokens_details") or {},
    )
    return Usage(
        input=tokens(usage.get("prompt_tokens")),
        output=tokens(usage.get("completion_tokens")),
        cached=tokens(input_details.get("cached_tokens")),
        cache_write=tokens(input_details.get("cache_write_tokens")),
        reasoning=tokens(output_details.get("reasoning_tokens")),
    )


def _add_call_part(calls: ToolCalls, call_part: Mapping[str, Any]) -> None:
    function = call_part.get("function") or {}
    calls.add(
        call_part.get("index") or 0,
        id=_text_or_none(call_part.get("id")),
        name=_text_or_none(function.get("name")),
        arguments=_text_or_none(function.get("arguments")),
    )


def failure(error: Exception) -> CallFailed:
    """Translate an exception of the SDK."""
    match error:
        case openai.APIStatusError():
            message = faults.message_in(error.body)
            return faults.of_response(
                faults.ErrorResponse(
                    error.status_code, _kinds(error), message, error.response.headers
                )
            )
        case openai.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case openai.APIError():  # an error event inside the stream: there is no status
            return faults.of_response(
                faults.ErrorResponse(None, _kinds(error), faults.message_in(error.body))
            )
        case _:
            return faults.of_malformed(error)


def _kinds(error: openai.APIError) -> tuple[str, ...]:
    return tuple(str(kind) for kind in (error.type, error.code) if kind)
