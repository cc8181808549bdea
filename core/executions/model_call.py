"""One call to a model, from its first token to its outcome."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from core.database.db import transaction
from core.database.tables import storable
from core.errors import Failure, ProviderFailed, Unavailable
from core.executions import fallback, provider_queue
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import (
    CachedAnswer,
    CallOutcome,
    ExecutionError,
    ExecutionStatus,
    PendingExecution,
)
from core.executions.tools import tool_rounds
from core.providers import gateway, packaged_prices
from core.providers.chunks import Chunk, TextChunk, Usage
from core.providers.errors import CallCancelled, CallFailed
from core.providers.queries import token_prices
from core.providers.queries.token_prices import Rate
from core.providers.schemas import ChatMessage, ModelCall, Route
from core.quotas.cost_limits import check_cost
from core.quotas.errors import CostLimitExceeded
from core.quotas.service import reservations
from core.quotas.worst_case import worst_case


def make(execution: PendingExecution, buffer: AnswerBuffer) -> CallOutcome:
    """Stream the answer into the buffer; return the outcome, also of a cancelled call."""
    started_at = time.monotonic()
    if execution.cached is not None:
        return _from_cache(execution.cached, buffer, started_at)
    status, error = ExecutionStatus.COMPLETED, None
    calls = _ModelCalls(execution, buffer)
    try:
        tool_rounds.run(execution, buffer, calls.stream)
    except CallCancelled:
        status = ExecutionStatus.CANCELLED
    except Failure as failure:
        status, error = ExecutionStatus.FAILED, _error(failure)
    return CallOutcome(
        status=status,
        response=buffer.text,
        tool_executions=tuple(buffer.tools),
        usage=calls.usage,
        cost=calls.cost,
        fallback=calls.fallback,
        first_token_ms=_ms(started_at, calls.first_token_at) if calls.first_token_at else None,
        execution_time_ms=_ms(started_at, time.monotonic()),
        finish_reason=storable(buffer.finish_reason or "")[:100] or None,
        error=error,
    )


def _from_cache(cached: CachedAnswer, buffer: AnswerBuffer, started_at: float) -> CallOutcome:
    buffer.add(TextChunk(cached.response))
    time_ms = _ms(started_at, time.monotonic())
    return CallOutcome(
        ExecutionStatus.COMPLETED,
        cached.response,
        usage=Usage(),
        cost=packaged_prices.FREE_OF_CHARGE,
        first_token_ms=time_ms,
        execution_time_ms=time_ms,
        finish_reason=cached.finish_reason,
    )


class _ModelCalls:
    """The calls of the rounds of one execution: their answers, tokens and costs add up."""

    def __init__(self, execution: PendingExecution, buffer: AnswerBuffer) -> None:
        self._execution, self._buffer = execution, buffer
        self._route = execution.route
        self._rate = _find_rate(execution.route, execution.created_at)
        self.fallback: Route | None = None
        self._is_begun = False
        self.first_token_at: float | None = None
        self.usage: Usage | None = None
        self.cost = packaged_prices.UNPRICED
        self._reported_usd = Decimal(0)
        self._unreported: list[ModelCall] = []  # those whose cost is estimated or unknown

    def stream(self, messages: tuple[ChatMessage, ...]) -> str:
        """Stream the answer to these messages into the buffer, and return its text."""
        call = replace(self._execution.call, messages=messages, model=self._route.model.name)
        if self._is_begun:  # a tool that must be called has been, and only one round is reserved
            call = replace(call, tool_choice=None)
            self._reserve(call)
        self._is_begun = True
        start, is_first_text = self._buffer.length, True
        # A round that only calls tools has no text; without its calls it would count as free
        first_tool = len(self._buffer.tools)
        # Else a round whose usage is not reported would count that of the round before
        self._buffer.usage = None
        try:
            for chunk in self._chunks(call):
                if isinstance(chunk, TextChunk) and is_first_text:
                    is_first_text = False
                    start = self._begin_text(start)
                self._buffer.add(chunk)
        finally:
            # Also of a call that fails or is stopped: what it has used until then costs, too
            requested = self._buffer.tools[first_tool:]
            tool_chars = sum(len(each.name) + len(each.arguments) for each in requested)
            self._count(call, self._buffer.length - start + tool_chars)
        return self._buffer.since(start).text

    def _chunks(self, call: ModelCall) -> Iterator[Chunk]:
        """Yield an answer's chunks: of the fallback model when the first one fails before it has
        said anything.
        """
        try:
            yield from self._in_turn(call)
        except CallFailed as failure:
            if self.fallback is not None or self._buffer.length or self._buffer.tools:
                raise
            self.fallback = fallback.take_over(self._execution, failure)
            if self.fallback is None:
                raise
            self._route = self.fallback
            self._rate = _find_rate(self._route, self._execution.created_at)
            call = replace(call, model=self._route.model.name)
            yield from self._in_turn(call)

    def _in_turn(self, call: ModelCall) -> Iterator[Chunk]:
        with provider_queue.turn(self._execution.id, self._route, self._buffer):
            yield from gateway.stream(self._route, call, self._buffer.cancel_token)

    def _reserve(self, call: ModelCall) -> None:
        """Reserve what a further round may use, of the same periods as the first; raise
        CostLimitExceeded or QuotaExceeded.
        """
        execution, at = self._execution, self._execution.created_at
        limit = execution.new_execution.cost_limit_usd
        if not execution.quotas and limit is None:
            return
        with transaction() as session:
            most, *unreported = (
                worst_case(session, self._route, each, at) for each in (call, *self._unreported)
            )
            spent = sum((each.cost or Decimal(0) for each in unreported), self._reported_usd)
            check_cost(limit, most, spent)
            reservations.reserve(session, execution.id, execution.quotas, most, at=at, calls=0)

    def _begin_text(self, start: int) -> int:
        """Separate the texts of two rounds, and return where this one begins."""
        self.first_token_at = self.first_token_at or time.monotonic()
        if start:
            self._buffer.add(TextChunk("\n\n"))
        return self._buffer.length

    def _count(self, call: ModelCall, output_chars: int) -> None:
        reported = self._buffer.usage
        usage = reported or _estimated_usage(call, output_chars)
        if usage is None:
            self._unreported.append(call)
            return
        cost = token_prices.cost_of(self._route, usage, self._rate)
        if reported is None or cost.usd is None:
            self._unreported.append(call)
        else:
            self._reported_usd += cost.usd
        if self.usage is not None:
            cost = cost.plus(self.cost)
            usage = usage.plus(self.usage)
        self.usage, self.cost = usage, cost


def _find_rate(route: Route, at: datetime) -> Rate | None:
    """Return the rate by the price table, before the call: an outage after it loses no cost."""
    with suppress(Unavailable):
        return token_prices.find_for(route, at)
    return None


def _error(failure: Failure) -> ExecutionError:
    has_reason = isinstance(failure, (ProviderFailed, CostLimitExceeded))
    reason = str(failure.facts.get("reason", failure.code)) if has_reason else failure.code
    return ExecutionError(code=failure.code, reason=reason, detail=storable(failure.detail))


def _estimated_usage(call: ModelCall, output_chars: int) -> Usage | None:
    """Return estimated tokens when the provider reports none: one per four characters."""
    input_chars = len(call.system_prompt or "") + sum(
        message.size_chars for message in call.messages
    )
    return (
        Usage(input=-(-input_chars // 4), output=-(-output_chars // 4), is_estimated=True)
        if output_chars
        else None
    )


def _ms(start: float, end: float) -> int:
    return round((end - start) * 1000)
