"""OpenAI, and every server that speaks its protocol (Ollama, vLLM, ...), through OpenAI's own SDK."""

from collections.abc import Generator, Mapping
from itertools import islice
from typing import Any

import httpx2
import openai

from core.network import outbound
from core.network.cancellation import Cutter
from core.platform import logs
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import CallFailed, Incomplete, UnexpectedFormat
from core.providers.schemas import Connection, KnownModel, ModelCall, ParameterName
from core.providers.vendors import faults
from core.providers.vendors.pieces import MOST_MODELS, ToolCalls, tokens

VENDOR = "https://api.openai.com/v1"
# A server that wants no key still gets a header: the SDK insists on one.
NO_KEY = "none"
NAMES = {ParameterName.STOP_SEQUENCES: "stop"}
FAILURES = (openai.OpenAIError, httpx2.HTTPError, *faults.MALFORMED)

logs.quieten("openai")  # OPENAI_LOG=debug would have it write what people ask


def connect(connection: Connection, reach: outbound.Reach, timeout: httpx2.Timeout) -> "OpenAI":
    """Return the provider behind a connection."""
    return OpenAI(connection, outbound.client(reach, timeout=timeout))


class OpenAI:
    """One client of the SDK, made once and used by many threads."""

    def __init__(self, connection: Connection, http: httpx2.Client) -> None:
        """Speak to `connection` through `http`."""
        self._is_vendor = connection.is_vendor
        # The gateway asks again after what may pass: the SDK would do so in a sleep that nobody can cut.
        self._client = openai.OpenAI(
            api_key=connection.secret or NO_KEY, base_url=connection.base_url or VENDOR, http_client=http, max_retries=0
        )
        # What the SDK finds in the environment is not part of the connection.
        self._client.organization = self._client.project = self._client.admin_api_key = None
        self._client._custom_headers = {}  # noqa: SLF001  OPENAI_CUSTOM_HEADERS, which no argument overrules

    def stream(self, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
        """Yield the answer's chunks."""
        try:
            yield from self._stream(call)
        except FAILURES as error:
            raise failure(error) from error

    def list_models(self) -> list[KnownModel]:
        """Return what the server lists."""
        try:
            return [KnownModel(model.id) for model in islice(self._client.models.list(), MOST_MODELS)]
        except FAILURES as error:
            raise failure(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _stream(self, call: ModelCall) -> Generator[Chunk]:
        part: dict[str, Any] | None = None
        finish_reason: str | None = None
        calls = ToolCalls()
        with self._ask(call) as answer:
            for part in answer:
                if usage := part.get("usage"):
                    yield UsageChunk(usage_of(usage))
                for choice in part.get("choices") or ():
                    delta = choice.get("delta") or {}
                    if text := _text(delta.get("content")):
                        yield TextChunk(text)
                    for piece in delta.get("tool_calls") or ():
                        _add(calls, piece)
                    finish_reason = _word(choice.get("finish_reason")) or finish_reason
        yield from calls.chunks()
        if part is None:
            raise UnexpectedFormat
        if finish_reason is None:
            raise Incomplete
        yield EndChunk(finish_reason)

    def _ask(self, call: ModelCall) -> openai.Stream[Any]:
        # Not `chat.completions.create`: more than half of a call's CPU would go into types that check nothing (decisions/0005).
        return self._client.post(
            "/chat/completions", body=self._request(call), cast_to=object, stream=True, stream_cls=openai.Stream[Any]
        )

    def _request(self, call: ModelCall) -> dict[str, Any]:
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


def messages_of(call: ModelCall) -> list[dict[str, str]]:
    """Return the conversation in the protocol's form, the system prompt first."""
    system = [{"role": "system", "content": call.system_prompt}] if call.system_prompt else []
    return [*system, *({"role": message.role.value, "content": message.content} for message in call.messages)]


def _text(content: object) -> str:
    """Return the text of a delta: Mistral's reasoning models send a list of parts instead of a string."""
    if isinstance(content, list):
        return "".join(_word(part.get("text")) or "" for part in content)
    return _word(content) or ""


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Return the protocol's usage as ours: its input includes cached tokens, its output reasoning."""
    of_input, of_output = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Usage(
        input=tokens(usage.get("prompt_tokens")),
        output=tokens(usage.get("completion_tokens")),
        cached=tokens(of_input.get("cached_tokens")),
        cache_write=tokens(of_input.get("cache_write_tokens")),
        reasoning=tokens(of_output.get("reasoning_tokens")),
    )


def _add(calls: ToolCalls, piece: Mapping[str, Any]) -> None:
    said = piece.get("function") or {}
    calls.add(
        piece.get("index") or 0, id=_word(piece.get("id")), name=_word(said.get("name")), arguments=_word(said.get("arguments"))
    )


def failure(error: Exception) -> CallFailed:
    """Return what an exception of the SDK means."""
    match error:
        case openai.APIStatusError():
            said = faults.said_in(error.body)
            return faults.of_answer(faults.ErrorAnswer(error.status_code, _kinds(error), said, error.response.headers))
        case openai.APIConnectionError() | httpx2.TransportError():
            return faults.of_transport(error)
        case openai.APIError():  # an error event inside the stream: there is no status
            return faults.of_answer(faults.ErrorAnswer(None, _kinds(error), faults.said_in(error.body)))
        case _:
            return faults.of_malformed(error)


def _kinds(error: openai.APIError) -> tuple[str, ...]:
    return tuple(str(kind) for kind in (error.type, error.code) if kind)
