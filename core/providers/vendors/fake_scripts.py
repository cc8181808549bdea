"""Scripts of the fake provider.

The model's name is the script: `echo`, `steady` (200 words, 20 a second), `slow` (3 s before the
first word), `failing` (fails after five words), `refusing` (an invalid key), `cut` (ends without an
end event), `tools` (calls the first tool that it is offered, then echoes the result), `plain`
(echoes, and supports neither tools nor structured output), `constrained` (echoes, and supports no
tools, but structured output). A first line in the last message of the
user overrides it; `then` has the scripts of the rounds after the results of its tool calls:
`#fake {"tool_calls": [{"name": "weather"}], "then": [{"text": "It is sunny.", "rate": 20}]}`.
"""

import json
from hashlib import blake2b
from math import hypot
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.providers import errors
from core.providers.chunks import ToolCallChunk
from core.providers.errors import CallFailed
from core.providers.images import jpegs_of
from core.providers.schemas import ChatMessage, MessageRole, ModelCall
from core.providers.tools.constrained_tools import RESULT

LABEL = "Fake answer:"
WORDS = tuple(
    "the quick answer depends on the order in which each request was made by a client".split()  # noqa: SIM905  prose
)
MAX_TEXT_CHARS = 1_000_000
FAKE_DIMENSIONS = 64
FAULTS: dict[str, type[CallFailed]] = {
    failure.reason: failure
    for failure in (
        errors.ProviderKeyRejected,
        errors.ProviderRateLimited,
        errors.ProviderOutOfCredit,
        errors.ProviderTimedOut,
        errors.ProviderUnreachable,
        errors.RequestRejected,
        errors.ProviderModelMissing,
        errors.ContextTooLong,
        errors.ProviderOverloaded,
        errors.ProviderServerError,
    )
}
FaultName = Literal[
    "auth",
    "rate_limit",
    "quota",
    "timeout",
    "connection",
    "bad_request",
    "not_found",
    "context_length",
    "overloaded",
    "server",
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FakeToolCall(_Strict):
    """A tool call; arguments that are a text are sent as they are, as broken JSON is."""

    name: str = Field(min_length=1, max_length=200)
    arguments: dict[str, Any] | str = Field(default_factory=dict)
    id: str | None = Field(default=None, min_length=1, max_length=200)

    @property
    def arguments_text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


class FakeUsage(_Strict):
    """Token counts to report."""

    input: int = Field(default=0, ge=0, le=1_000_000_000)
    output: int = Field(default=0, ge=0, le=1_000_000_000)
    cached: int = Field(default=0, ge=0, le=1_000_000_000)
    cache_write: int = Field(default=0, ge=0, le=1_000_000_000)
    reasoning: int = Field(default=0, ge=0, le=1_000_000_000)


class FakeScript(_Strict):
    """How the fake provider answers; bounded, because any account with model access sets it."""

    words: int | None = Field(default=None, ge=0, le=200_000)
    text: str | None = Field(default=None, max_length=MAX_TEXT_CHARS)
    json_value: Any = Field(default=None, alias="json")
    tool_calls: tuple[FakeToolCall, ...] = Field(default=(), max_length=100)
    calls_first_tool: bool = False
    usage: FakeUsage | None = None
    finish_reason: str | None = Field(default=None, min_length=1, max_length=100)
    rate: float = Field(default=0.0, ge=0, le=100_000)
    delay_s: float = Field(default=0.0, ge=0, le=600)
    fault: FaultName | None = None
    fail_after: int | None = None
    retry_after_s: int | None = Field(default=None, ge=1, le=86_400)
    ends: bool = True
    vector: tuple[float, ...] | None = Field(default=None, min_length=1, max_length=4096)
    then: tuple[Self, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _has_one_kind_of_text(self) -> Self:
        if sum(it is not None for it in (self.words, self.text, self.json_value)) > 1:
            raise ValueError("a script has words, text or json")
        return self

    def failure(self) -> CallFailed:
        """Return the error that ends the answer after `fail_after` words."""
        name = self.fault or "server"
        verb = "refuses" if name == "auth" else "fails"
        message = f"Provider message: this is the fake that {verb}."
        return FAULTS[name](message, retry_after_s=self.retry_after_s)


SCRIPTS = {
    "echo": FakeScript(),
    "steady": FakeScript(words=200, rate=20.0, delay_s=0.3),
    "slow": FakeScript(words=40, rate=20.0, delay_s=3.0),
    "failing": FakeScript(words=40, rate=20.0, fail_after=5),
    "refusing": FakeScript(fault="auth", fail_after=0),
    "cut": FakeScript(words=5, ends=False),
    "tools": FakeScript(calls_first_tool=True),
    "plain": FakeScript(),
    "constrained": FakeScript(),
}


def script_of(call: ModelCall) -> tuple[FakeScript, str]:
    """Return the script of this round of a call, and the text to echo."""
    round_number, question = _round(call.messages)
    script, prompt = _with_overrides(call.model, question)
    if round_number == 0:
        return script, prompt
    later = script.then[round_number - 1] if round_number <= len(script.then) else FakeScript()
    return later, call.messages[-1].content


def _with_overrides(model: str, text: str) -> tuple[FakeScript, str]:
    """Return the model's script, changed by the first line of a text, and the rest of the text."""
    script = SCRIPTS.get(model, SCRIPTS["echo"])
    first_line, _, rest = text.partition("\n")
    if not first_line.startswith("#fake "):
        return script, text
    try:
        overrides = FakeScript.model_validate_json(first_line.removeprefix("#fake "))
    except ValidationError:
        return script, text
    set_values = {name: getattr(overrides, name) for name in overrides.model_fields_set}
    return script.model_copy(update=set_values), rest


def vector_of(model: str, text: str, dimensions: int | None) -> tuple[float, ...]:
    """Return the vector of a text: scripted, or of length 1 and similar for texts with the same
    words.

    Raises the script's fault.
    """
    script, text = _with_overrides(model, text)
    if script.fault:
        raise script.failure()
    if script.vector is not None:
        return script.vector
    sums = [0.0] * (dimensions or FAKE_DIMENSIONS)
    for word in text.lower().split() or [""]:
        digest = blake2b(word.encode(), digest_size=8).digest()
        sums[int.from_bytes(digest[:4]) % len(sums)] += 1 if digest[4] % 2 else -1
    norm = hypot(*sums)
    return tuple(number / norm for number in sums) if norm else (1.0, *sums[1:])


def _round(messages: tuple[ChatMessage, ...]) -> tuple[int, str]:
    """Return how often tools were called since the last message of the user, and its text."""
    rounds = 0
    for message in reversed(messages):
        is_result = message.content.startswith(RESULT)
        if message.role is MessageRole.USER and not is_result:
            return rounds, message.content
        rounds += bool(message.tool_calls) or is_result
    return rounds, messages[-1].content if messages else ""


def words_of(script: FakeScript, prompt: str, call: ModelCall) -> list[str]:
    """Return the answer, split at single spaces only, so that it keeps its lines."""
    if script.text is not None:
        return script.text.split(" ")
    if script.json_value is not None:
        return json.dumps(script.json_value, ensure_ascii=False).split(" ")
    if script.words is not None:
        return [LABEL, *(WORDS[number % len(WORDS)] for number in range(script.words))]
    if tool_calls_of(script, call):
        return []
    if call.response_schema is not None:
        return json.dumps(example_of(call.response_schema)).split(" ")
    jpegs = [jpeg for message in call.messages[-1:] for jpeg in jpegs_of(message)]
    seen = [f"[image of {len(jpeg):,} bytes]" for jpeg in jpegs]
    suffix = f"(prompt: {' '.join((call.system_prompt or 'none').split()[:8])})"
    return [LABEL, *prompt.split(" "), *seen, suffix]


def tool_calls_of(script: FakeScript, call: ModelCall) -> list[ToolCallChunk]:
    """Return the tool calls of the answer; ids count the calls of the conversation."""
    planned = list(script.tool_calls)
    wanted = call.tools_to_choose or (call.tools if script.calls_first_tool else ())
    if wanted and not planned:
        tool = wanted[0]
        planned.append(FakeToolCall(name=tool.name, arguments=example_of(tool.parameters)))
    if not call.parallel_tool_calls:
        del planned[1:]
    earlier = sum(len(message.tool_calls) for message in call.messages)
    return [
        ToolCallChunk(plan.id or f"call_{number}", plan.name, plan.arguments_text)
        for number, plan in enumerate(planned, earlier + 1)
    ]


def example_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a small object with the types, choices and minima of a JSON Schema; always the same.

    It is empty when the schema is malformed.
    """
    try:
        example = _example(schema, schema, depth=0)
    except (TypeError, ValueError, AttributeError, LookupError):
        return {}
    return example if isinstance(example, dict) else {}


def _example(schema: Any, root: dict[str, Any], depth: int) -> Any:  # noqa: ANN401  any JSON value
    if not isinstance(schema, dict) or depth > 16:
        return None
    if isinstance(ref := schema.get("$ref"), str):
        return _example(_resolved(ref, root), root, depth + 1)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples"):
        if schema.get(name):
            return schema[name][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return _example(schema[name][0], root, depth + 1)
    return _example_of_type(schema, root, depth)


def _example_of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:  # noqa: ANN401  any JSON value
    types = schema.get("type", "object")
    match types[0] if isinstance(types, list) else types:
        case "object":
            members = schema.get("properties", {}).items()
            return {name: _example(member, root, depth + 1) for name, member in members}
        case "array":
            item = _example(schema.get("items", {"type": "null"}), root, depth + 1)
            return [item] * max(1, min(schema.get("minItems", 1), 100))
        case "string":
            return "fake".ljust(min(schema.get("minLength", 0), 1000), ".")
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case _:
            return None


def _resolved(ref: str, root: dict[str, Any]) -> object:
    value: object = root
    for part in ref.removeprefix("#/").split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value
