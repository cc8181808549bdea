"""The only way to call a model: reuses clients, retries, and applies every limit."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from typing import Protocol, TypeVar, cast

import httpx2

from core.database.tables import storable
from core.network.allowed_addresses import provider_address_policy
from core.network.cancellation import CancelToken, cancellable
from core.platform.config import config
from core.providers.chunks import Chunk, Embeddings, TextChunk, ToolCallChunk
from core.providers.errors import (
    AnswerTooLong,
    CallCancelled,
    CallFailed,
    EmbeddingsNotSupported,
    ProviderTimedOut,
    UnexpectedFormat,
)
from core.providers.schemas import Connection, EmbeddingCall, ListedModel, ModelCall, Route
from core.providers.tools import constrained_tools

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 120.0  # to the first byte, and between two
WHOLE_CALL_TIMEOUT_S = 900.0  # a server that sends a byte now and then is never silent
LIST_TIMEOUT_S = 15.0
RETRY_WAITS_S = (0.5, 1.5)  # before each retry
MAX_RETRY_WAIT_S = 20.0
MAX_ANSWER_CHARS = 1_000_000
MAX_NAME_CHARS = 200

Result = TypeVar("Result")


class Provider(Protocol):
    """A vendor's client. It is synchronous: it runs in a thread and can be cancelled."""

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        """Yield chunks until the end; raise a CallFailed, also when cancelled."""
        ...

    def list_models(self) -> list[ListedModel]:
        """Return the models that this provider lists; raise a CallFailed."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class Embedder(Protocol):
    """The client of a vendor that embeds texts."""

    def embed(self, call: EmbeddingCall) -> Embeddings:
        """Return the vectors of the texts; raise a CallFailed."""
        ...


def stream(route: Route, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
    """Yield the chunks of an answer.

    Transient errors are retried until the first chunk has arrived. Raises a CallFailed whose
    message says what to do, or CallCancelled when `cancel_token` was cancelled.
    """
    if constrained_tools.is_needed(route.model, call):
        yield from constrained_tools.stream(call, partial(_stream, route, cancel_token))
    else:
        yield from _stream(route, cancel_token, call)


def _stream(route: Route, cancel_token: CancelToken, call: ModelCall) -> Generator[Chunk]:
    deadline = time.monotonic() + WHOLE_CALL_TIMEOUT_S
    limiter = _AnswerLimiter()
    with _translated_errors(route.connection, cancel_token):
        client = provider(route.connection, SILENCE_TIMEOUT_S)
        answer = _with_retries(
            lambda: _Answer.begin(client.stream(call, cancel_token), cancel_token, deadline),
            cancel_token,
        )
        # A caller may stop before the end: closing the stream ends the answer at the provider, too.
        with closing(answer.chunks):
            while answer.chunk is not None:
                yield limiter.accept(answer.chunk)
                answer.advance()


def embed(route: Route, call: EmbeddingCall, cancel_token: CancelToken) -> Embeddings:
    """Return the vectors of texts; transient errors are retried.

    Raises a CallFailed, CallCancelled, or EmbeddingsNotSupported.
    """
    if not route.model.capabilities.embeddings:
        raise EmbeddingsNotSupported
    with _translated_errors(route.connection, cancel_token):
        client = provider(route.connection, SILENCE_TIMEOUT_S)
        embeddings = _with_retries(lambda: _embed(client, call, cancel_token), cancel_token)
    if not _fits(embeddings, call):
        raise UnexpectedFormat
    return embeddings


def _fits(embeddings: Embeddings, call: EmbeddingCall) -> bool:
    """Return whether there is a vector for each text, and all have the requested length."""
    lengths = {len(vector) for vector in embeddings.vectors}
    has_length = lengths == {call.dimensions} if call.dimensions else len(lengths - {0}) == 1
    return has_length and 0 not in lengths and len(embeddings.vectors) == len(call.texts)


def _embed(client: Provider, call: EmbeddingCall, cancel_token: CancelToken) -> Embeddings:
    with cancellable(cancel_token, time.monotonic() + SILENCE_TIMEOUT_S):
        return cast("Embedder", client).embed(call)


def list_models(connection: Connection) -> list[ListedModel]:
    """Return the models that a provider lists; raise a CallFailed."""
    cancel_token = CancelToken()
    with (
        _translated_errors(connection, cancel_token),
        closing(_connect(connection, LIST_TIMEOUT_S)) as client,
    ):
        models = _with_retries(lambda: _list(client, cancel_token), cancel_token)
    by_name = {
        model.name: model
        for model in models
        if isinstance(model.name, str) and 0 < len(model.name) <= MAX_NAME_CHARS
    }
    # A changed name would call another model, or none
    return [model for name, model in by_name.items() if storable(name) == name]


def _list(client: Provider, cancel_token: CancelToken) -> list[ListedModel]:
    with cancellable(cancel_token, time.monotonic() + LIST_TIMEOUT_S):
        return client.list_models()


def _with_retries(request: Callable[[], Result], cancel_token: CancelToken) -> Result:
    """Return the result of `request`; retry transient errors with waits up to 20 s."""
    for pause_s in RETRY_WAITS_S:
        try:
            return request()
        except CallFailed as failure:
            wait_s = failure.retry_after_s or pause_s
            if not failure.is_transient or wait_s > MAX_RETRY_WAIT_S:
                raise
        if cancel_token.wait(wait_s):
            raise CallCancelled
    return request()


@contextmanager
def _translated_errors(connection: Connection, cancel_token: CancelToken) -> Iterator[None]:
    """Turn errors of a cancelled call into CallCancelled; remove keys from all others."""
    try:
        yield
    except CallFailed as failure:
        if cancel_token.is_cancelled:
            raise CallCancelled from None
        raise failure.without(connection.secret) from None


@dataclass
class _Answer:
    """An answer whose first chunk has arrived: the current chunk and the remaining ones."""

    chunks: Generator[Chunk]
    cancel_token: CancelToken
    deadline: float
    chunk: Chunk | None = None

    @classmethod
    def begin(
        cls, chunks: Generator[Chunk], cancel_token: CancelToken, deadline: float
    ) -> "_Answer":
        """Wait for the first chunk."""
        answer = cls(chunks, cancel_token, deadline)
        answer.advance()
        return answer

    def advance(self) -> None:
        """Wait for the next chunk; `chunk` is None after the last.

        Raises CallCancelled or ProviderTimedOut.
        """
        if self.cancel_token.is_cancelled:
            raise CallCancelled
        # Only while waiting: between two chunks the thread runs the caller's code.
        with cancellable(self.cancel_token, self.deadline):
            self.chunk = next(self.chunks, None)
        if self.cancel_token.is_cancelled:
            raise CallCancelled
        if time.monotonic() > self.deadline:
            raise ProviderTimedOut


class _AnswerLimiter:
    """Limits an answer to MAX_ANSWER_CHARS, and removes characters that cannot be stored."""

    def __init__(self) -> None:
        self._length = 0
        self._half = ""

    def accept(self, chunk: Chunk) -> Chunk:
        """Return a chunk as it can be stored; raise AnswerTooLong."""
        match chunk:
            case TextChunk(text):
                self._count(text)
                return (
                    chunk
                    if text.isascii() and not self._half and "\0" not in text
                    else TextChunk(self._join_halves(text))
                )
            case ToolCallChunk(id_, name, arguments):
                self._count(arguments)
                return ToolCallChunk(storable(id_), storable(name), storable(arguments))
            case _:
                return chunk

    def _count(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_ANSWER_CHARS:
            raise AnswerTooLong

    def _join_halves(self, text: str) -> str:
        """Join halves of characters that servers written in JavaScript split between two chunks."""
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        joined = (
            text[: len(text) - len(self._half)]
            .encode("utf-16-le", "surrogatepass")
            .decode("utf-16-le", "replace")
        )
        return storable(joined)


@lru_cache(maxsize=64)
def provider(connection: Connection, silence_timeout_s: float) -> Provider:
    """Return the cached client of a connection; a changed key or address is another connection."""
    return _connect(connection, silence_timeout_s)


def _connect(connection: Connection, silence_timeout_s: float) -> Provider:
    # The SDKs take a second to import: only the one that is used is loaded.
    vendor = import_module(f"core.providers.vendors.{connection.kind}")
    timeout = httpx2.Timeout(
        connect=CONNECT_TIMEOUT_S, read=silence_timeout_s, write=30.0, pool=5.0
    )
    return cast("Provider", vendor.connect(connection, provider_address_policy(config()), timeout))
