"""What the outcome of a call says of its use: times, tokens, cost, and the model that answered."""

from typing import Any

from core.executions.schemas import CallOutcome, PendingExecution
from core.providers.packaged_prices import Cost


def used(execution: PendingExecution, outcome: CallOutcome) -> dict[str, Any]:
    """Return the columns of what a call used."""
    return {
        "first_token_ms": outcome.first_token_ms,
        "execution_time_ms": outcome.execution_time_ms,
        **cost(outcome.cost),
        **_tokens(outcome),
        **_fallback(execution, outcome),
    }


def cost(found: Cost) -> dict[str, Any]:
    return {"cost_usd": found.usd, "cost_source": found.source, "price_id": found.price_id}


def _tokens(outcome: CallOutcome) -> dict[str, Any]:
    if (usage := outcome.usage) is None:
        return {}
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "reasoning_tokens": usage.reasoning,
        "total_tokens": usage.total,
        "tokens_estimated": usage.is_estimated,
    }


def _fallback(execution: PendingExecution, outcome: CallOutcome) -> dict[str, Any]:
    if outcome.fallback is None:
        return {}
    model, provider = outcome.fallback.model.id, outcome.fallback.connection.name
    return {"model_id": model, "provider": provider, "fallback_for": execution.route.model.id}
