"""Which parameters each model accepts."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from core.providers.errors import ParameterNotSupported
from core.providers.schemas import (
    Capabilities,
    Connection,
    ModelCall,
    ModelView,
    ParameterName,
    ParameterRange,
    ProviderKind,
)

P = ParameterName
DEFAULT_RANGES = {
    P.TEMPERATURE: ParameterRange(minimum=0, maximum=2, default=0.2),
    P.MAX_TOKENS: ParameterRange(minimum=1, maximum=32_000, default=512),
    P.TOP_P: ParameterRange(minimum=0, maximum=1, default=1),
    P.FREQUENCY_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.PRESENCE_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.STOP_SEQUENCES: ParameterRange(),
    P.SEED: ParameterRange(minimum=0),
}
# Defaults of the packaged model. Asked for the capital of France 60 times, it was right 53 times at
# a temperature of 0.2, 58 times at 0.1 and always at 0.05. At such a low temperature it repeats
# itself: of 22 answers 5 did endlessly without a frequency penalty, none at 0.6; at 1.0 it avoids
# words that it needs.
LOCAL_DEFAULTS = {P.TEMPERATURE: 0.05, P.FREQUENCY_PENALTY: 0.6}
# OpenAI's reasoning models accept neither sampling parameters nor stop sequences.
REASONING_MODELS = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d))(?!.*chat)")
# Anthropic's models from 4.7 on have no sampling parameters.
ANTHROPIC_SAMPLING_MODELS = re.compile(
    r"claude-(?:[123]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8})?$)"
)
# Models that OpenAI lists besides its chat models.
NOT_CHAT_MODELS = re.compile(
    r"audio|realtime|transcribe|tts|whisper|image|dall-e|sora|embedding|moderation|instruct|davinci|babbage|search|computer-use"
    r"|deep-research|codex|-live|^ft:|^ada|^curie"
)


def of_model(connection: Connection, name: str, context_window: int | None) -> Capabilities:
    """Return the parameters and features that a model supports."""
    match connection.kind:
        case ProviderKind.LOCAL:
            token_range = {"maximum": context_window} if context_window is not None else {}
            defaults = {name: {"default": value} for name, value in LOCAL_DEFAULTS.items()}
            return _capabilities(*P, tools=False, ranges={P.MAX_TOKENS: token_range, **defaults})
        case ProviderKind.FAKE:
            return _capabilities(*P, tools=False)
        case ProviderKind.ANTHROPIC:
            return _of_anthropic(name)
        case ProviderKind.OPENAI:
            is_reasoning = connection.is_vendor and REASONING_MODELS.match(name) is not None
            return (
                _capabilities(P.MAX_TOKENS, P.SEED, tools=True)
                if is_reasoning
                else _capabilities(*P, tools=True)
            )


def check_supported(model: ModelView, call: ModelCall) -> None:
    """Raise ParameterNotSupported with the fields of unsupported parameters or values."""
    errors = []

    def add(field: str, problem: str) -> None:
        errors.append({"field": field, "message": f"{model.id} {problem}"})

    for name, value in call.parameters.set_values().items():
        bounds = model.capabilities.parameters.get(ParameterName(name))
        if bounds is None:
            add(f"parameters.{name}", "does not support this parameter.")
        elif (
            bounds.maximum is not None and isinstance(value, int | float) and value > bounds.maximum
        ):
            add(f"parameters.{name}", f"allows at most {bounds.maximum:g}.")
    if call.tools and not model.capabilities.tools:
        add("tools", "does not support tools.")
    if not model.capabilities.tools and any(message.tool_calls for message in call.messages):
        add("messages", "does not support tool calls.")
    if errors:
        summary = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise ParameterNotSupported(summary, errors=errors)


def is_chat(connection: Connection, name: str) -> bool:
    """Whether a listed model answers conversations; OpenAI also lists other kinds."""
    return (
        connection.kind is not ProviderKind.OPENAI
        or not connection.is_vendor
        or NOT_CHAT_MODELS.search(name) is None
    )


def _of_anthropic(name: str) -> Capabilities:
    if ANTHROPIC_SAMPLING_MODELS.match(name) is None:
        return _capabilities(P.MAX_TOKENS, P.STOP_SEQUENCES, tools=True)
    ranges = {P.TEMPERATURE: {"maximum": 1}}
    return _capabilities(
        P.MAX_TOKENS, P.STOP_SEQUENCES, P.TEMPERATURE, P.TOP_P, tools=True, ranges=ranges
    )


def _capabilities(
    *names: ParameterName,
    tools: bool,
    ranges: Mapping[ParameterName, Mapping[str, float]] = MappingProxyType({}),
) -> Capabilities:
    """Return capabilities with the default bounds, replaced where `ranges` has others."""
    return Capabilities(
        tools=tools,
        parameters={
            name: DEFAULT_RANGES[name].model_copy(update=dict(ranges.get(name, {})))
            for name in names
        },
    )
