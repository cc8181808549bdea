"""Map the tool, retrieval and agent spans of a trace to steps of its requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.ai_metrics.otlp import dialects, span_messages
from core.ai_metrics.otlp.contents import Exchange
from core.ai_metrics.otlp.dialects import StepKind, first, step_kind_of, word
from core.ai_metrics.otlp.outcomes import duration_ms, error_of, milliseconds, moment
from core.ai_metrics.otlp.spans import Span
from core.ai_metrics.schemas import MOST_STEPS, NewRequest

Step = dict[str, Any]


@dataclass
class MappedSpan:
    """The request and messages made from a span."""

    span: Span
    request: NewRequest
    exchange: Exchange | None


@dataclass
class WaitingStep:
    """A tool or retrieval step whose request is not in its export, and its possible parents."""

    span: Span
    kind: StepKind
    lineage: list[str]  # ids of spans above it, the nearest first

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return moment(self.span.start_ns)


def ancestors(span: Span, by_id: dict[str, Span]) -> list[Span]:
    """Return the spans above one, the nearest first, as far as they are in the export."""
    found: list[Span] = []
    # Senders choose parents: these may form a circle
    while (
        (parent := by_id.get(span.parent_id)) is not None
        and len(found) < MOST_STEPS
        and parent is not span
    ):
        found.append(parent)
        span = parent
    return found


def join(
    others: list[Span], by_id: dict[str, Span], taken: dict[str, MappedSpan]
) -> tuple[list[WaitingStep], list[Span]]:
    """Add steps to their requests; return those still waiting, and unrelated spans."""
    steps = [(span, kind) for span in others if (kind := step_kind_of(span)) is not None]
    dropped = (
        [span for span in others if step_kind_of(span) is None] if len(steps) < len(others) else []
    )
    waiting: list[WaitingStep] = []
    for span, kind in sorted(steps, key=lambda step: (step[0].start_ns, step[0].span_id)):
        above = ancestors(span, by_id)
        if (host := _host(span, kind, above, taken, by_id)) is not None:
            add_step(
                host.request,
                own_step(span, kind),
                milliseconds(span.start_ns - host.span.start_ns),
                call_of(span, kind),
            )
        elif kind is not StepKind.AGENT and span.parent_id:
            waiting.append(
                WaitingStep(
                    span, kind, [each.parent_id for each in (span, *above) if each.parent_id]
                )
            )
        else:
            dropped.append(span)
    return waiting, dropped


def _host(
    span: Span,
    kind: StepKind,
    above: list[Span],
    taken: dict[str, MappedSpan],
    by_id: dict[str, Span],
) -> MappedSpan | None:
    """Return the request above a step; of one that has none above, the latest that began before it.

    Where its request may stand in another export, because what is above it does, none.
    """
    if not taken:
        return None
    found = next((taken[parent.span_id] for parent in above if parent.span_id in taken), None)
    if found is not None or kind is StepKind.AGENT:
        return found
    earliest_first = sorted(taken.values(), key=lambda each: each.span.start_ns)
    before = [each for each in earliest_first if each.span.start_ns <= span.start_ns]
    missing = _missing_above(span, above)
    if not missing:
        return _asking(span, before) or (before[-1] if before else earliest_first[0])
    # What requests hang below, too, is an agent or the like; anything else may itself be the
    # request.
    is_beside = any(
        missing == _missing_above(each.span, ancestors(each.span, by_id)) for each in earliest_first
    )
    return before[-1] if before and is_beside else None


def _asking(span: Span, before: list[MappedSpan]) -> MappedSpan | None:
    """Return the latest request with a call of this tool that no span has matched yet."""
    call = call_of(span, StepKind.TOOL) if step_kind_of(span) is StepKind.TOOL else None
    if call is None:
        return None
    return next(
        (
            each
            for each in reversed(before)
            if _place_of(each.request.tool_calls or [], call) is not None
        ),
        None,
    )


def _missing_above(span: Span, above: list[Span]) -> str:
    """Return the id of the nearest ancestor missing from the export, or an empty text."""
    return (above[-1] if above else span).parent_id


class Stepped(Protocol):
    """Anything with steps and tool calls: an incoming or a stored request."""

    steps: list[dict[str, Any]] | None
    tool_calls: list[dict[str, Any]] | None


def add_step(host: Stepped, own: Step, start_ms: int, call: Step | None) -> None:
    """Add a step to a request, and the call of a tool that it was."""
    step = {
        name: value for name, value in (own | {"start_ms": start_ms}).items() if value is not None
    }
    host.steps = [*(host.steps or []), step][:MOST_STEPS]
    if call is not None:
        host.tool_calls = _with_call(host.tool_calls or [], call)


def own_step(span: Span, kind: StepKind) -> Step:
    """Return a step without its start, which only its request can tell."""
    names = {
        StepKind.TOOL: dialects.TOOL_NAME,
        StepKind.AGENT: dialects.AGENT_NAME,
        StepKind.RETRIEVAL: dialects.SOURCE_NAME,
    }
    return {
        "kind": kind.value,
        "name": word(span.attributes, names[kind]) or span.name[: dialects.LONGEST_NAME],
        "start_ms": None,
        "duration_ms": duration_ms(span),
        "error": error_of(span)[0],
    }


def call_of(span: Span, kind: StepKind) -> Step | None:
    """Return the call that a tool's span records."""
    if kind is not StepKind.TOOL:
        return None
    step = own_step(span, kind)
    told = {
        "id": word(span.attributes, dialects.TOOL_CALL),
        "arguments": span_messages.parsed(first(span.attributes, dialects.TOOL_ARGUMENTS)),
        "result": span_messages.parsed(first(span.attributes, dialects.TOOL_RESULT)),
    }
    told |= {name: step[name] for name in ("name", "duration_ms", "error")}
    return {name: value for name, value in told.items() if value is not None}


def _with_call(calls: list[dict[str, Any]], made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the calls with one replaced by the call that was made."""
    place = _place_of(calls, made)
    if place is None:
        return [*calls, made][:MOST_STEPS]
    return [*calls[:place], {**calls[place], **made}, *calls[place + 1 :]]


def _place_of(calls: list[dict[str, Any]], made: dict[str, Any]) -> int | None:
    """Return the index of the call that the model requested, or None."""
    asked = [number for number, call in enumerate(calls) if "duration_ms" not in call]
    # The surest sign first: a model may call one tool several times
    for is_same in (_has_same_id, _has_same_arguments, _has_same_name):
        for number in asked:
            if is_same(calls[number], made):
                return number
    return None


def _has_same_id(asked: dict[str, Any], made: dict[str, Any]) -> bool:
    return "id" in asked and asked["id"] == made.get("id")


def _has_same_arguments(asked: dict[str, Any], made: dict[str, Any]) -> bool:
    """Compare arguments, because span names can differ from the model's function names."""
    return (
        _may_be_same(asked, made)
        and bool(asked.get("arguments"))
        and asked["arguments"] == made.get("arguments")
    )


def _has_same_name(asked: dict[str, Any], made: dict[str, Any]) -> bool:
    return _may_be_same(asked, made) and asked.get("name") == made["name"]


def _may_be_same(asked: dict[str, Any], made: dict[str, Any]) -> bool:
    # Two IDs that are known and differ name two calls
    return not ("id" in asked and "id" in made)
