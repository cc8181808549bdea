"""One call to a model, from its first token to its outcome."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from core.database.db import transaction
from core.database.tables import storable
from core.errors import Failure, ProviderFailed, Unavailable
from core.executions import fallback, tool_rounds
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import CallOutcome, ExecutionError, ExecutionStatus, PendingExecution
from core.providers import gateway, prices
from core.providers.chunks import Chunk, TextChunk, Usage
from core.providers.errors import CallCancelled, CallFailed
from core.providers.queries import token_prices
from core.providers.queries.token_prices import Rate
from core.providers.schemas import ChatMessage, ModelCall, Route
from core.quotas.service import reservations
from core.quotas.worst_case import worst_case


def make(execution: PendingExecution, buffer: AnswerBuffer) -> CallOutcome | None:
    """Stream the answer into the buffer; return the outcome, or None when cancelled."""
    started_at = time.monotonic()
    error: ExecutionError | None = None
    calls = _ModelCalls(execution, buffer)
    try:
        tool_rounds.run(execution, buffer, calls.stream)
    except CallCancelled:
        return None
    except Failure as failure:
        error = _error(failure)
    usage = calls.usage
    return CallOutcome(
        status=ExecutionStatus.FAILED if error else ExecutionStatus.COMPLETED,
        response=buffer.text,
        tool_executions=tuple(buffer.tools),
        usage=usage,
        cost=calls.cost,
        fallback=calls.fallback,
        first_token_ms=_ms(started_at, calls.first_token_at) if calls.first_token_at else None,
        execution_time_ms=_ms(started_at, time.monotonic()),
        finish_reason=storable(buffer.finish_reason or "")[:100] or None,
        error=error,
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
        self.cost = prices.UNPRICED

    def stream(self, messages: tuple[ChatMessage, ...]) -> str:
        """Stream the answer to these messages into the buffer, and return its text."""
        call = replace(self._execution.call, messages=messages, model=self._route.model.name)
        if self._is_begun:  # a tool that must be called has been
            call = replace(call, tool_choice=None)
        if self._is_begun:  # the first round was reserved when the execution was stored
            self._reserve(call)
        self._is_begun = True
        start, is_first_text = self._buffer.length, True
        self._buffer.usage = None
        try:
            for chunk in self._chunks(call):
                if isinstance(chunk, TextChunk) and is_first_text:
                    is_first_text = False
                    start = self._begin_text(start)
                self._buffer.add(chunk)
        finally:
            output_chars = self._buffer.length - start
            self._count(self._buffer.usage or _estimated_usage(call, output_chars))
        return self._buffer.since(start).text

    def _chunks(self, call: ModelCall) -> Iterator[Chunk]:
        """Yield an answer's chunks: of the fallback model when the first one fails before it has
        said anything.
        """
        cancel_token = self._buffer.cancel_token
        try:
            yield from gateway.stream(self._route, call, cancel_token)
        except CallFailed as failure:
            is_silent = not self._buffer.length and not self._buffer.tools and not self.fallback
            self.fallback = (is_silent and fallback.take_over(self._execution, failure)) or None
            if self.fallback is None:
                raise
            self._route = self.fallback
            self._rate = _find_rate(self._route, self._execution.created_at)
            call = replace(call, model=self._route.model.name)
            yield from gateway.stream(self._route, call, cancel_token)

    def _reserve(self, call: ModelCall) -> None:
        """Reserve what a further round may use, of the same periods as the first."""
        execution, at = self._execution, self._execution.created_at
        if execution.quotas:
            with transaction() as session:
                most = worst_case(session, self._route, call, at)
                reservations.reserve(session, execution.id, execution.quotas, most, at=at, calls=0)

    def _begin_text(self, start: int) -> int:
        """Separate the texts of two rounds, and return where this one begins."""
        self.first_token_at = self.first_token_at or time.monotonic()
        if start:
            self._buffer.add(TextChunk("\n\n"))
        return self._buffer.length

    def _count(self, usage: Usage | None) -> None:
        if usage is None:
            return
        cost = token_prices.cost_of(self._route, usage, self._rate)
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
    reason = (
        str(failure.facts.get("reason", failure.code))
        if isinstance(failure, ProviderFailed)
        else failure.code
    )
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
