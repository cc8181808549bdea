"""Attributes of spans of Langfuse's SDKs, version 3 and later, in OpenTelemetry's names
(langfuse.com/docs, "OpenTelemetry", property mapping).
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.ai_metrics.otlp.dialects import ENVIRONMENT, RELEASE, first
from core.ai_metrics.otlp.span_messages import as_text, parsed
from core.ai_metrics.otlp.spans import Attributes, Span
from core.platform.clock import EPOCH, MICROSECOND

PREFIX = "langfuse.observation."
KIND = f"{PREFIX}type"
OPERATIONS = {
    "generation": "chat",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "agent": "invoke_agent",
}
PLACE = "langfuse.environment"  # on spans of other libraries, too
RESOURCE = {PLACE: ENVIRONMENT, "langfuse.release": RELEASE}
NO_ENVIRONMENT = "default"  # what the SDKs send where the sender sets none
READ = {
    f"{PREFIX}{name}"
    for name in (
        *("type", "model.name", "input", "output", "usage_details", "cost_details"),
        *("completion_start_time", "level", "status_message"),
    )
}
# Langfuse's own words, and those of OpenAI's SDK that many pass on as they are
TOKENS = {
    "input_tokens": ("input", "prompt_tokens", "input_tokens"),
    "output_tokens": ("output", "completion_tokens", "output_tokens"),
    "total_tokens": ("total", "total_tokens"),
    "cache_read.input_tokens": (
        *("cache_read_input_tokens", "input_cached_tokens", "input_cache_read"),
        *("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"),
    ),
    "cache_creation.input_tokens": ("cache_creation_input_tokens", "input_cache_creation"),
    "reasoning.output_tokens": (
        *("output_reasoning_tokens", "output_reasoning"),
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
    ),
}


def is_sent_by(attributes: Attributes) -> bool:
    """Whether a span has passed through Langfuse's SDK."""
    return KIND in attributes or PLACE in attributes


def rename(span: Span) -> None:
    """Rename the attributes of a span, and complete its resource, which others may share."""
    given = span.attributes
    span.resource = _resource(span)
    if KIND not in given:
        return
    span.attributes = {name: value for name, value in given.items() if name not in READ}
    span.attributes |= _observed(given, span.start_ns)
    span.is_error |= given.get(f"{PREFIX}level") == "ERROR"
    span.status_message = span.status_message or as_text(given.get(f"{PREFIX}status_message"))


def _resource(span: Span) -> Attributes:
    found = {
        names[0]: value
        for name, names in RESOURCE.items()
        if (value := span.attributes.pop(name, None)) not in (None, NO_ENVIRONMENT)
        and first(span.resource, names) is None
    }
    return span.resource | found if found else span.resource


def _observed(given: Attributes, start_ns: int) -> Attributes:
    asked, answered = given.get(f"{PREFIX}input"), given.get(f"{PREFIX}output")
    found = {
        "gen_ai.operation.name": OPERATIONS.get(str(given[KIND])),
        "gen_ai.response.model": given.get(f"{PREFIX}model.name"),
        "gen_ai.response.time_to_first_chunk": _first_token_s(given, start_ns),
        "llm.cost.total": _cost(parsed(given.get(f"{PREFIX}cost_details"))),
        **usage(counts(parsed(given.get(f"{PREFIX}usage_details")))),
    }
    if given[KIND] == "tool":
        found |= {"gen_ai.tool.call.arguments": asked, "gen_ai.tool.call.result": answered}
    else:
        found |= {
            "gen_ai.input.messages": messages_of(parsed(asked), "user"),
            "gen_ai.output.messages": messages_of(parsed(answered), "assistant"),
        }
    return {name: value for name, value in found.items() if value is not None}


def _first_token_s(given: Attributes, start_ns: int) -> float | None:
    try:
        at = datetime.fromisoformat(given[f"{PREFIX}completion_start_time"].strip('"'))
    except (KeyError, ValueError, AttributeError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at - EPOCH) / MICROSECOND / 1e6 - start_ns / 1e9


def _cost(details: Any) -> Any:  # noqa: ANN401  any JSON
    if not isinstance(details, dict):
        return None
    if (total := details.get("total")) is not None:
        return total
    parts = [Decimal(str(part)) for part in details.values() if isinstance(part, int | float)]
    return sum(parts) if parts else None


def counts(details: Any) -> dict[str, int]:  # noqa: ANN401  any JSON
    """Return the counts of `usage_details`; nested ones have the name of their object before
    theirs.
    """
    if not isinstance(details, dict):
        return {}
    flat: Attributes = {}
    for name, value in details.items():
        flat |= (
            {f"{name}.{inner}": told for inner, told in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return {name: told for name, told in flat.items() if type(told) is int and told >= 0}


def usage(details: dict[str, int]) -> Attributes:
    """Return tokens by OpenTelemetry's names."""
    found = {
        f"gen_ai.usage.{name}": next(details[word] for word in words if word in details)
        for name, words in TOKENS.items()
        if not details.keys().isdisjoint(words)
    }
    return found | _separate_tokens(details)


def _separate_tokens(details: dict[str, int]) -> Attributes:
    """Return input and output tokens with the kinds that are listed beside them: cached, audio,
    reasoning.

    Langfuse's kinds exclude each other, and its sums are by the word in their names
    (langfuse.com/docs, "Token and cost tracking"); the total tells where a sender has counted a
    kind in `output` all the same.
    """
    total = details.get("total", 0)
    plain = {word: details.get(word, 0) for word in ("input", "output")}
    beside = {
        word: sum(count for name, count in details.items() if word in name and name != word)
        for word in plain
    }
    if details.keys().isdisjoint(plain) or not any(beside.values()):
        return {}
    if sum(plain.values()) == total > 0:
        return {}
    separate = [word for word in plain if sum(plain.values()) + beside[word] == total] or plain
    return {
        f"gen_ai.usage.{word}_tokens": plain[word] + beside[word]
        for word in separate
        if beside[word]
    }


def messages_of(found: Any, role: str) -> Any:  # noqa: ANN401  any JSON
    """Return messages with roles; an object that is none is its only text, or JSON."""
    match found:
        case None | "":
            return None
        case {"messages": [*messages]} if all(isinstance(each, dict) for each in messages):
            return messages
        case {"choices": [*choices]} if all(isinstance(each, dict) for each in choices) and all(
            isinstance(each.get("message", each), dict) for each in choices
        ):
            return [each.get("message", each) for each in choices]
        case {"role": _} | {"content": _} | {"parts": _}:
            return [{"role": role, **found}]
        case dict() if len(found) == 1 and isinstance(only := next(iter(found.values())), str):
            return [{"role": role, "content": only}]
        case [*messages] if all(
            isinstance(each, dict) and ("role" in each or "content" in each) for each in messages
        ):
            return messages
        case _:
            return [{"role": role, "content": as_text(found)}]
