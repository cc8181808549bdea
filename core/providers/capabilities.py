"""Which parameters each model accepts."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from core.providers.schemas import Capabilities, Connection, ParameterName, ParameterRange, ProviderKind

P = ParameterName
BOUNDS = {
    P.TEMPERATURE: ParameterRange(minimum=0, maximum=2, default=0.2),
    P.MAX_TOKENS: ParameterRange(minimum=1, maximum=32_000, default=512),
    P.TOP_P: ParameterRange(minimum=0, maximum=1, default=1),
    P.FREQUENCY_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.PRESENCE_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.STOP_SEQUENCES: ParameterRange(),
    P.SEED: ParameterRange(minimum=0),
}
# What the packaged model does unless told. Asked for the capital of France 60 times, it was right 53 times at a temperature of
# 0.2, 58 times at 0.1 and always at 0.05. So near to its likeliest word it repeats itself: of 22 answers 5 did for ever without
# a penalty, none at 0.6; at 1.0 it begins to avoid the words that it needs.
LOCAL_HABITS = {P.TEMPERATURE: 0.05, P.FREQUENCY_PENALTY: 0.6}
# OpenAI's reasoning models take neither sampling nor stop sequences.
REASONING = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d))(?!.*chat)")
# From 4.7 on, Anthropic's sampling parameters are gone.
ANTHROPIC_SAMPLING = re.compile(r"claude-(?:[123]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8})?$)")
# What OpenAI lists beside its chat models.
NOT_CHAT = re.compile(
    r"audio|realtime|transcribe|tts|whisper|image|dall-e|sora|embedding|moderation|instruct|davinci|babbage|search|computer-use"
    r"|deep-research|codex|-live|^ft:|^ada|^curie"
)


def of_model(connection: Connection, name: str, context_window: int | None) -> Capabilities:
    """Return what a model of a provider takes."""
    match connection.kind:
        case ProviderKind.LOCAL:
            longest = {"maximum": context_window} if context_window is not None else {}
            habits = {name: {"default": value} for name, value in LOCAL_HABITS.items()}
            return _taking(*P, tools=False, ranges={P.MAX_TOKENS: longest, **habits})
        case ProviderKind.FAKE:
            return _taking(*P, tools=False)
        case ProviderKind.ANTHROPIC:
            return _of_anthropic(name)
        case ProviderKind.OPENAI:
            is_reasoning = connection.is_vendor and REASONING.match(name) is not None
            return _taking(P.MAX_TOKENS, P.SEED, tools=True) if is_reasoning else _taking(*P, tools=True)


def is_chat(connection: Connection, name: str) -> bool:
    """Whether a listed model answers conversations. Only OpenAI itself lists everything it has under one address."""
    return connection.kind is not ProviderKind.OPENAI or not connection.is_vendor or NOT_CHAT.search(name) is None


def _of_anthropic(name: str) -> Capabilities:
    if ANTHROPIC_SAMPLING.match(name) is None:
        return _taking(P.MAX_TOKENS, P.STOP_SEQUENCES, tools=True)
    up_to_one = {P.TEMPERATURE: {"maximum": 1}}
    return _taking(P.MAX_TOKENS, P.STOP_SEQUENCES, P.TEMPERATURE, P.TOP_P, tools=True, ranges=up_to_one)


def _taking(
    *names: ParameterName, tools: bool, ranges: Mapping[ParameterName, Mapping[str, float]] = MappingProxyType({})
) -> Capabilities:
    """Return capabilities with the bounds of the house, but for what `ranges` says of a model."""
    return Capabilities(
        tools=tools, parameters={name: BOUNDS[name].model_copy(update=dict(ranges.get(name, {}))) for name in names}
    )
