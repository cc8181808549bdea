"""The fake provider: deterministic answers, with delays and errors on request (fake_scripts.py).

For tests, the demo and load runs; offered only with ATTUNE_FAKE_PROVIDER.
"""

from collections.abc import Generator

import httpx2

from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk, Embeddings, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import AnswerIncomplete, CallCancelled
from core.providers.schemas import Connection, EmbeddingCall, ListedModel, ModelCall
from core.providers.vendors.fake_scripts import (
    SCRIPTS,
    FakeScript,
    script_of,
    tool_calls_of,
    vector_of,
    words_of,
)

CONTEXT_WINDOW = 32_000


def connect(_connection: Connection, _reach: AddressPolicy, _timeout: httpx2.Timeout) -> "Fake":
    return Fake()


class Fake:
    """Answers according to scripts."""

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        script, prompt = script_of(call)
        if cancel_token.wait(script.delay_s):
            raise CallCancelled
        words, tool_calls = words_of(script, prompt, call), tool_calls_of(script, call)
        yield from _text(script, words, cancel_token)
        yield from tool_calls
        yield UsageChunk(_usage(script, call, len(words)))
        if not script.ends:
            raise AnswerIncomplete
        yield EndChunk(script.finish_reason or ("tool_calls" if tool_calls else "stop"))

    def embed(self, call: EmbeddingCall) -> Embeddings:
        vectors = tuple(vector_of(call.model, text, call.dimensions) for text in call.texts)
        return Embeddings(vectors, Usage(input=sum(len(text.split()) for text in call.texts)))

    def list_models(self) -> list[ListedModel]:
        return [ListedModel(name, CONTEXT_WINDOW) for name in SCRIPTS]

    def close(self) -> None: ...


def _text(script: FakeScript, words: list[str], cancel_token: CancelToken) -> Generator[Chunk]:
    fail_after = 0 if script.fault and script.fail_after is None else script.fail_after
    for number, word in enumerate(words):
        if number == fail_after:
            raise script.failure()
        yield TextChunk(word if number == 0 else f" {word}")
        if script.rate and cancel_token.wait(1 / script.rate):
            raise CallCancelled
    if script.fault and fail_after is not None and fail_after >= len(words):
        raise script.failure()


def _usage(script: FakeScript, call: ModelCall, words: int) -> Usage:
    if script.usage is not None:
        return Usage(**script.usage.model_dump())
    texts = [call.system_prompt or "", *(message.content for message in call.messages)]
    return Usage(input=sum(len(text.split()) for text in texts), output=words)
