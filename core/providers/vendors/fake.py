"""The fake provider: deterministic answers, with delays and faults on request.

For tests, the demo and load runs; offered only with ATTUNE_FAKE_PROVIDER, and always labelled as fake. The model's name is the
script: `echo`, `steady` (200 words, 20 a second), `slow` (3 s of silence first), `failing` (breaks after five words), `refusing`
(a bad key), `cut` (ends without an end mark). A first line `#fake {"words": 40, "rate": 100, "delay_s": 0.5, "fail_after": 10}`
in the last message overrides it.
"""

from collections.abc import Generator

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.network import outbound
from core.network.cancellation import Cutter
from core.providers.chunks import Chunk, EndChunk, TextChunk, Usage, UsageChunk
from core.providers.errors import Cut, Incomplete, KeyRefused, ServerBroke
from core.providers.schemas import Connection, KnownModel, ModelCall

LABEL = "Fake answer:"
WORDS = tuple("the quick answer depends on the order in which each request was made by a client".split())  # noqa: SIM905  prose
CONTEXT_WINDOW = 32_000


class FakeScript(BaseModel):
    """What happens. Bounded: whoever may ask a model may order one."""

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


def connect(_connection: Connection, _reach: outbound.Reach, _timeout: httpx2.Timeout) -> "Fake":
    """Return the provider."""
    return Fake()


class Fake:
    """Plays scripts."""

    def stream(self, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
        """Yield what the script says."""
        asked = call.messages[-1].content if call.messages else ""
        script, asked = _script(call.model, asked)
        if script.refuses:
            raise KeyRefused("Provider message: this is the fake that refuses.")
        if cutter.wait(script.delay_s):
            raise Cut
        words = _words(script, asked, call.system_prompt)
        for number, word in enumerate(words):
            if number == script.fail_after:
                raise ServerBroke("Provider message: this is the fake that fails.")
            yield TextChunk(word if number == 0 else f" {word}")
            if script.rate and cutter.wait(1 / script.rate):
                raise Cut
        yield UsageChunk(Usage(input=_count(call), output=len(words)))
        if not script.ends:
            raise Incomplete
        yield EndChunk("stop")

    def list_models(self) -> list[KnownModel]:
        """Return the scripts."""
        return [KnownModel(name, CONTEXT_WINDOW) for name in SCRIPTS]

    def close(self) -> None:
        """There is nothing to close."""


def _script(model: str, asked: str) -> tuple[FakeScript, str]:
    script = SCRIPTS.get(model, SCRIPTS["echo"])
    first, _, rest = asked.partition("\n")
    if not first.startswith("#fake "):
        return script, asked
    try:
        ordered = FakeScript.model_validate_json(first.removeprefix("#fake "))
    except ValidationError:
        return script, asked
    return script.model_copy(update=ordered.model_dump(exclude_unset=True)), rest


def _words(script: FakeScript, asked: str, system_prompt: str | None) -> list[str]:
    if script.words is not None:
        return [LABEL, *(WORDS[number % len(WORDS)] for number in range(script.words))]
    prompted = f"(prompt: {' '.join((system_prompt or 'none').split()[:8])})"
    # Split at single spaces only: the answer keeps the lines of what was asked, so that it is the same markdown.
    return [LABEL, *asked.split(" "), prompted]


def _count(call: ModelCall) -> int:
    texts = [call.system_prompt or "", *(message.content for message in call.messages)]
    return sum(len(text.split()) for text in texts)
