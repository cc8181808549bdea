"""The one way to call a model: chooses the vendor, keeps its client, retries, and sets every limit."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TypeVar, cast

import httpx2

from core.database.tables import storable
from core.network.cancellation import Cutter, cuttable
from core.network.outbound import providers_reach
from core.platform.config import config
from core.providers.chunks import Chunk, TextChunk, ToolCallChunk
from core.providers.errors import AnswerTooLong, CallFailed, Cut, TookTooLong
from core.providers.schemas import Connection, KnownModel, ModelCall, Provider, Route

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 120.0  # to the first sign of life, and between two
WHOLE_CALL_TIMEOUT_S = 900.0
LIST_TIMEOUT_S = 15.0
PAUSES_S = (0.5, 1.5)  # before the same is asked again
LONGEST_PAUSE_S = 20.0
LONGEST_ANSWER = 1_000_000
LONGEST_NAME = 200

Asked = TypeVar("Asked")


def stream(route: Route, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
    """Yield the chunks of an answer.

    What may pass is asked again, as long as nothing of the answer has arrived. Raises a CallFailed with what a person can do, or
    Cut when `cutter` ended it.
    """
    ends_at = time.monotonic() + WHOLE_CALL_TIMEOUT_S
    kept = _Kept()
    with _in_words(route.connection, cutter):
        asked = provider(route.connection, SILENCE_TIMEOUT_S)
        answer = _patiently(lambda: _Answer.begin(asked.stream(call, cutter), cutter, ends_at), cutter)
        with closing(answer.chunks):
            while answer.chunk is not None:
                yield kept.take(answer.chunk)
                answer.go_on()


def list_models(connection: Connection) -> list[KnownModel]:
    """Ask a provider what it serves; raise a CallFailed when it does not say."""
    cutter = Cutter()
    with _in_words(connection, cutter), closing(_connect(connection, LIST_TIMEOUT_S)) as asked:
        listed = _patiently(lambda: _list(asked, cutter), cutter)
    named = {model.name: model for model in listed if isinstance(model.name, str) and 0 < len(model.name) <= LONGEST_NAME}
    return [model for name, model in named.items() if storable(name) == name]


def _list(asked: Provider, cutter: Cutter) -> list[KnownModel]:
    with cuttable(cutter, time.monotonic() + LIST_TIMEOUT_S):
        return asked.list_models()


def _patiently(ask: Callable[[], Asked], cutter: Cutter) -> Asked:
    """Return what `ask` returns; ask again after a failure that may pass, when it wants no longer wait than a person does."""
    for pause_s in PAUSES_S:
        try:
            return ask()
        except CallFailed as failure:
            wait_s = failure.retry_after_s or pause_s
            if not failure.may_pass or wait_s > LONGEST_PAUSE_S:
                raise
        if cutter.wait(wait_s):
            raise Cut
    return ask()


@contextmanager
def _in_words(connection: Connection, cutter: Cutter) -> Iterator[None]:
    """Say Cut for whatever a cut has broken; keep the key out of every failure, and what the SDK said of it out of reach."""
    try:
        yield
    except CallFailed as failure:
        if cutter.is_cut:
            raise Cut from None
        raise failure.without(connection.secret) from None


@dataclass
class _Answer:
    """An answer that has begun: a chunk of it, and the rest."""

    chunks: Generator[Chunk]
    cutter: Cutter
    ends_at: float
    chunk: Chunk | None = None

    @classmethod
    def begin(cls, chunks: Generator[Chunk], cutter: Cutter, ends_at: float) -> "_Answer":
        """Wait for the first chunk."""
        answer = cls(chunks, cutter, ends_at)
        answer.go_on()
        return answer

    def go_on(self) -> None:
        """Wait for the next chunk; there is none after the last. Raise Cut, also between two."""
        if self.cutter.is_cut:
            raise Cut
        # Only while waiting: between two chunks this thread belongs to somebody else.
        with cuttable(self.cutter, self.ends_at):
            self.chunk = next(self.chunks, None)
        if self.cutter.is_cut:
            raise Cut
        if time.monotonic() > self.ends_at:
            raise TookTooLong


class _Kept:
    """What is kept of an answer: so much, and nothing that cannot be stored."""

    def __init__(self) -> None:
        """Nothing has been kept."""
        self._length = 0
        self._half = ""

    def take(self, chunk: Chunk) -> Chunk:
        """Return a chunk as it is kept; raise AnswerTooLong."""
        match chunk:
            case TextChunk(text):
                self._count(text)
                return chunk if text.isascii() and not self._half and "\0" not in text else TextChunk(self._whole(text))
            case ToolCallChunk(id_, name, arguments):
                self._count(arguments)
                return ToolCallChunk(storable(id_), storable(name), storable(arguments))
            case _:
                return chunk

    def _count(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_ANSWER:
            raise AnswerTooLong

    def _whole(self, text: str) -> str:
        """Join the halves of characters that servers written in JavaScript cut in two."""
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        whole = text[: len(text) - len(self._half)].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return storable(whole)


@lru_cache(maxsize=64)
def provider(connection: Connection, silence_timeout_s: float) -> Provider:
    """Return the client of a connection, made once; a changed key or address is another connection."""
    return _connect(connection, silence_timeout_s)


def _connect(connection: Connection, silence_timeout_s: float) -> Provider:
    # The SDKs take a second to import: only what is used is loaded.
    vendor = import_module(f"core.providers.vendors.{connection.kind}")
    timeout = httpx2.Timeout(connect=CONNECT_TIMEOUT_S, read=silence_timeout_s, write=30.0, pool=5.0)
    return cast("Provider", vendor.connect(connection, providers_reach(config()), timeout))
