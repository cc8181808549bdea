"""Model calls that several spans record: each is one request, with what any of them knows.

Anthropic's SDK traces itself, so that whatever else traces a call, as OpenLLMetry or LangChain,
records it a second time, above the SDK's span or beside it.
"""

import re
from collections.abc import Iterable

from core.ai_metrics.otlp import contents, dialects
from core.ai_metrics.otlp.dialects import first, number, operation_of, word
from core.ai_metrics.otlp.outcomes import error_of
from core.ai_metrics.otlp.spans import Span
from core.ai_metrics.otlp.steps import ancestors

RESPONSE_ID = ("gen_ai.response.id",)
# Of OpenInference, which keeps the whole answer as it came
ANSWERS_ID = re.compile(r'\s*\{\s*"id":\s*"([^"]{1,200})"')
TOKENS = (
    dialects.INPUT_TOKENS,
    dialects.OUTPUT_TOKENS,
    dialects.CACHED_TOKENS,
    dialects.CACHE_WRITE_TOKENS,
    dialects.REASONING_TOKENS,
)
CONTENT = frozenset().union(
    dialects.INPUT, dialects.OUTPUT, dialects.SYSTEM, dialects.INPUT_VALUE, dialects.OUTPUT_VALUE
)


def merge(spans: Iterable[Span]) -> set[tuple[str, str]]:
    """Add what is known of a call to its outermost span; return the names of the other spans."""
    with_ids = [span for span in spans if span.has_ids]
    calls = [span for span in with_ids if operation_of(span) is not None]
    outermost_first = sorted(calls, key=lambda call: (call.start_ns, -call.end_ns))
    merged = _merge_same_answers(outermost_first)
    remaining = [call for call in outermost_first if _name(call) not in merged]
    return merged | _merge_nested(remaining, with_ids)


def wrappers(by_id: dict[str, Span]) -> set[str]:
    """Return the ids of spans that say nothing of the same operation's call below them, as those
    that the Vercel AI SDK, version 7, puts around embeddings.
    """
    called = {
        (span.parent_id, operation)
        for span in by_id.values()
        if span.parent_id in by_id
        and (operation := operation_of(span)) is not None
        and not _is_empty(span)
    }
    return {
        id_
        for id_, operation in called
        if operation_of(by_id[id_]) == operation and _is_empty(by_id[id_])
    }


def _is_empty(span: Span) -> bool:
    return number(span.attributes, dialects.INPUT_TOKENS) is None and (
        operation_of(span) == dialects.EMBEDDINGS or contents.exchange_of(span) is None
    )


def _name(span: Span) -> tuple[str, str]:
    return span.trace_id, span.span_id


def _merge_same_answers(outermost_first: list[Span]) -> set[tuple[str, str]]:
    """Merge calls with one response at one time: a cache gives a response again later."""
    merged: set[tuple[str, str]] = set()
    answered: dict[str, Span] = {}
    for call in outermost_first:
        if (id_ := _response_id(call)) is None:
            continue
        outer = answered.get(id_)
        if outer is not None and call.start_ns <= outer.end_ns and _name(call) != _name(outer):
            _add(outer, call)
            merged.add(_name(call))
        else:
            answered[id_] = call
    return merged


def _response_id(call: Span) -> str | None:
    given = word(call.attributes, RESPONSE_ID)
    answer = call.attributes.get("output.value")
    if given is None and isinstance(answer, str) and (found := ANSWERS_ID.match(answer)):
        return found[1]
    return given


def _merge_nested(outermost_first: list[Span], spans: list[Span]) -> set[tuple[str, str]]:
    """Merge calls with the last call below them that has the same figures: others were tries that
    failed.
    """
    traces: dict[str, dict[str, Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, {})[span.span_id] = span
    calls = {_name(call) for call in outermost_first}
    merged: set[tuple[str, str]] = set()
    complete: set[tuple[str, str]] = set()
    for call in reversed(outermost_first):
        above = ancestors(call, traces[call.trace_id])
        outer = next((each for each in above if _name(each) in calls), None)
        if outer is not None and _name(outer) not in complete and _is_same(outer, call):
            _add(outer, call)
            complete.add(_name(outer))
            merged.add(_name(call))
    return merged


def _is_same(outer: Span, inner: Span) -> bool:
    figures = [_figures(call) for call in (outer, inner)]
    if figures[0] != figures[1] or not outer.start_ns <= inner.start_ns <= outer.end_ns:
        return False
    return figures[0] != (None, None) or all(
        error_of(call) != (None, None) for call in (outer, inner)
    )


def _figures(call: Span) -> tuple[int | None, int | None]:
    return (
        number(call.attributes, dialects.INPUT_TOKENS),
        number(call.attributes, dialects.OUTPUT_TOKENS),
    )


def _add(outer: Span, inner: Span) -> None:
    """Add to a call what the span next to the provider knows, whose tokens are the surest."""
    known, given = inner.attributes, outer.attributes
    if contents.exchange_of(outer) is not None:
        known = {
            name: value
            for name, value in known.items()
            if name not in CONTENT and not contents.is_content(name)
        }
    if None not in _figures(inner):
        counted = {name for names in TOKENS if first(known, names) is not None for name in names}
        counted.update(dialects.TOTAL_TOKENS)
        given = {name: value for name, value in given.items() if name not in counted}
    outer.attributes = {**known, **given}
    outer.events = outer.events or inner.events
