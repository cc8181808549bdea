"""Tokens and costs of Langfuse's observations, as the attributes of a span."""

from typing import Any

from core.imports.cells import values

Object = dict[str, Any]
COST = "total_cost calculated_total_cost cost_details.total"
COUNTS = {
    "input_tokens": (
        "usage_details.input usage.input usage.prompt_tokens prompt_tokens input_usage input_tokens"
    ),
    "output_tokens": (
        "usage_details.output usage.output usage.completion_tokens completion_tokens output_usage "
        "output_tokens"
    ),
    "total_tokens": "usage_details.total usage.total usage.total_tokens total_tokens total_usage",
    "cache_read.input_tokens": (
        "usage_details.cache_read_input_tokens usage_details.input_cached_tokens "
        "usage_details.input_cache_read"
    ),
    "cache_creation.input_tokens": (
        "usage_details.cache_creation_input_tokens usage_details.input_cache_creation"
    ),
    "reasoning.output_tokens": (
        "usage_details.output_reasoning_tokens usage_details.output_reasoning"
    ),
}


def attributes(given: Object) -> Object:
    """Return the tokens and the cost in USD of an observation in snake case."""
    found: Object = {}
    for name, known in COUNTS.items():
        if (told := _first(given, known)) is not None:
            found[f"gen_ai.usage.{name}"] = _whole(told)
    if (cost := _first(given, COST)) is not None:
        found["llm.cost.total"] = values.money(cost)
    return found | _separate_tokens(given)


def _separate_tokens(given: Object) -> Object:
    """Return input and output tokens with the kinds that `usageDetails` lists beside them: cached,
    audio, reasoning.

    Langfuse's kinds exclude each other, and its sums are by the word in their names
    (langfuse.com/docs, "Token and cost tracking"); the total tells where a sender has counted a
    kind in `output` all the same.
    """
    details = {
        name.partition(".")[2]: _whole(told) or 0
        for name, told in given.items()
        if name.startswith("usage_details.")
    }
    total = details.get("total", 0)
    plain = {word: details.get(word, 0) for word in ("input", "output")}
    beside = {
        word: sum(count for name, count in details.items() if word in name and name != word)
        for word in plain
    }
    if not any(beside.values()) or sum(plain.values()) == total > 0:
        return {}
    separate = [word for word in plain if sum(plain.values()) + beside[word] == total] or list(
        plain
    )
    return {
        f"gen_ai.usage.{word}_tokens": plain[word] + beside[word]
        for word in separate
        if beside[word]
    }


def _first(given: Object, known: str) -> Any:  # noqa: ANN401  any JSON
    return next(
        (given[name] for name in known.split() if not values.is_nothing(given.get(name))), None
    )


def _whole(told: Any) -> int | None:  # noqa: ANN401  any JSON
    try:
        return values.count(told)
    except ValueError:
        return None
