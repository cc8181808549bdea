"""Spans in files: they go the way that those go which arrive over OTLP, so that the same requests and conversations result.

Forms: exports of OTLP in JSON, one or one a line (OpenTelemetry's file exporter; Tempo calls the list `batches`); Phoenix's
dataframes of spans as CSV, JSON or Parquet, with `context.trace_id`, `span_kind` and a column an attribute, or with `attributes`
nested (Arize-ai/phoenix, get_spans_dataframe); what OpenTelemetry's console exporter prints, which is nearly the same.
"""

import ast
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from core.ai_metrics.otlp import exports as otlp_exports
from core.ai_metrics.otlp import histories
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.dialects import operation_of
from core.ai_metrics.otlp.spans import HEX, SPAN_ID, TRACE_ID, NoSpans, Span, SpanEvent
from core.imports.cells import moments, units, values
from core.imports.cells.moments import EPOCH
from core.imports.containers.paths import leaves
from core.imports.containers.records import Record
from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import Parsed, RowKind
from core.imports.recognition import names
from core.ingest.intake import Row as Item

Object = dict[str, Any]
AT_ONCE = 20_000  # spans that are mapped together: what belongs to one trace is looked for among them
MESSAGES = ("llm.input_messages", "llm.output_messages")
NUMBERS = ("token_count", "cost", "usage")


def exports(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield what the spans of OTLP exports become."""
    del mapping
    held = HeldSpans()
    for position, line, record, wrong in records:
        if wrong is None:
            try:
                held.add(_of_export(record), position, line)
            except NoSpans as error:
                wrong = error.detail
        if wrong is not None:
            yield from held.rows()
            yield Parsed(position, line, RowKind.AI_REQUESTS, None, wrong)
        elif held.is_full:
            yield from held.rows()
    yield from held.rows()


def _of_export(record: Object) -> list[Span]:
    group = record.get("resourceSpans") or record.get("batches") or [record]
    return list(chain.from_iterable(otlp_exports.read_json(msgspec.json.encode(values.plain({"resourceSpans": group}))).parts))


def warning(record: Object) -> tuple[str, ...]:
    """Return what is worth saying of an export, by the first of its spans."""
    try:
        found = _of_export(record)
    except NoSpans:
        return ()
    if any(operation_of(span) is not None for span in found):
        return ()
    return (f"None of the first {len(found):,} spans is a model call: nothing would be imported.",)


class HeldSpans:
    """Spans until they are enough to be mapped."""

    def __init__(self) -> None:
        """Begin without any."""
        self._spans: list[Span] = []
        self._position = 0
        self._line: int | None = None
        self.names: dict[str, str] = {}  # the senders' own ids, by ours

    @property
    def is_full(self) -> bool:
        """Whether there are enough."""
        return len(self._spans) >= AT_ONCE

    def add(self, spans: list[Span], position: int, line: int | None) -> None:
        """Take the spans of a record."""
        self._spans += spans
        self._position, self._line = position, line

    def rows(self) -> Iterator[Parsed]:
        """Yield what the spans become, and forget them."""
        if not self._spans:
            return
        mapped = otlp.mapped(self._spans)
        said = histories.conversations_of(mapped.taken)
        for conversation in said:
            yield Parsed(self._position, self._line, RowKind.CONVERSATIONS, item(conversation))
        for taken in mapped.taken:
            taken.request.id = self.names.get(taken.request.id or "", taken.request.id)
            yield Parsed(self._position, self._line, RowKind.AI_REQUESTS, item(taken.request))
        for reason, times in mapped.refused.items():
            yield Parsed(self._position, self._line, RowKind.AI_REQUESTS, None, f"{times} spans rejected: {reason}")
        self._spans, self.names = [], {}


def item(row: Item) -> Object:
    """Return a row as ingest takes it."""
    found: Object = msgspec.to_builtins(row)
    for message in found.get("messages", ()):
        for name in [name for name, value in message.items() if value is None]:
            del message[name]
    return {name: value for name, value in found.items() if value is not None}


# Phoenix, and OpenTelemetry's console


def is_span(record: Object) -> bool:
    """Whether a record is a span of Phoenix, or one as OpenTelemetry prints it."""
    found = leaves(record)
    return "context.trace_id" in found and "context.span_id" in found and ("start_time" in found or "startTime" in found)


def spans(records: Iterator[Record], mapping: Mapping) -> Iterator[Parsed]:
    """Yield what spans become that stand in a record each."""
    held = HeldSpans()
    for position, line, record, wrong in records:
        if wrong is None:
            try:
                held.add([_span(record, mapping.zone or "UTC")], position, line)
            except ValueError as error:
                wrong = str(error)
        if wrong is not None:
            yield from held.rows()
            yield Parsed(position, line, RowKind.AI_REQUESTS, None, wrong)
        elif held.is_full:
            yield from held.rows()
    yield from held.rows()


def _span(record: Object, zone: str) -> Span:
    found = leaves(record)
    attributes = _attributes(
        {name.removeprefix("attributes."): value for name, value in found.items() if name.startswith("attributes.")}
    )
    if not values.is_nothing(kind := record.get("span_kind")):
        attributes.setdefault("openinference.span.kind", str(kind))
    status = values.text(found.get("status_code") or found.get("status.status_code") or "")
    message = found.get("status_message") or found.get("status.description") or ""
    resource = {
        name.removeprefix("resource.attributes."): value
        for name, value in found.items()
        if name.startswith("resource.attributes.")
    }
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
        resource,
    )


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
    unit = units.time([given]) or ValueUnit.ISO
    at = datetime.fromisoformat(moments.reader(unit, zone=zone, start=None, zero=0)(given)).astimezone(UTC)
    since = at - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def _attributes(given: Object) -> Object:
    """Return attributes with a name each: messages, which dataframes hold as lists, one name a part."""
    found: Object = {}
    for name, value in given.items():
        if values.is_nothing(value):
            continue
        if name in MESSAGES:
            _spread(found, name, written(value))
        elif isinstance(value, str) and any(word in name for word in NUMBERS):
            found[name] = _number(value)
        else:
            found[name] = values.plain(value)
    return found


def _spread(found: Object, name: str, value: Any) -> None:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            _spread(found, f"{name}.{key}", inner)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for place, inner in enumerate(value):
            _spread(found, f"{name}.{place}", inner)
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


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _events(given: Any, zone: str) -> list[SpanEvent]:  # noqa: ANN401  any JSON
    found = written(given)
    if not isinstance(found, list):
        return []
    events = []
    for each in found:
        if isinstance(each, dict):
            at = each.get("timestamp")
            known = {names.plain(name): name for name in each}
            attributes = each.get(known.get("attributes", ""), {})
            events.append(
                SpanEvent(str(each.get("name") or ""), 0 if values.is_nothing(at) else nanoseconds(at, zone), attributes or {})
            )
    return events
