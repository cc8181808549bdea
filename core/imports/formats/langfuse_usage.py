"""Tokens and costs of Langfuse's observations, as the attributes of a span."""

from typing import Any

from core.ai_metrics.otlp import langfuse
from core.imports.cells import values

Object = dict[str, Any]
DETAILS = "usage_details."
COST = "total_cost calculated_total_cost cost_details.total"
# Without `usage_details`, as older exports are
COUNTS = {
    "input_tokens": "usage.input usage.prompt_tokens prompt_tokens input_usage input_tokens",
    "output_tokens": (
        "usage.output usage.completion_tokens completion_tokens output_usage output_tokens"
    ),
    "total_tokens": "usage.total usage.total_tokens total_tokens total_usage",
}


def attributes(given: Object) -> Object:
    """Return the tokens and the cost in USD of an observation in snake case."""
    found: Object = {}
    for name, known in COUNTS.items():
        if (told := _first(given, known)) is not None:
            found[f"gen_ai.usage.{name}"] = _whole(told)
    if (cost := _first(given, COST)) is not None:
        found["llm.cost.total"] = values.money(cost)
    details = {
        name.removeprefix(DETAILS): _whole(told)
        for name, told in given.items()
        if name.startswith(DETAILS)
    }
    return found | langfuse.usage(langfuse.counts(details))


def _first(given: Object, known: str) -> Any:  # noqa: ANN401  any JSON
    return next(
        (given[name] for name in known.split() if not values.is_nothing(given.get(name))), None
    )


def _whole(told: Any) -> int | None:  # noqa: ANN401  any JSON
    try:
        return values.count(told)
    except ValueError:
        return None
