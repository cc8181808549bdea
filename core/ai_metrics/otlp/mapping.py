"""Map spans to AI requests: each model call is one, the tools, retrievals and agents around it are
its steps.

What belongs together is looked for within one export. A tool that hangs beside the model's call,
below the same agent, joins the latest call before it. A tool whose call may have come in another
export waits for it (late_spans.py). An export that is sent again changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, DecimalException
from typing import Any

from core.ai_metrics.otlp import (
    contents,
    dialects,
    langfuse,
    model_calls,
    outcomes,
    span_messages,
    vercel_ai,
)
from core.ai_metrics.otlp.contents import Exchange
from core.ai_metrics.otlp.dialects import first, number, operation_of, word
from core.ai_metrics.otlp.outcomes import MOST_MS
from core.ai_metrics.otlp.spans import Attributes, Span
from core.ai_metrics.otlp.steps import MappedSpan, WaitingStep, ancestors, join
from core.ai_metrics.schemas import MOST_STEPS, NewRequest, RequestStatus
from core.ingest.rows import EARLIEST, FUTURE, MOST_USD
from core.platform import clock

LONGEST_ID = 128
UNKNOWN = "unknown"
Place = tuple[str | None, str]  # environment, where the sender names one, and app
FIRST_TOKEN = "First Token Stream Event"  # noqa: S105  an event of OpenInference


@dataclass
class Mapped:
    """The rows made from the spans of an export."""

    taken: list[MappedSpan] = field(default_factory=list)
    # Their request may stand in another export
    waiting: list[WaitingStep] = field(default_factory=list)
    dropped: Counter[Place] = field(default_factory=Counter)  # nothing of theirs is kept
    refused: Counter[str] = field(default_factory=Counter)  # how many for which reason


class SpanRefused(Exception):
    """Why a span is not taken."""


def mapped(spans: Iterable[Span]) -> Mapped:
    """Return the requests of an export, oldest first."""
    result, traces = Mapped(), dict[str, list[Span]]()
    spans = list(spans)
    for span in spans:
        _rename_sdk_attributes(span)
    merged = model_calls.merge(spans)
    for span in spans:
        if span.has_ids:
            traces.setdefault(span.trace_id, []).append(span)
        else:
            result.refused["A trace id has 16 bytes and a span id 8, not all of them zero."] += 1
    latest = clock.now() + FUTURE
    for trace in traces.values():
        _map_trace(trace, merged, latest, result)
    result.taken.sort(key=lambda taken: taken.span.start_ns)
    return result


def _rename_sdk_attributes(span: Span) -> None:
    if vercel_ai.is_sent_by(span.attributes):
        span.attributes = vercel_ai.renamed(span.attributes)
    if langfuse.is_sent_by(span.attributes):  # which spans of the other SDK may pass through
        langfuse.rename(span)


def _map_trace(
    trace: list[Span], merged: set[tuple[str, str]], latest: datetime, result: Mapped
) -> None:
    by_id = {span.span_id: span for span in trace}
    taken: dict[str, MappedSpan] = {}
    others = list[Span]()
    for span in by_id.values():
        if (span.trace_id, span.span_id) in merged:
            continue
        if (operation := operation_of(span)) is None:
            others.append(span)
        else:
            try:
                taken[span.span_id] = _request(span, operation, ancestors(span, by_id), latest)
            except (SpanRefused, ValueError) as reason:
                result.refused[str(reason)] += 1
    if others:
        waiting, dropped = join(others, by_id, taken)
        # Outside of these times no request is taken that a step could join
        result.waiting += [each for each in waiting if EARLIEST <= each.started_at <= latest]
        for span in [
            *dropped,
            *(each.span for each in waiting if not EARLIEST <= each.started_at <= latest),
        ]:
            result.dropped[place_of(span)] += 1
    result.taken += taken.values()


def place_of(span: Span) -> Place:
    """Return where a span is from."""
    resource = span.resource
    return word(resource, dialects.ENVIRONMENT), word(
        resource, dialects.APP, dialects.LONGEST_WORD
    ) or ""


def _request(span: Span, operation: str, above: list[Span], latest: datetime) -> MappedSpan:
    attributes = span.attributes
    exchange = contents.exchange_of(span) if operation != dialects.EMBEDDINGS else None
    lineage = [attributes, *(ancestor.attributes for ancestor in above)]
    conversation = _id(lineage, dialects.CONVERSATION)
    if conversation is None and exchange is not None:
        conversation = span.trace_id  # without one that is named, each trace is one
    error_type, error_message = outcomes.error_of(span)
    request = NewRequest(
        id=span.trace_id + span.span_id,
        created_at=_started(span, latest),
        environment=word(span.resource, dialects.ENVIRONMENT),
        app=word(span.resource, dialects.APP, dialects.LONGEST_WORD),
        release=word(span.resource, dialects.RELEASE, dialects.LONGEST_WORD),
        # OpenLLMetry's is “OpenAI”, OpenTelemetry's “openai”
        provider=(word(attributes, dialects.PROVIDER) or "").lower() or None,
        model=word(attributes, dialects.MODEL) or _ordered_model(attributes) or UNKNOWN,
        operation=operation,
        conversation_id=conversation,
        user_id=_id(lineage, dialects.USER),
        input_tokens=number(attributes, dialects.INPUT_TOKENS),
        output_tokens=number(attributes, dialects.OUTPUT_TOKENS),
        cached_tokens=number(attributes, dialects.CACHED_TOKENS),
        cache_write_tokens=number(attributes, dialects.CACHE_WRITE_TOKENS),
        reasoning_tokens=number(attributes, dialects.REASONING_TOKENS),
        total_tokens=number(attributes, dialects.TOTAL_TOKENS),
        first_token_ms=_first_token_ms(span),
        total_latency_ms=outcomes.duration_ms(span),
        tool_calls=_asked_for(exchange),
        finish_reason=_finish(span),
        status=RequestStatus.ERROR if error_type else RequestStatus.OK,
        error_type=error_type,
        error_message=error_message,
        cost_usd=_cost(attributes),
        prompt_name=word(attributes, dialects.PROMPT_NAME, dialects.LONGEST_REFERENCE),
        prompt_version=word(attributes, dialects.PROMPT_VERSION, dialects.LONGEST_REFERENCE),
        extra=_extra(span),
    )
    if (wrong := request.wrong_environment()) is not None:
        raise SpanRefused(wrong)
    return MappedSpan(span, request, exchange)


def _started(span: Span, latest: datetime) -> datetime:
    at = outcomes.moment(span.start_ns)
    if not EARLIEST <= at <= latest:
        raise SpanRefused("A span starts between the year 2000 and 24 hours from now.")
    return at


def _id(lineage: list[Attributes], names: tuple[str, ...]) -> str | None:
    """Return an id that a span has, or else the nearest above it."""
    for attributes in lineage:
        found = word(attributes, names, longest=LONGEST_ID + 1)
        if found is not None and len(found) > LONGEST_ID:
            raise SpanRefused(f"{names[0]} has at most {LONGEST_ID} characters.")
        if found is not None:
            return found
    return None


def _ordered_model(attributes: Attributes) -> str | None:
    """Return the model that was ordered, where the answer named none."""
    given = span_messages.parsed(attributes.get("llm.invocation_parameters"))
    return word(given, ("model",)) if isinstance(given, dict) else None


def _first_token_ms(span: Span) -> int | None:
    given = first(span.attributes, dialects.FIRST_TOKEN_S)
    if isinstance(given, int | float) and 0 <= given <= MOST_MS:
        return outcomes.milliseconds(int(given * 1_000_000_000))
    if (given := number(span.attributes, dialects.FIRST_TOKEN_MS)) is not None:
        return given
    seen = next((event.at_ns for event in span.events if event.name == FIRST_TOKEN), 0)
    return outcomes.milliseconds(seen - span.start_ns) if seen else None


def _finish(span: Span) -> str | None:
    given = first(span.attributes, dialects.FINISH) or next(
        (found for event in span.events if (found := event.attributes.get("finish_reason"))), None
    )
    match span_messages.parsed(given):
        case [*reasons]:
            return (
                ",".join(dict.fromkeys(str(reason) for reason in reasons))[: dialects.LONGEST_WORD]
                or None
            )
        case str() as reason if reason:
            return reason[: dialects.LONGEST_WORD]
        case _:
            return None


def _cost(attributes: Attributes) -> Decimal | None:
    """Return the cost that the sender reports, in total or by parts."""
    given = first(attributes, dialects.COST)
    parts = (
        [given]
        if given is not None
        else [attributes[name] for name in dialects.PARTS_OF_COST if name in attributes]
    )
    try:
        total = sum((Decimal(str(part)) for part in parts), Decimal(0)) if parts else None
    except DecimalException:  # no number, or one with more digits than are added up
        return None
    return total if total is not None and total.is_finite() and 0 <= total <= MOST_USD else None


def _extra(span: Span) -> dict[str, Any]:
    """Return the attributes that no column and no message holds."""
    left = {name: value for name, value in span.attributes.items() if name not in dialects.READ}
    if any(name.startswith(dialects.SPREAD) for name in left):
        left = {name: value for name, value in left.items() if not contents.is_content(name)}
    return {"span_name": span.name, **left} if span.name else left


def _asked_for(exchange: Exchange | None) -> list[dict[str, Any]] | None:
    calls = (
        [call for said in exchange.answered for call in said.tool_calls]
        if exchange is not None
        else []
    )
    return calls[:MOST_STEPS] or None
