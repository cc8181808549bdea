"""Model calls that several spans record: each is one request, with what any of them knows.

Anthropic's SDK traces itself, so that whatever else traces a call, as OpenLLMetry or LangChain,
records it a second time, above the SDK's span or beside it.
"""

import re
from collections.abc import Iterable
from functools import partial

from core.ai_metrics.otlp import contents, dialects
from core.ai_metrics.otlp.dialects import first, number, operation_of, word
from core.ai_metrics.otlp.outcomes import error_of
from core.ai_metrics.otlp.spans import Attributes, Span
from core.ai_metrics.otlp.steps import ancestors

RESPONSE_ID = ("gen_ai.response.id",)
# Of OpenInference, which keeps the whole answer, as it came or within LangChain's
ANSWERS_ID = re.compile(r'(?:^\s*\{\s*"id":\s*"|"id":\s*"(?=msg_|chatcmpl-|resp_))([^"]{1,200})"')
MOST_GOING_ON = 20
NO_FIGURES = (None, None)
TOKENS = (
    dialects.INPUT_TOKENS,
    dialects.OUTPUT_TOKENS,
    dialects.CACHED_TOKENS,
    dialects.CACHE_WRITE_TOKENS,
    dialects.REASONING_TOKENS,
)
CONTENT = frozenset().union(
    dialects.INPUT,
    dialects.OUTPUT,
    dialects.PROMPTS,
    dialects.SYSTEM,
    dialects.INPUT_VALUE,
    dialects.OUTPUT_VALUE,
)


def merge(spans: Iterable[Span]) -> set[tuple[str, str]]:
    """Move what several spans tell of one call to the outermost of them, and return the others by
    their trace and span ids.
    """
    with_ids = [span for span in spans if span.has_ids]
    calls = [span for span in with_ids if operation_of(span) is not None]
    outermost_first = sorted(calls, key=lambda call: (call.start_ns, -call.end_ns))
    merged: set[tuple[str, str]] = set()
    for merge_some in (_merge_same_answers, _merge_beside, partial(_merge_nested, with_ids)):
        remaining = [call for call in outermost_first if _name(call) not in merged]
        merged |= merge_some(remaining)
    return merged


def _name(span: Span) -> tuple[str, str]:
    return span.trace_id, span.span_id


def _merge_same_answers(outermost_first: list[Span]) -> set[tuple[str, str]]:
    """Merge calls with one response at one time: a cache gives a response again later, and some
    servers give few ids, which calls of one library then have in common.
    """
    merged: set[tuple[str, str]] = set()
    answered: dict[str, Span] = {}
    for call in outermost_first:
        if (id_ := _response_id(call)) is None:
            continue
        outer = answered.get(id_)
        is_at_one_time = outer is not None and call.start_ns <= outer.end_ns
        if outer is not None and is_at_one_time and call.name != outer.name:
            _add(outer, call)
            merged.add(_name(call))
        else:
            answered[id_] = call
    return merged


def _merge_beside(outermost_first: list[Span]) -> set[tuple[str, str]]:
    """Merge calls within another that names no response, as what fails and LangChain's streams."""
    merged: set[tuple[str, str]] = set()
    going_on: list[Span] = []
    for call in outermost_first:
        outer = next((each for each in going_on if _is_around(each, call)), None)
        if outer is not None:
            going_on.remove(outer)
            _add(outer, call)
            merged.add(_name(call))
        elif _response_id(call) is None:
            # Senders choose times: few are compared
            going_on = [each for each in going_on if each.end_ns >= call.start_ns][-MOST_GOING_ON:]
            going_on.append(call)
    return merged


def _is_around(outer: Span, inner: Span) -> bool:
    is_within = inner.end_ns <= outer.end_ns and outer.span_id != inner.parent_id
    if not is_within or outer.name == inner.name or _is_ok(outer) != _is_ok(inner):
        return False
    if _models(outer).isdisjoint(_models(inner)):
        return False
    if _is_ok(inner):
        return _response_id(inner) is not None and _figures(outer)[1] == _figures(inner)[1]
    # Two calls of one library may fail at one time: only an SDK knows of HTTP
    return any(name.startswith("http.") for name in inner.attributes)


def _models(call: Span) -> set[object]:
    found = (call.attributes.get(name) for name in dialects.MODEL)
    return {model for model in found if isinstance(model, str)}


def _is_ok(call: Span) -> bool:
    return error_of(call)[0] is None


def _response_id(call: Span) -> str | None:
    given = word(call.attributes, RESPONSE_ID)
    answer = call.attributes.get("output.value")
    if given is None and isinstance(answer, str) and (found := ANSWERS_ID.search(answer)):
        return found[1]
    return given


def _merge_nested(spans: list[Span], outermost_first: list[Span]) -> set[tuple[str, str]]:
    """Merge each call with the one below it that it stands for."""
    traces: dict[str, dict[str, Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, {})[span.span_id] = span
    below: dict[tuple[str, str], list[Span]] = {}
    for call in outermost_first:  # by time, for senders choose parents: these may form a circle
        for above in ancestors(call, traces[call.trace_id]):
            if _name(above) in below:
                below[_name(above)].append(call)
                break
        below[_name(call)] = []
    return {
        _name(merged)
        for outer in reversed(outermost_first)
        if (merged := _merged_with(outer, below[_name(outer)])) is not None
    }


def _merged_with(outer: Span, inner: list[Span]) -> Span | None:
    """Merge a call with the last one below it that has the same figures, for others are tries that
    failed; return the span that is none of its own, or None.
    """
    counted = [call for call in inner if _figures(call) != NO_FIGURES]
    if _figures(outer) == NO_FIGURES and len(counted) > 1:
        return outer  # as the Vercel AI SDK, version 7, puts around embeddings
    for call in reversed(inner):
        if _is_same(outer, call):
            _add(outer, call)
            return call
    return None


def _is_same(outer: Span, inner: Span) -> bool:
    if NO_FIGURES == _figures(inner) == _figures(outer):
        return _is_ok(outer) == _is_ok(inner)
    return _figures(outer) in (NO_FIGURES, _figures(inner))


def _figures(call: Span) -> tuple[int | None, int | None]:
    return (
        number(call.attributes, dialects.INPUT_TOKENS),
        number(call.attributes, dialects.OUTPUT_TOKENS),
    )


def _add(outer: Span, inner: Span) -> None:
    """Add to a call what the span next to the provider knows, whose tokens are the surest."""
    known, given = inner.attributes, outer.attributes
    if not _is_ok(outer):
        known = {name: known[name] for name in known if name not in dialects.ERROR_TYPE}
    if _messages(inner) > _messages(outer):
        given, outer.events = _without_messages(given), inner.events
    else:
        known = _without_messages(known)
    if None not in _figures(inner):
        counted = {name for names in TOKENS if first(known, names) is not None for name in names}
        counted.update(dialects.TOTAL_TOKENS)
        given = {name: value for name, value in given.items() if name not in counted}
    outer.attributes = {**known, **given}


def _messages(call: Span) -> int:
    exchange = contents.exchange_of(call)
    return len(exchange.asked) + len(exchange.answered) if exchange is not None else 0


def _without_messages(attributes: Attributes) -> Attributes:
    return {
        name: value
        for name, value in attributes.items()
        if name not in CONTENT and not contents.is_content(name)
    }
