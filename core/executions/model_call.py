"""One call to a model, from its first token to its outcome."""

import time
from contextlib import suppress

from core.database.tables import storable
from core.errors import Failure, ProviderFailed, Unavailable
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import CallOutcome, ExecutionError, ExecutionStatus, PendingExecution
from core.providers import gateway, prices
from core.providers.chunks import TextChunk, Usage
from core.providers.errors import CallCancelled
from core.providers.queries import token_prices
from core.providers.queries.token_prices import Rate


def make(execution: PendingExecution, buffer: AnswerBuffer) -> CallOutcome | None:
    """Stream the answer into the buffer; return the outcome, or None when cancelled."""
    started_at, first_token_ms = time.monotonic(), None
    error: ExecutionError | None = None
    rate = _find_rate(execution)
    try:
        for chunk in gateway.stream(execution.route, execution.call, buffer.cancel_token):
            if first_token_ms is None and isinstance(chunk, TextChunk):
                first_token_ms = _ms_since(started_at)
            buffer.add(chunk)
    except CallCancelled:
        return None
    except Failure as failure:
        error = _error(failure)
    usage = buffer.usage or _estimated_usage(execution, buffer.length)
    return CallOutcome(
        status=ExecutionStatus.FAILED if error else ExecutionStatus.COMPLETED,
        response=buffer.text,
        tool_executions=tuple(buffer.tools),
        usage=usage,
        cost=token_prices.cost_of(execution.route, usage, rate) if usage else prices.UNPRICED,
        first_token_ms=first_token_ms,
        execution_time_ms=_ms_since(started_at),
        finish_reason=storable(buffer.finish_reason or "")[:100] or None,
        error=error,
    )


def _find_rate(execution: PendingExecution) -> Rate | None:
    """Return the rate by the price table, before the call: an outage after it loses no cost."""
    with suppress(Unavailable):
        return token_prices.find_for(execution.route, execution.created_at)
    return None


def _error(failure: Failure) -> ExecutionError:
    reason = (
        str(failure.facts.get("reason", failure.code))
        if isinstance(failure, ProviderFailed)
        else failure.code
    )
    return ExecutionError(code=failure.code, reason=reason, detail=storable(failure.detail))


def _estimated_usage(execution: PendingExecution, output_chars: int) -> Usage | None:
    """Return estimated tokens when the provider reports none: one per four characters."""
    input_chars = len(execution.call.system_prompt or "") + sum(
        message.size_chars for message in execution.call.messages
    )
    return (
        Usage(input=-(-input_chars // 4), output=-(-output_chars // 4), is_estimated=True)
        if output_chars
        else None
    )


def _ms_since(started_at: float) -> int:
    return round((time.monotonic() - started_at) * 1000)
