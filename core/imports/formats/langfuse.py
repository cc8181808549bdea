"""Langfuse's exports: observations and traces, as its tables, its API and its blob storage write them (CSV, JSON, JSONL).

Observations: `id, traceId, parentObservationId, type (GENERATION, EMBEDDING, SPAN, TOOL, ...), name, model, startTime, endTime,
completionStartTime, level, statusMessage, input, output, usageDetails {input, output, total}, costDetails {total}, userId,
sessionId`; blob storage has the same in snake case, `provided_model_name` for the model and `total_cost` (langfuse.com/docs,
"Blob storage export field reference"; BatchExportTracesRow in langfuse/langfuse). Older ones have `promptTokens` and
`calculatedTotalCost`. Latencies are in seconds, and are taken from the times where both are there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from core.ai_metrics.otlp import outcomes
from core.ai_metrics.otlp.spans import SPAN_ID, TRACE_ID, Span
from core.imports.cells import values
from core.imports.containers.records import Record
from core.imports.formats import langfuse_usage
from core.imports.formats.spans import HeldSpans, hex_id, nanoseconds, written
from core.imports.mapping import Mapping
from core.imports.parsed import Parsed, RowKind
from core.imports.recognition import names
from core.imports.rows import RecordRefused

Object = dict[str, Any]
TOOL_PREFIX = re.compile(r"^(?:execute[_ ]tool|tool[-_ ]?call|tool|function)[:./ -]+\s*(?=\S)", re.IGNORECASE)
KINDS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
STEPS = {"TOOL": "TOOL", "RETRIEVER": "RETRIEVER", "AGENT": "AGENT"}
OBSERVATION_WORDS = {
    *("completion_start_time", "usage_details", "cost_details", "parent_observation_id", "provided_model_name"),
    *("calculated_total_cost", "model_parameters", "prompt_tokens", "time_to_first_token", "trace_name", "status_message"),
}
TRACE_WORDS = {
    *(
        "bookmarked",
        "html_path",
        "observation_count",
        "observations",
        "public",
        "scores",
        "tags",
        "session_id",
        "release",
        "level",
    ),
    *("input_cost", "total_cost", "latency", "user_id", "external_id"),
}
RESOURCE = {"version": "service.version", "release": "service.version", "environment": "deployment.environment.name"}


def is_observation(record: Object) -> bool:
    """Whether a record is an observation."""
    found = {names.plain(name) for name in record}
    return {"trace_id", "start_time", "type"} <= found and len(found & OBSERVATION_WORDS) >= 2


def is_trace(record: Object) -> bool:
    """Whether a record is a trace."""
    found = {names.plain(name) for name in record}
    if isinstance(record.get("trace"), dict) and isinstance(record.get("observations"), list):
        return True
    return {"id", "timestamp", "name", "input", "output"} <= found and len(found & TRACE_WORDS) >= 4


def has_observations(trace: Object) -> bool:
    """Whether a trace holds its observations, and not only their ids or their number."""
    nested = trace.get("observations")
    return isinstance(nested, list) and any(isinstance(each, dict) for each in nested)


def observations(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield requests and conversations: calls of models are requests, and tools, retrievals and agents below them their steps."""
    held = HeldSpans()
    for position, line, record, wrong in records:
        try:
            if wrong is not None:
                raise RecordRefused(wrong)
            held.add(_spans_of(record, held, mapping), position, line)
        except ValueError as error:
            yield from held.rows()
            yield Parsed(position, line, RowKind.AI_REQUESTS, None, str(error))
        if held.is_full:
            yield from held.rows()
    yield from held.rows()


def _spans_of(record: Object, held: HeldSpans, mapping: Mapping) -> list[Span]:
    """Return the spans of an observation, or of a trace with its observations."""
    if not isinstance(record.get("observations"), list):
        return [_span(_plain(record), held, mapping)]
    trace = _plain(record["trace"] if isinstance(record.get("trace"), dict) else record)
    about: Object = {name: trace[name] for name in ("user_id", "session_id", "release", "environment") if name in trace}
    about |= {"trace_id": trace["id"]} if "id" in trace else {}
    return [_span({**about, **_plain(each)}, held, mapping) for each in record["observations"] if isinstance(each, dict)]


def _plain(record: Object) -> Object:
    """Return an observation in snake case, with what is nested one level below."""
    found: Object = {}
    for name, value in record.items():
        plain = names.plain(name)
        given = written(value) if plain not in ("input", "output") else value
        if isinstance(given, dict) and plain in ("usage", "usage_details", "cost_details"):
            found |= {f"{plain}.{names.plain(key)}": inner for key, inner in given.items()}
        elif not values.is_nothing(given):
            found.setdefault(plain, given)
    return found


def _span(given: Object, held: HeldSpans, mapping: Mapping) -> Span:
    zone = mapping.zone or "UTC"
    if "id" not in given or "start_time" not in given:
        raise RecordRefused("an observation needs an ID and a start time")
    trace_id = hex_id(given.get("trace_id") or given["id"], TRACE_ID)
    span_id = hex_id(given["id"], SPAN_ID)
    # A request is found again in Langfuse by the id that it has there.
    held.names[trace_id + span_id] = values.text(given["id"], 128)
    start = nanoseconds(given["start_time"], zone)
    return Span(
        trace_id,
        span_id,
        hex_id(given["parent_observation_id"], SPAN_ID) if "parent_observation_id" in given else "",
        values.text(given.get("name") or ""),
        start,
        _end(given, start, zone),
        _attributes(given, start, zone),
        [],
        values.text(given.get("level") or "").upper() == "ERROR",
        values.text(given.get("status_message") or ""),
        {name: values.text(given[path]) for path, name in RESOURCE.items() if path in given},
    )


def _end(given: Object, start: int, zone: str) -> int:
    if "end_time" in given:
        return nanoseconds(given["end_time"], zone)
    return start + round(values.number(given["latency"]) * 1_000_000_000) if "latency" in given else 0


def _attributes(given: Object, start: int, zone: str) -> Object:
    kind = values.text(given.get("type") or "").upper()
    found: Object = {"langfuse.type": kind} if kind else {}
    if kind in KINDS or (kind not in STEPS and ("model" in given or "provided_model_name" in given)):
        found["gen_ai.operation.name"] = KINDS.get(kind, "chat")
    elif kind in STEPS:
        found["openinference.span.kind"] = STEPS[kind]
    # A tool's texts are its arguments and its result, and no messages of the conversation.
    found |= _called(given) if kind == "TOOL" else _said(given)
    found |= langfuse_usage.attributes(given)
    if "completion_start_time" in given:
        found["gen_ai.response.time_to_first_chunk"] = (nanoseconds(given["completion_start_time"], zone) - start) / 1e9
    elif "time_to_first_token" in given:
        found["gen_ai.response.time_to_first_chunk"] = values.number(given["time_to_first_token"])
    found |= {name: values.text(given[path]) for name, path in NAMED.items() if path in given}
    found |= {f"langfuse.{name}": values.plain(given[name]) for name in KEPT if name in given}
    if any(name in found for name in ("gen_ai.input.messages", "gen_ai.output.messages", "input.value")):
        # Texts without a session are a conversation of their trace.
        found.setdefault("session.id", values.text(given.get("trace_id") or given["id"], 128))
    return found


NAMED = {
    "user.id": "user_id",
    "session.id": "session_id",
    "gen_ai.request.model": "provided_model_name",
    "gen_ai.response.model": "model",
    "tool.name": "name",
}
KEPT = ("metadata", "tags", "model_parameters", "prompt_name", "prompt_version", "trace_name", "trace_id", "unit")


def _called(given: Object) -> Object:
    """Return what a tool was called with, what it answered, and the id by which a model asked for it."""
    asked, answered = (_written_object(given.get(name)) for name in ("input", "output"))
    is_call = "args" in asked or "arguments" in asked  # LangChain hands its tools the model's call
    arguments = asked.get("args", asked.get("arguments")) if is_call else given.get("input")
    found = {
        "gen_ai.tool.name": TOOL_PREFIX.sub("", values.text(given.get("name") or asked.get("name") or "")),
        "gen_ai.tool.call.arguments": values.plain(written(arguments)),
        "gen_ai.tool.call.result": values.plain(written(given.get("output"))),
    }
    about = _written_object(given.get("metadata"))
    ids = (asked.get("id") if is_call else None, *(each.get("tool_call_id") for each in (answered, asked, about)))
    found["gen_ai.tool.call.id"] = next((values.text(each, 500) for each in ids if not values.is_nothing(each)), None)
    return {name: value for name, value in found.items() if not values.is_nothing(value)}


def _written_object(given: Any) -> Object:  # noqa: ANN401  any JSON
    found = written(given)
    return found if isinstance(found, dict) else {}


def _said(given: Object) -> Object:
    """Return what was asked and answered, as the attributes that hold messages."""
    found: Object = {}
    for name, role, attribute in (("input", "user", "gen_ai.input.messages"), ("output", "assistant", "gen_ai.output.messages")):
        if (told := _messages(given.get(name), role)) is not None:
            found[attribute] = told
    return found


def _messages(given: Any, role: str) -> Any:  # noqa: ANN401  any JSON
    """Return messages with roles; an object that is none is its only text, or JSON."""
    found = written(given)
    match found:
        case _ if values.is_nothing(found):
            return None
        case dict() | list() if all(map(values.is_nothing, found.values() if isinstance(found, dict) else found)):
            return None
        case {"messages": [*messages]} if _are_objects(messages):
            return messages
        case {"choices": [*choices]} if _are_objects(choices) and _are_objects(each.get("message", each) for each in choices):
            return [each.get("message", each) for each in choices]
        case {"role": _} | {"content": _} | {"parts": _}:
            return [{"role": role, **found}]
        case dict() if len(found) == 1 and isinstance(only := next(iter(found.values())), str):
            return [{"role": role, "content": only}]
        case [*messages] if all(isinstance(each, dict) and ("role" in each or "content" in each) for each in messages):
            return messages
        case _:
            return [{"role": role, "content": values.text(found)}]


def _are_objects(found: Iterable[Any]) -> bool:
    return all(isinstance(each, dict) for each in found)


# Traces


def traces(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield a conversation a trace, the same one for traces of one session; traces with their observations become requests."""
    held = HeldSpans()
    for position, line, record, wrong in records:
        try:
            if wrong is not None:
                raise RecordRefused(wrong)
            if has_observations(record):
                held.add(_spans_of(record, held, mapping), position, line)
                yield from held.rows()
            else:
                yield Parsed(position, line, RowKind.CONVERSATIONS, _conversation(_plain(record), mapping))
        except ValueError as error:
            yield Parsed(position, line, RowKind.CONVERSATIONS, None, str(error))


def _conversation(given: Object, mapping: Mapping) -> Object:
    zone = mapping.zone or "UTC"
    begin = nanoseconds(given.get("timestamp") or given.get("start_time"), zone)
    latency = round(values.number(given["latency"]) * 1_000_000_000) if "latency" in given else 0
    trace = values.text(given["id"], 100)
    messages: list[Object] = []
    for name, role, at in (("input", "user", begin), ("output", "assistant", begin + latency)):
        for said in _messages(given.get(name), role) or []:
            message = {"id": f"{trace}-{len(messages)}", "role": _role(said, role), "content": _content(said)}
            messages.append({**message, "created_at": _iso(at), "position": len(messages)})
    if not messages:
        raise RecordRefused("this trace has neither an input nor an output")
    row: Object = {"id": values.text(given.get("session_id") or trace, 128), "created_at": _iso(begin), "messages": messages}
    fields = {"user_id": "user_id", "title": "name", "environment": "environment", "release": "release"}
    row |= {name: values.text(given[path], 200) for name, path in fields.items() if path in given}
    context = {name: values.plain(given[name]) for name in ("metadata", "tags", "total_cost", "version") if name in given}
    return row | ({"context": context} if context else {})


def _role(said: Object, otherwise: str) -> str:
    found = values.text(said.get("role") or otherwise).lower()
    return {"human": "user", "ai": "assistant", "model": "assistant", "developer": "system", "function": "tool"}.get(
        found, found if found in ("user", "assistant", "system", "tool") else otherwise
    )


def _content(said: Object) -> str:
    content = said.get("content", said.get("parts"))
    if isinstance(content, list):
        return "\n".join(
            values.text(part.get("text") or part.get("content") or "") if isinstance(part, dict) else values.text(part)
            for part in content
        )
    return values.text(content) if content is not None else ""


def _iso(at_ns: int) -> str:
    return outcomes.moment(at_ns).isoformat()
