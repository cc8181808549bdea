"""What each model takes: a parameter is a capability of the model, not of the form."""

import re

from core.providers.schemas import Capabilities, Connection, ParameterName, ParameterRange, ProviderKind

P = ParameterName
BOUNDS = {
    P.TEMPERATURE: ParameterRange(minimum=0, maximum=2),
    P.MAX_TOKENS: ParameterRange(minimum=1, maximum=32_000),
    P.TOP_P: ParameterRange(minimum=0, maximum=1),
    P.FREQUENCY_PENALTY: ParameterRange(minimum=-2, maximum=2),
    P.PRESENCE_PENALTY: ParameterRange(minimum=-2, maximum=2),
    P.STOP_SEQUENCES: ParameterRange(),
    P.SEED: ParameterRange(minimum=0),
}
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
            return _taking(*P, longest=context_window, tools=False)
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
    older = _taking(P.MAX_TOKENS, P.STOP_SEQUENCES, P.TEMPERATURE, P.TOP_P, tools=True)
    up_to_one = older.parameters | {P.TEMPERATURE: ParameterRange(minimum=0, maximum=1)}
    return Capabilities(tools=True, parameters=up_to_one)


def _taking(*names: ParameterName, tools: bool, longest: int | None = None) -> Capabilities:
    parameters = {name: BOUNDS[name] for name in names}
    if longest is not None and P.MAX_TOKENS in parameters:
        parameters[P.MAX_TOKENS] = ParameterRange(minimum=1, maximum=longest)
    return Capabilities(tools=tools, parameters=parameters)
