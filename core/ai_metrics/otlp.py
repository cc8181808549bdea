"""Spans become AI requests: each call of a model one, and the tools, retrievals and agents below it its steps.

What belongs together is looked for within one export. A tool that hangs beside the model's call, below the same agent, joins the
latest call before it. A tool whose call came in another export is dropped: it stands with the call as what the model asked for.
What was counted once never changes after: an export that is sent again changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core import clock
from core.ai_metrics import contents, dialects
from core.ai_metrics.contents import Exchange
from core.ai_metrics.dialects import StepKind, first, number, operation_of, step_kind_of, word
from core.ai_metrics.schemas import MOST_STEPS, NewRequest, RequestStatus
from core.ai_metrics.spans import Attributes, Span
from core.intake import EARLIEST, FUTURE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_ID = 128
LONGEST_TEXT = 1_000_000
MOST_MS = 2**31 - 1
MOST_USD = 100_000
UNKNOWN = "unknown"
OTHER_ERROR = "_OTHER"  # what OpenTelemetry calls an error that says nothing of itself
FIRST_TOKEN = "First Token Stream Event"  # noqa: S105  an event of OpenInference


@dataclass
class Taken:
    """What a span became: a request, and what was said in it."""

    span: Span
    request: NewRequest
    exchange: Exchange | None


@dataclass
class Mapped:
    """What became of the spans of an export."""

    taken: list[Taken] = field(default_factory=list)
    dropped: int = 0  # nothing of theirs is kept
    refused: Counter[str] = field(default_factory=Counter)  # how many for which reason


class Refused(Exception):
    """Why a span is not taken."""


def mapped(spans: Iterable[Span]) -> Mapped:
    """Return the requests of an export, oldest first."""
    result, traces = Mapped(), dict[str, list[Span]]()
    for span in spans:
        if span.has_ids:
            traces.setdefault(span.trace_id, []).append(span)
        else:
            result.refused["A trace id has 16 bytes and a span id 8, not all of them zero."] += 1
    latest = clock.now() + FUTURE
    for trace in traces.values():
        _map_trace(trace, latest, result)
    result.taken.sort(key=lambda taken: taken.span.start_ns)
    return result


def _map_trace(trace: list[Span], latest: datetime, result: Mapped) -> None:
    by_id = {span.span_id: span for span in trace}
    taken: dict[str, Taken] = {}
    for span in by_id.values():
        if (operation := operation_of(span)) is not None:
            try:
                taken[span.span_id] = _request(span, operation, _ancestors(span, by_id), latest)
            except Refused as reason:
                result.refused[str(reason)] += 1
    others = [span for span in by_id.values() if operation_of(span) is None]
    result.dropped += len(others) - _join(others, by_id, taken)
    result.taken += taken.values()


def _ancestors(span: Span, by_id: dict[str, Span]) -> list[Span]:
    """Return the spans above one, the nearest first, as far as they are in the export."""
    found: list[Span] = []
    while (parent := by_id.get(span.parent_id)) is not None and len(found) < MOST_STEPS and parent is not span:
        found.append(parent)
        span = parent
    return found


def _request(span: Span, operation: str, ancestors: list[Span], latest: datetime) -> Taken:
    attributes, exchange = span.attributes, contents.exchange_of(span)
    lineage = [attributes, *(ancestor.attributes for ancestor in ancestors)]
    conversation = _id(lineage, dialects.CONVERSATION)
    if conversation is None and exchange is not None:
        conversation = span.trace_id  # whoever names no conversation has one a trace
    error_type, error_message = _error(span)
    request = NewRequest(
        id=span.trace_id + span.span_id,
        created_at=_started(span, latest),
        environment=word(span.resource, dialects.ENVIRONMENT),
        app=word(span.resource, dialects.APP, dialects.LONGEST_WORD),
        release=word(span.resource, dialects.RELEASE, dialects.LONGEST_WORD),
        provider=word(attributes, dialects.PROVIDER),
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
        total_latency_ms=_duration_ms(span),
        tool_calls=_asked_for(exchange),
        finish_reason=_finish(attributes),
        status=RequestStatus.ERROR if error_type else RequestStatus.OK,
        error_type=error_type,
        error_message=error_message,
        cost_usd=_cost(attributes),
        extra=_extra(span),
    )
    return Taken(span, request, exchange)


def _started(span: Span, latest: datetime) -> datetime:
    at = moment(span.start_ns)
    if not EARLIEST <= at <= latest:
        raise Refused("A span starts between the year 2000 and 24 hours from now.")
    return at


def moment(nanoseconds: int) -> datetime:
    """Return a time of a span."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _id(lineage: list[Attributes], names: tuple[str, ...]) -> str | None:
    """Return an id that a span has, or else the nearest above it."""
    for attributes in lineage:
        found = word(attributes, names, longest=LONGEST_ID + 1)
        if found is not None and len(found) > LONGEST_ID:
            raise Refused(f"{names[0]} has at most {LONGEST_ID} characters.")
        if found is not None:
            return found
    return None


def _ordered_model(attributes: Attributes) -> str | None:
    """Return the model that was ordered, where the answer named none."""
    given = contents.parsed(attributes.get("llm.invocation_parameters"))
    return word(given, ("model",)) if isinstance(given, dict) else None


def _milliseconds(nanoseconds: int) -> int:
    return max(-MOST_MS, min((nanoseconds + 500_000) // 1_000_000, MOST_MS))


def _duration_ms(span: Span) -> int | None:
    return _milliseconds(span.end_ns - span.start_ns) if span.end_ns else None


def _first_token_ms(span: Span) -> int | None:
    given = first(span.attributes, dialects.FIRST_TOKEN_S)
    if isinstance(given, int | float) and 0 <= given <= MOST_MS:
        return _milliseconds(int(given * 1_000_000_000))
    seen = next((event.at_ns for event in span.events if event.name == FIRST_TOKEN), 0)
    return _milliseconds(seen - span.start_ns) if seen else None


def _error(span: Span) -> tuple[str | None, str | None]:
    """Return an error's type and words; a span without either has gone well."""
    named = word(span.attributes, dialects.ERROR_TYPE, dialects.LONGEST_WORD)
    if named is None and not span.is_error:
        return None, None
    thrown = next((event.attributes for event in reversed(span.events) if event.name == "exception"), {})
    kind = named or word(thrown, ("exception.type",), dialects.LONGEST_WORD) or OTHER_ERROR
    return kind, (span.status_message or word(thrown, ("exception.message",), LONGEST_TEXT) or "")[:LONGEST_TEXT] or None


def _finish(attributes: Attributes) -> str | None:
    match first(attributes, dialects.FINISH):
        case [*reasons]:
            return ",".join(dict.fromkeys(str(reason) for reason in reasons))[: dialects.LONGEST_WORD] or None
        case str() as reason if reason:
            return reason[: dialects.LONGEST_WORD]
        case _:
            return None


def _cost(attributes: Attributes) -> Decimal | None:
    """Return what the sender says that it cost, in whole or in parts."""
    given = first(attributes, dialects.COST)
    parts = [given] if given is not None else [attributes[name] for name in dialects.PARTS_OF_COST if name in attributes]
    try:
        total = sum((Decimal(str(part)) for part in parts), Decimal(0)) if parts else None
    except InvalidOperation:
        return None
    return total if total is not None and total.is_finite() and 0 <= total <= MOST_USD else None


def _extra(span: Span) -> dict[str, Any]:
    """Return what no column holds and no message."""
    left = {name: value for name, value in span.attributes.items() if name not in dialects.READ and not contents.is_content(name)}
    return {"span_name": span.name, **left} if span.name else left


# Steps


def _join(others: list[Span], by_id: dict[str, Span], taken: dict[str, Taken]) -> int:
    """Give steps to the requests that they belong to; return how many found one."""
    if not taken or not others:
        return 0
    steps = [(span, kind) for span in others if (kind := step_kind_of(span)) is not None]
    joined = 0
    for span, kind in sorted(steps, key=lambda step: (step[0].start_ns, step[0].span_id)):
        if (host := _host(span, kind, by_id, taken)) is not None:
            _add_step(host, span, kind)
            joined += 1
    return joined


def _host(span: Span, kind: StepKind, by_id: dict[str, Span], taken: dict[str, Taken]) -> Taken | None:
    """Return the request above a step; of one that has none above, the latest that began before it."""
    above = next((taken[parent.span_id] for parent in _ancestors(span, by_id) if parent.span_id in taken), None)
    if above is not None or kind is StepKind.AGENT:
        return above
    earliest_first = sorted(taken.values(), key=lambda each: each.span.start_ns)
    before = [each for each in earliest_first if each.span.start_ns <= span.start_ns]
    return before[-1] if before else earliest_first[0]


def _add_step(host: Taken, span: Span, kind: StepKind) -> None:
    request, step = host.request, _step(host.span, span, kind)
    request.steps = [*(request.steps or []), step][:MOST_STEPS]
    if kind is StepKind.TOOL:
        request.tool_calls = _with_call(request.tool_calls or [], _call(span, step))


def _step(host: Span, span: Span, kind: StepKind) -> dict[str, Any]:
    names = {
        StepKind.TOOL: dialects.TOOL_NAME,
        StepKind.AGENT: dialects.AGENT_NAME,
        StepKind.RETRIEVAL: dialects.SOURCE_NAME,
    }
    error_type, _ = _error(span)
    step = {
        "kind": kind.value,
        "name": word(span.attributes, names[kind]) or span.name[: dialects.LONGEST_NAME],
        "start_ms": _milliseconds(span.start_ns - host.start_ns),
        "duration_ms": _duration_ms(span),
        "error": error_type,
    }
    return {name: value for name, value in step.items() if value is not None}


def _call(span: Span, step: dict[str, Any]) -> dict[str, Any]:
    told = {
        "id": word(span.attributes, dialects.TOOL_CALL),
        "arguments": contents.parsed(first(span.attributes, dialects.TOOL_ARGUMENTS)),
        "result": contents.parsed(first(span.attributes, dialects.TOOL_RESULT)),
    }
    told |= {name: step.get(name) for name in ("name", "duration_ms", "error")}
    return {name: value for name, value in told.items() if value is not None}


def _with_call(calls: list[dict[str, Any]], made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the calls with one that was made: it takes the place of what the model asked for."""
    for number_, call in enumerate(calls):
        is_same = call["id"] == made["id"] if "id" in call and "id" in made else call["name"] == made["name"]
        if is_same and "duration_ms" not in call:
            return [*calls[:number_], {**call, **made}, *calls[number_ + 1 :]]
    return [*calls, made][:MOST_STEPS]


def _asked_for(exchange: Exchange | None) -> list[dict[str, Any]] | None:
    calls = [call for said in exchange.answered for call in said.tool_calls] if exchange is not None else []
    return calls[:MOST_STEPS] or None
