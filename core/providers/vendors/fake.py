"""The fake provider: deterministic answers, with delays and errors on request.

For tests, the demo and load runs; offered only with ATTUNE_FAKE_PROVIDER, and always labelled as
fake. The model's name is the script: `echo`, `steady` (200 words, 20 a second), `slow` (3 s before
the first word), `failing` (fails after five words), `refusing` (an invalid key), `cut` (ends
without an end event). A first line in the last message overrides it:
`#fake {"words": 40, "rate": 100, "delay_s": 0.5, "fail_after": 10}`.
"""

from collections.abc import Generator

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.network.allowed_addresses import Reach
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import (
    AnswerIncomplete,
    CallCancelled,
    ProviderKeyRejected,
    ProviderServerError,
)
from core.providers.schemas import Connection, ListedModel, ModelCall

LABEL = "Fake answer:"
WORDS = tuple(
    "the quick answer depends on the order in which each request was made by a client".split()  # noqa: SIM905  prose
)
CONTEXT_WINDOW = 32_000


class FakeScript(BaseModel):
    """How the fake provider answers. Bounded, because everyone who may call models may set it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    words: int | None = Field(default=None, ge=0, le=200_000)
    rate: float = Field(default=0.0, ge=0, le=100_000)
    delay_s: float = Field(default=0.0, ge=0, le=600)
    fail_after: int | None = None
    refuses: bool = False
    ends: bool = True


SCRIPTS = {
    "echo": FakeScript(),
    "steady": FakeScript(words=200, rate=20.0, delay_s=0.3),
    "slow": FakeScript(words=40, rate=20.0, delay_s=3.0),
    "failing": FakeScript(words=40, rate=20.0, fail_after=5),
    "refusing": FakeScript(refuses=True),
    "cut": FakeScript(words=5, ends=False),
}


def connect(_connection: Connection, _reach: Reach, _timeout: httpx2.Timeout) -> "Fake":
    return Fake()


class Fake:
    """Answers according to scripts."""

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        prompt = call.messages[-1].content if call.messages else ""
        script, prompt = _script(call.model, prompt)
        if script.refuses:
            raise ProviderKeyRejected("Provider message: this is the fake that refuses.")
        if cancel_token.wait(script.delay_s):
            raise CallCancelled
        words = _words(script, prompt, call.system_prompt)
        for number, word in enumerate(words):
            if number == script.fail_after:
                raise ProviderServerError("Provider message: this is the fake that fails.")
            yield TextChunk(word if number == 0 else f" {word}")
            if script.rate and cancel_token.wait(1 / script.rate):
                raise CallCancelled
        yield UsageChunk(Usage(input=_word_count(call), output=len(words)))
        if not script.ends:
            raise AnswerIncomplete
        yield EndChunk("stop")

    def list_models(self) -> list[ListedModel]:
        return [ListedModel(name, CONTEXT_WINDOW) for name in SCRIPTS]

    def close(self) -> None: ...


def _script(model: str, prompt: str) -> tuple[FakeScript, str]:
    script = SCRIPTS.get(model, SCRIPTS["echo"])
    first_line, _, rest = prompt.partition("\n")
    if not first_line.startswith("#fake "):
        return script, prompt
    try:
        overrides = FakeScript.model_validate_json(first_line.removeprefix("#fake "))
    except ValidationError:
        return script, prompt
    return script.model_copy(update=overrides.model_dump(exclude_unset=True)), rest


def _words(script: FakeScript, prompt: str, system_prompt: str | None) -> list[str]:
    if script.words is not None:
        return [LABEL, *(WORDS[number % len(WORDS)] for number in range(script.words))]
    suffix = f"(prompt: {' '.join((system_prompt or 'none').split()[:8])})"
    # Split at single spaces only, so that the answer keeps the lines and the Markdown of the
    # prompt.
    return [LABEL, *prompt.split(" "), suffix]


def _word_count(call: ModelCall) -> int:
    texts = [call.system_prompt or "", *(message.content for message in call.messages)]
    return sum(len(text.split()) for text in texts)
