"""Which parameters each model accepts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any, get_args

from core.providers.errors import ParameterNotSupported
from core.providers.images import jpegs_of
from core.providers.schemas import (
    Capabilities,
    Connection,
    ModelCall,
    ModelView,
    ParameterName,
    ParameterRange,
    Parameters,
    PromptCacheTtl,
    ProviderKind,
    ReasoningEffort,
)
from core.providers.structured_output import StructuredOutput

P = ParameterName
DEFAULT_RANGES = {
    P.TEMPERATURE: ParameterRange(minimum=0, maximum=2, default=0.2),
    P.MAX_TOKENS: ParameterRange(minimum=1, maximum=32_000, default=512),
    P.TOP_P: ParameterRange(minimum=0, maximum=1, default=1),
    P.FREQUENCY_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.PRESENCE_PENALTY: ParameterRange(minimum=-2, maximum=2, default=0),
    P.STOP_SEQUENCES: ParameterRange(),
    P.SEED: ParameterRange(minimum=0),
    P.THINKING_BUDGET: ParameterRange(minimum=1024, maximum=32_000),
}
CLASSIC = tuple(name for name in DEFAULT_RANGES if name is not P.THINKING_BUDGET)
EFFORTS = get_args(ReasoningEffort)
# Defaults of the packaged model. Asked for the capital of France 60 times, it was right 53 times at
# a temperature of 0.2, 58 times at 0.1 and always at 0.05. At such a low temperature it repeats
# itself: of 22 answers 5 did endlessly without a frequency penalty, none at 0.6; at 1.0 it avoids
# words that it needs.
LOCAL_DEFAULTS = {P.TEMPERATURE: 0.05, P.FREQUENCY_PENALTY: 0.6}
FAKES_WITHOUT_TOOLS = {
    "plain": StructuredOutput.NONE,
    "constrained": StructuredOutput.CONSTRAINED,
}
# OpenAI's reasoning models accept neither sampling parameters nor stop sequences.
REASONING_MODELS = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d))(?!.*chat)")
# The reasoning efforts of OpenAI's models: those of the first expression that matches.
OPENAI_EFFORTS = (
    (re.compile(r"o1-(?:mini|preview)"), ()),
    (re.compile(r"o\d"), ("low", "medium", "high")),
    (re.compile(r"gpt-5-pro"), ("high",)),
    (re.compile(r"gpt-5(?!\.)"), ("minimal", "low", "medium", "high")),
    (re.compile(r"gpt-5\.1(?!\d)"), ("none", "low", "medium", "high")),
    (re.compile(r"gpt-5\.[2-5](?!\d)"), ("none", "low", "medium", "high", "xhigh")),
    (re.compile(r""), ("none", "low", "medium", "high", "xhigh", "max")),
)
OPENAI_CACHE_TTLS = (
    (re.compile(r"gpt-(?:4\.1|5(?!\.)|5\.[1-5](?!\d))(?!.*chat)"), ("24h",)),
    (re.compile(r"gpt-(?:[5-9]|\d\d)(?!.*chat)"), ("30m",)),
    (re.compile(r""), ()),
)
OPENAI_WITHOUT_SCHEMAS = re.compile(
    r"gpt-3|gpt-4(?![o.\d])|gpt-4o-2024-05-13|chatgpt|o1-(?:mini|preview)"
)
# Anthropic's models from 4.7 on have no sampling parameters.
ANTHROPIC_SAMPLING_MODELS = re.compile(
    r"claude-(?:[123]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8})?$)"
)
# These take one of the two sampling parameters only.
ANTHROPIC_ONE_SAMPLING = re.compile(r"claude-(?:opus|sonnet|haiku)-4-[1-6]")
# Later models decide themselves how long they think; 4.6 still takes a budget, deprecated.
ANTHROPIC_BUDGET_MODELS = re.compile(
    r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8})?$)"
)
ANTHROPIC_EFFORTS = (
    (re.compile(r"claude-opus-4-5"), ("low", "medium", "high")),
    (re.compile(r"claude-(?:opus|sonnet)-4-6"), ("low", "medium", "high", "max")),
    (ANTHROPIC_SAMPLING_MODELS, ()),
    (re.compile(r""), ("low", "medium", "high", "xhigh", "max")),
)
ANTHROPIC_CACHE_TTLS = ("5m", "1h")
ANTHROPIC_WITHOUT_SCHEMAS = re.compile(
    r"claude-(?:[123]|instant|(?:opus|sonnet|haiku)-4(?:-[01])?(?:-\d{8})?$)"
)
OPENAI_WITHOUT_IMAGES = re.compile(
    r"gpt-3|gpt-4(?![o.\d]|-turbo(?!-preview))|o1-(?:mini|preview)|o3-mini"
)
ANTHROPIC_WITHOUT_IMAGES = re.compile(r"claude-(?:[12]|instant)")
# Models that OpenAI lists besides its chat models.
NOT_CHAT_MODELS = re.compile(
    r"audio|realtime|transcribe|tts|whisper|image|dall-e|sora|embedding|moderation|instruct|davinci|babbage|search|computer-use"
    r"|deep-research|codex|-live|^ft:|^ada|^curie"
)


def of_model(connection: Connection, name: str, context_window: int | None) -> Capabilities:
    """Return the parameters and features that a model supports."""
    match connection.kind:
        case ProviderKind.LOCAL:
            return _of_local(context_window)
        case ProviderKind.FAKE:
            return _of_fake(name)
        case ProviderKind.ANTHROPIC:
            return _of_anthropic(name)
        case ProviderKind.OPENAI if connection.is_vendor:
            return _of_openai(name)
        case ProviderKind.OPENAI:
            return _capabilities(
                *CLASSIC,
                tools=True,
                embeddings=True,
                images=True,
                structured_output=StructuredOutput.CONSTRAINED,
                ranges={P.REASONING_EFFORT: {"choices": EFFORTS}},
            )


def with_defaults(own: Parameters, defaults: Parameters, model: ModelView) -> Parameters:
    """Return the parameters of a call with those of the defaults that the model takes beside them:
    defaults were chosen for another model, and a caller cannot unset them.
    """
    merged = own
    for name, value in defaults.set_values().items():
        candidate = Parameters.model_validate({name: value} | merged.set_values())
        if not any(_parameter_problems(model, candidate)):
            merged = candidate
    return merged


def check_supported(model: ModelView, call: ModelCall) -> None:
    """Raise ParameterNotSupported with the fields of unsupported parameters or values."""
    problems = [*_parameter_problems(model, call.parameters), *_feature_problems(model, call)]
    errors = [{"field": field, "message": f"{model.id} {problem}"} for field, problem in problems]
    if errors:
        summary = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise ParameterNotSupported(summary, errors=errors)


def _parameter_problems(model: ModelView, parameters: Parameters) -> Iterator[tuple[str, str]]:
    values = parameters.set_values()
    for name, value in values.items():
        bounds = model.capabilities.parameters.get(ParameterName(name))
        if bounds is None:
            yield f"parameters.{name}", "does not support this parameter."
            continue
        if bounds.choices is not None and value not in bounds.choices:
            yield f"parameters.{name}", f"allows only {', '.join(bounds.choices)}."
        if bounds.maximum is not None and isinstance(value, int | float) and value > bounds.maximum:
            yield f"parameters.{name}", f"allows at most {bounds.maximum:g}."
        for other in bounds.excludes:
            if other in values:
                yield f"parameters.{name}", f"does not support it together with {other}."
    if values.get(P.THINKING_BUDGET, 0) >= values.get(P.MAX_TOKENS, inf):
        yield f"parameters.{P.THINKING_BUDGET}", "requires max_tokens that are more than it."


def _feature_problems(model: ModelView, call: ModelCall) -> Iterator[tuple[str, str]]:
    capabilities = model.capabilities
    if call.tools and not capabilities.calls_tools:
        yield "tools", "does not support tools."
    if call.tools and call.response_schema and not capabilities.tools:
        yield "response_schema", "does not support structured output together with tools."
    if not capabilities.calls_tools and any(message.tool_calls for message in call.messages):
        yield "messages", "does not support tool calls."
    if not capabilities.images and any(map(jpegs_of, call.messages)):
        yield "messages", "does not accept images."
    if call.response_schema and model.capabilities.structured_output is StructuredOutput.NONE:
        yield "response_schema", "does not support structured output."


def is_chat(connection: Connection, name: str) -> bool:
    """Whether a listed model answers conversations; OpenAI also lists other kinds."""
    return (
        connection.kind is not ProviderKind.OPENAI
        or not connection.is_vendor
        or NOT_CHAT_MODELS.search(name) is None
    )


def _of_local(context_window: int | None) -> Capabilities:
    ranges: dict[ParameterName, dict[str, Any]] = {
        name: {"default": value} for name, value in LOCAL_DEFAULTS.items()
    }
    if context_window is not None:
        ranges[P.MAX_TOKENS] = {"maximum": context_window}
    return _capabilities(
        *CLASSIC,
        tools=False,
        embeddings=True,
        structured_output=StructuredOutput.CONSTRAINED,
        ranges=ranges,
    )


def _of_fake(name: str) -> Capabilities:
    if name in FAKES_WITHOUT_TOOLS:
        return _capabilities(
            *CLASSIC, tools=False, structured_output=FAKES_WITHOUT_TOOLS[name], ranges={}
        )
    ranges = {
        P.REASONING_EFFORT: {"choices": EFFORTS},
        P.PROMPT_CACHE_TTL: {"choices": get_args(PromptCacheTtl)},
    }
    return _capabilities(
        *DEFAULT_RANGES,
        tools=True,
        embeddings=True,
        images=True,
        structured_output=StructuredOutput.NATIVE,
        ranges=ranges,
    )


def _of_openai(name: str) -> Capabilities:
    is_reasoning = REASONING_MODELS.match(name) is not None
    ranges = {P.PROMPT_CACHE_TTL: {"choices": _first_match(OPENAI_CACHE_TTLS, name)}}
    if is_reasoning:
        ranges[P.REASONING_EFFORT] = {"choices": _first_match(OPENAI_EFFORTS, name)}
    return _capabilities(
        *((P.MAX_TOKENS, P.SEED) if is_reasoning else CLASSIC),
        tools=True,
        embeddings="embedding" in name,
        images=OPENAI_WITHOUT_IMAGES.match(name) is None,
        structured_output=_native_unless(OPENAI_WITHOUT_SCHEMAS.match(name)),
        ranges=ranges,
    )


def _of_anthropic(name: str) -> Capabilities:
    names = [P.MAX_TOKENS, P.STOP_SEQUENCES]
    ranges: dict[ParameterName, dict[str, Any]] = {
        P.PROMPT_CACHE_TTL: {"choices": ANTHROPIC_CACHE_TTLS},
        P.REASONING_EFFORT: {"choices": _first_match(ANTHROPIC_EFFORTS, name)},
    }
    if ANTHROPIC_SAMPLING_MODELS.match(name):
        names += [P.TEMPERATURE, P.TOP_P]
        ranges[P.TEMPERATURE] = {"maximum": 1}
        if ANTHROPIC_ONE_SAMPLING.match(name):
            ranges[P.TOP_P] = {"excludes": (P.TEMPERATURE,)}
    if ANTHROPIC_BUDGET_MODELS.match(name):
        ranges[P.THINKING_BUDGET] = {"excludes": (P.TEMPERATURE, P.TOP_P)}
    return _capabilities(
        *names,
        tools=True,
        images=ANTHROPIC_WITHOUT_IMAGES.match(name) is None,
        structured_output=_native_unless(ANTHROPIC_WITHOUT_SCHEMAS.match(name)),
        ranges=ranges,
    )


def _first_match(
    families: Iterable[tuple[re.Pattern[str], tuple[str, ...]]], name: str
) -> tuple[str, ...]:
    return next(choices for pattern, choices in families if pattern.match(name))


def _native_unless(is_without: object) -> StructuredOutput:
    return StructuredOutput.NONE if is_without else StructuredOutput.NATIVE


def _capabilities(
    *names: ParameterName,
    tools: bool,
    structured_output: StructuredOutput,
    ranges: Mapping[ParameterName, Mapping[str, Any]],
    embeddings: bool = False,
    images: bool = False,
) -> Capabilities:
    """Return capabilities with the default bounds, replaced where `ranges` has others.

    Parameters without any choices are left out.
    """
    defaults = {name: range_.model_dump() for name, range_ in DEFAULT_RANGES.items()}
    bounds = {
        name: ParameterRange.model_validate(defaults.get(name, {}) | dict(ranges.get(name, {})))
        for name in P
        if name in names or name in ranges
    }
    return Capabilities(
        tools=tools,
        embeddings=embeddings,
        images=images,
        structured_output=structured_output,
        parameters={name: range_ for name, range_ in bounds.items() if range_.choices != ()},
    )
