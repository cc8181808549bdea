"""Spans in files: they go the way of those that arrive over OTLP, so that the same requests and
conversations result.

Forms: exports of OTLP in JSON, one or one a line (OpenTelemetry's file exporter; Tempo calls the
list `batches`); Phoenix's dataframes of spans as CSV, JSON or Parquet, with `context.trace_id`,
`span_kind` and a column an attribute, or with `attributes` nested (Arize-ai/phoenix,
get_spans_dataframe); what OpenTelemetry's console exporter prints, which is nearly the same.
"""

import ast
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from core.ai_metrics.otlp import exports as otlp_exports
from core.ai_metrics.otlp import histories
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.dialects import operation_of
from core.ai_metrics.otlp.spans import HEX, SPAN_ID, TRACE_ID, NoSpans, Span, SpanEvent
from core.conversations.ingest.windows import has_gaps, without_repeated
from core.imports.cells import timestamps, units, values
from core.imports.containers.files import Record
from core.imports.containers.paths import leaves
from core.imports.ingest.stores import size_of
from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import ParsedRow, RowKind
from core.imports.recognition import names
from core.ingest.rows import Row as Item
from core.platform.clock import EPOCH, MICROSECOND

Object = dict[str, Any]
# Spans that are mapped together, and bytes that their records take: what belongs to one trace or
# session is looked for among them
MOST_SPANS, MOST_BYTES = 20_000, 64 * 1024**2
MESSAGES = ("llm.input_messages", "llm.output_messages")
NUMBERS = ("token_count", "cost", "usage")


def rows_of(
    records: Iterator[Record],
    mapping: Mapping,
    read: Callable[[Object, dict[str, str]], list[Span] | Object],
    *,
    most_bytes: int = MOST_BYTES,
    refused: Counter[str] | None = None,
) -> Iterator[ParsedRow]:
    """Yield what the spans of records become; `read` returns spans, or a conversation that is one
    already.

    It also notes the senders' own ids of requests by those of their spans, and may count spans that
    it leaves out in `refused`, by reason. Raise nothing: a ValueError is the record's error.
    """
    refused = Counter() if refused is None else refused
    held, own_ids = list[Span](), dict[str, str]()
    last: tuple[int, int | None] = (0, None)
    size = 0
    for position, line, record, wrong in records:
        found: list[Span] | Object = []
        if wrong is None:
            try:
                found = read(record, own_ids)
            except ValueError as error:
                wrong = str(error)
        if isinstance(found, list) and wrong is None:
            held += found
            size += size_of(record)[1]
            last = (position, line)
        is_full = len(held) >= MOST_SPANS or size >= most_bytes
        if isinstance(found, dict) or wrong is not None or is_full:
            yield from _mapped(held, own_ids, refused, *last)
            held, own_ids, size = [], {}, 0
            refused.clear()
        if wrong is not None:
            yield ParsedRow(position, line, mapping.kind, None, wrong)
        elif isinstance(found, dict):
            yield ParsedRow(position, line, RowKind.CONVERSATIONS, found)
    yield from _mapped(held, own_ids, refused, *last)


def _mapped(
    spans: list[Span],
    own_ids: dict[str, str],
    refused: Counter[str],
    position: int,
    line: int | None,
) -> Iterator[ParsedRow]:
    if not spans:
        return
    mapped = otlp.mapped(spans)
    conversations, sent = histories.conversations_of(mapped.taken)
    for conversation in conversations:
        if has_gaps(sent[conversation.id], (), is_new=True):
            conversation.messages = without_repeated(conversation.messages, sent[conversation.id])
        yield ParsedRow(position, line, RowKind.CONVERSATIONS, _item(conversation))
    for taken in mapped.taken:
        taken.request.id = own_ids.get(taken.request.id or "", taken.request.id)
        yield ParsedRow(position, line, RowKind.AI_REQUESTS, _item(taken.request))
    for reason, times in (refused + mapped.refused).items():
        yield ParsedRow(
            position, line, RowKind.AI_REQUESTS, None, f"{times} spans rejected: {reason}"
        )


def _item(row: Item) -> Object:
    """Return a row as ingest takes it, without nulls."""
    found: Object = msgspec.to_builtins(row)
    if "messages" in found:
        found["messages"] = [
            {name: each[name] for name in each if each[name] is not None}
            for each in found["messages"]
        ]
    return {name: value for name, value in found.items() if value is not None}


# OTLP


def exports(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    refused = Counter[str]()
    return rows_of(records, mapping, lambda record, _: _of_export(record, refused), refused=refused)


def _of_export(record: Object, refused: Counter[str]) -> list[Span]:
    group = record.get("resourceSpans") or record.get("batches") or [record]
    try:
        export = otlp_exports.read_json(msgspec.json.encode(values.plain({"resourceSpans": group})))
        found = list(chain.from_iterable(export.parts))  # it may be refused while it is read, too
    except NoSpans as error:
        raise ValueError(error.detail) from None
    refused.update(export.refused)
    return found


def warning(record: Object) -> tuple[str, ...]:
    """Return what the import page says of an export whose first spans are not calls of models."""
    try:
        found = _of_export(record, Counter())
    except ValueError:
        return ()
    if any(operation_of(span) is not None for span in found):
        return ()
    return (f"None of the first {len(found):,} spans is a model call: nothing would be imported.",)


# Phoenix, and OpenTelemetry's console


def is_span(record: Object) -> bool:
    """Whether a record is a span of Phoenix, or one as OpenTelemetry prints it."""
    found = leaves(record)
    return (
        "context.trace_id" in found
        and "context.span_id" in found
        and ("start_time" in found or "startTime" in found)
    )


def single_spans(records: Iterator[Record], mapping: Mapping) -> Iterator[ParsedRow]:
    """Yield what spans become that stand in a record each."""
    return rows_of(records, mapping, lambda record, _: [_span(record, mapping.zone or "UTC")])


def _span(record: Object, zone: str) -> Span:
    found = leaves(record)
    if not {"context.trace_id", "context.span_id"} <= found.keys():
        raise ValueError("a span needs a trace ID and a span ID")
    attributes = _attributes(_below("attributes.", found))
    if not values.is_nothing(kind := record.get("span_kind")):
        attributes.setdefault("openinference.span.kind", str(kind))
    status = values.text(found.get("status_code") or found.get("status.status_code") or "")
    message = found.get("status_message") or found.get("status.description") or ""
    return Span(
        hex_id(found["context.trace_id"], TRACE_ID),
        hex_id(found["context.span_id"], SPAN_ID),
        "" if values.is_nothing(record.get("parent_id")) else hex_id(record["parent_id"], SPAN_ID),
        values.text(record.get("name") or ""),
        nanoseconds(record.get("start_time"), zone),
        0 if values.is_nothing(record.get("end_time")) else nanoseconds(record["end_time"], zone),
        attributes,
        _events(record.get("events"), zone),
        status.upper().endswith("ERROR"),
        "" if values.is_nothing(message) else values.text(message),
        _below("resource.attributes.", found),
    )


def _below(prefix: str, found: Object) -> Object:
    return {
        name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)
    }


def hex_id(given: Any, length: int) -> str:  # noqa: ANN401  a cell of any type
    """Return an id as OpenTelemetry has them; another is hashed to one."""
    plain = values.text(given).removeprefix("0x").lower()
    if len(plain) == length and HEX.issuperset(plain):
        return plain
    # The same always, so that parents are found, and a second import counts nothing twice.
    return hashlib.blake2b(values.text(given).encode(), digest_size=length // 2).hexdigest()


def nanoseconds(given: Any, zone: str) -> int:  # noqa: ANN401  a cell of any type
    """Return a time in nanoseconds since 1970, whatever way it is written."""
    if values.is_nothing(given):
        raise ValueError("start_time: missing in this span")
    read = timestamps.reader(
        units.of_times([given]) or ValueUnit.ISO, zone=zone, start=None, zero=0
    )
    since = datetime.fromisoformat(read(given)) - EPOCH
    return since // MICROSECOND * 1_000


def _attributes(given: Object) -> Object:
    """Return attributes with a name each: messages, which dataframes hold as lists, one name a
    part.
    """
    found: Object = {}
    for name, value in given.items():
        if values.is_nothing(value):
            continue
        if name in MESSAGES:
            _spread(found, name, written(value))
        elif isinstance(value, str) and any(word in name for word in NUMBERS):
            number = units.number_of(value)
            found[name] = value if number is None else number
        else:
            found[name] = values.plain(value)
    return found


def _spread(found: Object, name: str, value: Any) -> None:  # noqa: ANN401  any JSON
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            _spread(found, f"{name}.{key}", inner)
    elif not values.is_nothing(value):
        found[name] = values.plain(value)


def written(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return what stands in a cell, JSON or, as pandas writes lists into CSV, Python."""
    found = values.decoded(value)
    if isinstance(found, str) and found[:1] in ("[", "{"):
        try:
            return values.plain(ast.literal_eval(found))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return found
    return found


def _events(given: Any, zone: str) -> list[SpanEvent]:  # noqa: ANN401  any JSON
    found = written(given)
    events = []
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            at = each.get("timestamp")
            plain = {names.plain(name): value for name, value in each.items()}
            at_ns = 0 if values.is_nothing(at) else nanoseconds(at, zone)
            events.append(
                SpanEvent(str(each.get("name") or ""), at_ns, plain.get("attributes") or {})
            )
    return events
