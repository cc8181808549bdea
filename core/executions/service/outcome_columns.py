"""What the outcome of a call says of its use: times, tokens, cost, and the model that answered."""

from typing import Any

from core.executions.schemas import CallOutcome, PendingExecution
from core.providers.packaged_prices import Cost


def usage(execution: PendingExecution, outcome: CallOutcome) -> dict[str, Any]:
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
    if (tokens := outcome.usage) is None:
        return {}
    return {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cached_tokens": tokens.cached,
        "cache_write_tokens": tokens.cache_write,
        "reasoning_tokens": tokens.reasoning,
        "total_tokens": tokens.total,
        "tokens_estimated": tokens.is_estimated,
    }


def _fallback(execution: PendingExecution, outcome: CallOutcome) -> dict[str, Any]:
    if outcome.fallback is None:
        return {}
    model, provider = outcome.fallback.model.id, outcome.fallback.connection.name
    return {"model_id": model, "provider": provider, "fallback_for": execution.route.model.id}
