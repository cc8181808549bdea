"""Langfuse's exports: observations and traces, as its tables, its API and its blob storage write
them (CSV, JSON, JSONL).

Observations: `id, traceId, parentObservationId, type (GENERATION, EMBEDDING, SPAN, TOOL, ...),
name, model, startTime, endTime, completionStartTime, level, statusMessage, input, output,
usageDetails {input, output, total}, costDetails {total}, userId, sessionId`; blob storage has the
same in snake case, `provided_model_name` for the model and `total_cost` (langfuse.com/docs, "Blob
storage export field reference"; BatchExportTracesRow in langfuse/langfuse). Older ones have
`promptTokens` and `calculatedTotalCost`. Latencies are in seconds, and are taken from the times
where both are there.
"""

import re
from collections.abc import Iterator
from typing import Any

from core.ai_metrics.otlp import outcomes
from core.ai_metrics.otlp.spans import SPAN_ID, TRACE_ID, Span
from core.imports.cells import values
from core.imports.containers.files import Record
from core.imports.fields import words
from core.imports.formats import langfuse_messages, langfuse_usage, turns
from core.imports.formats.spans import hex_id, nanoseconds, rows_of, written
from core.imports.mapping import Mapping
from core.imports.parsed import ParsedRow
from core.imports.recognition import names
from core.imports.row_makers import RecordRefused

Object = dict[str, Any]
# One class takes all separators: two in a row would share out the spaces of “tool” and a million
# spaces in every way
TOOL_PREFIX = re.compile(
    r"^(?:execute[_ ]tool|tool[-_ ]?call|tool|function)[:./ -][:./\s-]*(?=\S)", re.IGNORECASE
)
# Of traces that are read together: a session spans several, but nothing else leads out of one
MOST_BYTES = 8 * 1024**2
KINDS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
STEPS = {"TOOL": "TOOL", "RETRIEVER": "RETRIEVER", "AGENT": "AGENT"}
OBSERVATION_COLUMNS = set(
    words(
        "completion_start_time usage_details cost_details parent_observation_id "
        "provided_model_name calculated_total_cost model_parameters prompt_tokens "
        "time_to_first_token trace_name status_message"
    )
)
TRACE_COLUMNS = set(
    words(
        "bookmarked html_path observation_count observations public scores tags session_id "
        "release level input_cost total_cost latency user_id external_id"
    )
)
RESOURCE = {
    "version": "service.version",
    "release": "service.version",
    "environment": "deployment.environment.name",
}


def is_observation(record: Object) -> bool:
    found = {names.plain(name) for name in record}
    return {"trace_id", "start_time", "type"} <= found and len(found & OBSERVATION_COLUMNS) >= 2


def is_trace(record: Object) -> bool:
    found = {names.plain(name) for name in record}
    if isinstance(record.get("trace"), dict) and isinstance(record.get("observations"), list):
        return True
    return {"id", "timestamp", "name", "input", "output"} <= found and len(
        found & TRACE_COLUMNS
    ) >= 4


def has_observations(trace: Object) -> bool:
    """Whether a trace holds its observations, and not only their ids or their number."""
    nested = trace.get("observations")
    return isinstance(nested, list) and any(isinstance(each, dict) for each in nested)


def observations(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield requests and conversations: calls of models are requests, and tools, retrievals and
    agents below them their steps.
    """
    return rows_of(records, mapping, lambda record, own_ids: _spans_of(record, own_ids, mapping))


def traces(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield a conversation a trace, the same one for traces of one session; traces with their
    observations become requests.
    """

    def read(record: Object, own_ids: dict[str, str]) -> list[Span] | Object:
        if has_observations(record):
            return _spans_of(record, own_ids, mapping)
        return _conversation(_plain(record), mapping)

    return rows_of(records, mapping, read, most_bytes=MOST_BYTES)


def _spans_of(record: Object, own_ids: dict[str, str], mapping: Mapping) -> list[Span]:
    """Return the spans of an observation, or of a trace with its observations."""
    zone = mapping.zone or "UTC"
    if not isinstance(record.get("observations"), list):
        return [_span(_plain(record), own_ids, zone)]
    trace = _plain(record["trace"] if isinstance(record.get("trace"), dict) else record)
    about: Object = {
        name: trace[name]
        for name in ("user_id", "session_id", "release", "environment")
        if name in trace
    }
    about |= {"trace_id": trace["id"]} if "id" in trace else {}
    return [
        _span({**about, **_plain(each)}, own_ids, zone)
        for each in record["observations"]
        if isinstance(each, dict)
    ]


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


def _span(given: Object, own_ids: dict[str, str], zone: str) -> Span:
    if "id" not in given or "start_time" not in given:
        raise RecordRefused("an observation needs an ID and a start time")
    trace_id = hex_id(given.get("trace_id") or given["id"], TRACE_ID)
    span_id = hex_id(given["id"], SPAN_ID)
    # A request is found again in Langfuse by the id that it has there.
    own_ids[trace_id + span_id] = values.text(given["id"], 128)
    start = nanoseconds(given["start_time"], zone)
    if "end_time" in given:
        end = nanoseconds(given["end_time"], zone)
    else:
        end = _end_ns(start, given) if "latency" in given else 0
    return Span(
        trace_id,
        span_id,
        hex_id(given["parent_observation_id"], SPAN_ID) if "parent_observation_id" in given else "",
        values.text(given.get("name") or ""),
        start,
        end,
        _attributes(given, start, zone),
        [],
        values.text(given.get("level") or "").upper() == "ERROR",
        values.text(given.get("status_message") or ""),
        {name: values.text(given[path]) for path, name in RESOURCE.items() if path in given},
    )


def _end_ns(begin: int, given: Object) -> int:
    seconds = values.number(given.get("latency", 0))
    try:
        end = begin + round(seconds * 1_000_000_000)
        outcomes.moment(end)
    except OverflowError:  # refused here: where spans are mapped, it would fail those beside it
        raise RecordRefused(f"a latency of {seconds:g} seconds leads past all dates") from None
    return end


def _attributes(given: Object, start: int, zone: str) -> Object:
    kind = values.text(given.get("type") or "").upper()
    found: Object = {"langfuse.type": kind} if kind else {}
    if kind in KINDS or (
        kind not in STEPS and ("model" in given or "provided_model_name" in given)
    ):
        found["gen_ai.operation.name"] = KINDS.get(kind, "chat")
    elif kind in STEPS:
        found["openinference.span.kind"] = STEPS[kind]
    # A tool's texts are its arguments and its result, and no messages of the conversation.
    said = {
        name: langfuse_messages.messages_of(given.get(path), role) for name, path, role in TEXTS
    }
    found |= (
        _called(given)
        if kind == "TOOL"
        else {name: messages for name, messages in said.items() if messages}
    )
    found |= langfuse_usage.attributes(given)
    if "completion_start_time" in given:
        found["gen_ai.response.time_to_first_chunk"] = (
            nanoseconds(given["completion_start_time"], zone) - start
        ) / 1e9
    elif "time_to_first_token" in given:
        found["gen_ai.response.time_to_first_chunk"] = values.number(given["time_to_first_token"])
    found |= {name: values.text(given[path]) for name, path in NAMED.items() if path in given}
    found |= {f"langfuse.{name}": values.plain(given[name]) for name in KEPT if name in given}
    if any(
        name in found for name in ("gen_ai.input.messages", "gen_ai.output.messages", "input.value")
    ):
        # Texts without a session are a conversation of their trace.
        found.setdefault("session.id", values.text(given.get("trace_id") or given["id"], 128))
    return found


TEXTS = (
    ("gen_ai.input.messages", "input", "user"),
    ("gen_ai.output.messages", "output", "assistant"),
)
NAMED = {
    "user.id": "user_id",
    "session.id": "session_id",
    "gen_ai.request.model": "provided_model_name",
    "gen_ai.response.model": "model",
    "tool.name": "name",
    "gen_ai.prompt.name": "prompt_name",
    "gen_ai.prompt.version": "prompt_version",
}
KEPT = (
    "metadata",
    "tags",
    "model_parameters",
    "trace_name",
    "trace_id",
    "unit",
)


def _called(given: Object) -> Object:
    """Return what a tool was called with, what it answered, and the id by which a model asked for
    it.
    """
    asked, answered = (_written_object(given.get(name)) for name in ("input", "output"))
    is_call = "args" in asked or "arguments" in asked  # LangChain hands its tools the model's call
    arguments = asked.get("args", asked.get("arguments")) if is_call else given.get("input")
    found = {
        "gen_ai.tool.name": TOOL_PREFIX.sub(
            "", values.text(given.get("name") or asked.get("name") or "")
        ),
        "gen_ai.tool.call.arguments": values.plain(written(arguments)),
        "gen_ai.tool.call.result": values.plain(written(given.get("output"))),
    }
    about = _written_object(given.get("metadata"))
    ids = (
        asked.get("id") if is_call else None,
        *(each.get("tool_call_id") for each in (answered, asked, about)),
    )
    found["gen_ai.tool.call.id"] = next(
        (values.text(each, 500) for each in ids if not values.is_nothing(each)), None
    )
    return {name: value for name, value in found.items() if not values.is_nothing(value)}


def _written_object(given: Any) -> Object:  # noqa: ANN401  any JSON
    found = written(given)
    return found if isinstance(found, dict) else {}


# Traces without observations


def _conversation(given: Object, mapping: Mapping) -> Object:
    zone = mapping.zone or "UTC"
    begin = nanoseconds(given.get("timestamp") or given.get("start_time"), zone)
    if "id" not in given:
        raise RecordRefused("a trace needs an ID")
    trace = values.text(given["id"], 100)
    messages: list[Object] = []
    for name, role, at in (
        ("input", "user", begin),
        ("output", "assistant", _end_ns(begin, given)),
    ):
        for said in langfuse_messages.messages_of(given.get(name), role) or []:
            speaker = turns.ROLES.get(values.word_of(said.get("role") or role), role)
            message = {
                "id": f"{trace}-{len(messages)}",
                "role": speaker,
                "content": langfuse_messages.content_of(said),
                "position": len(messages),
            }
            messages.append({**message, "created_at": outcomes.moment(at).isoformat()})
    if not messages:
        raise RecordRefused("this trace has neither an input nor an output")
    row: Object = {"id": values.text(given.get("session_id") or trace, 128), "messages": messages}
    row["created_at"] = outcomes.moment(begin).isoformat()
    fields = {
        "user_id": "user_id",
        "title": "name",
        "environment": "environment",
        "release": "release",
    }
    row |= {name: values.text(given[path], 200) for name, path in fields.items() if path in given}
    context = {
        name: values.plain(given[name])
        for name in ("metadata", "tags", "total_cost", "version")
        if name in given
    }
    return row | ({"context": context} if context else {})
