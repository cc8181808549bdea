"""Spans as received over OTLP/HTTP, protobuf or JSON, in one plain form."""

from base64 import b64decode
from collections.abc import Iterable
from string import hexdigits
from typing import Any

import msgspec
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from core.errors import Invalid

ERROR = 2  # the status code of a span that failed
TRACE_ID, SPAN_ID = 32, 16  # hex digits
HEX = frozenset(hexdigits)
Attributes = dict[str, Any]


class NoSpans(Invalid):
    """The body is no ExportTraceServiceRequest."""


class SpanEvent(msgspec.Struct):
    """Something that happened within a span."""

    name: str
    at_ns: int
    attributes: Attributes


class Span(msgspec.Struct):
    """One span. Ids are hex; of two spans with one resource, `resource` is the same object."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: list[SpanEvent]
    is_error: bool
    status_message: str
    resource: Attributes

    @property
    def has_ids(self) -> bool:
        """Whether both ids are as long as they must be, and not all zeros."""
        return _is_id(self.trace_id, TRACE_ID) and _is_id(self.span_id, SPAN_ID)


def _is_id(given: str, length: int) -> bool:
    return len(given) == length and HEX.issuperset(given) and given.strip("0") != ""


# Protobuf


def resource(body: bytes) -> Attributes:
    """Return the attributes of a resource; raise DecodeError."""
    return _attributes(resource_pb2.Resource.FromString(body).attributes)


def span(body: bytes, resource: Attributes) -> Span:
    """Return a span in protobuf; raise DecodeError."""
    return _span(trace_pb2.Span.FromString(body), resource)


def _span(span: trace_pb2.Span, resource: Attributes) -> Span:
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _clean(span.name),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _attributes(span.attributes),
        [
            SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes))
            for event in span.events
        ],
        span.status.code == ERROR,
        _clean(span.status.message),
        resource,
    )


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    found = {}
    for pair in pairs:  # a quarter of what it costs to read a span: no call but those that it needs
        name, value = pair.key, pair.value
        text = value.string_value
        found[_clean(name) if "\0" in name else name] = (
            text if text and "\0" not in text else _value(value)
        )
    return found


def _value(value: AnyValue) -> Any:  # noqa: ANN401  any JSON
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return _clean(value.string_value)
    if kind == "array_value":
        return [_value(inner) for inner in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return _clean(value.bytes_value.decode(errors="replace"))
    return getattr(value, kind) if kind is not None else None


def _clean(text: str) -> str:
    """Return a text without NUL characters, which Postgres refuses."""
    return text.replace("\0", "") if "\0" in text else text


# JSON: the names are the format's own.


class _JsonArray(msgspec.Struct):
    values: "list[_JsonValue] | None" = None


class _JsonPairs(msgspec.Struct):
    values: "list[_JsonPair] | None" = None


class _JsonValue(msgspec.Struct):
    stringValue: str | None = None  # noqa: N815
    boolValue: bool | None = None  # noqa: N815
    intValue: int | str | None = None  # noqa: N815
    doubleValue: float | str | None = None  # noqa: N815
    arrayValue: _JsonArray | None = None  # noqa: N815
    kvlistValue: _JsonPairs | None = None  # noqa: N815
    bytesValue: str | None = None  # noqa: N815


class _JsonPair(msgspec.Struct):
    key: str = ""
    value: _JsonValue | None = None


class _JsonEvent(msgspec.Struct):
    name: str | None = None
    timeUnixNano: int | str | None = None  # noqa: N815
    attributes: list[_JsonPair] | None = None


class _JsonStatus(msgspec.Struct):
    code: int | str | None = None
    message: str | None = None


class _JsonSpan(msgspec.Struct):
    traceId: str | None = None  # noqa: N815
    spanId: str | None = None  # noqa: N815
    parentSpanId: str | None = None  # noqa: N815
    name: str | None = None
    startTimeUnixNano: int | str | None = None  # noqa: N815
    endTimeUnixNano: int | str | None = None  # noqa: N815
    attributes: list[_JsonPair] | None = None
    events: list[_JsonEvent] | None = None
    status: _JsonStatus | None = None


class _JsonResource(msgspec.Struct):
    attributes: list[_JsonPair] | None = None


_spans = msgspec.json.Decoder(_JsonSpan)
_resources = msgspec.json.Decoder(_JsonResource | None)


def resource_in_json(body: bytes) -> Attributes:
    """Return the attributes of a resource; raise msgspec's errors, RecursionError or ValueError."""
    found = _resources.decode(body)
    return _from_pairs(found.attributes if found else None)


def span_in_json(body: bytes, resource: Attributes) -> Span:
    """Return a span in JSON: ids in hex, integers of 64 bits as text or number; raise the same."""
    return _from_json(_spans.decode(body), resource)


def _from_json(span: _JsonSpan, resource: Attributes) -> Span:
    status = span.status or _JsonStatus()
    return Span(
        (span.traceId or "").lower(),
        (span.spanId or "").lower(),
        (span.parentSpanId or "").lower(),
        _clean(span.name or ""),
        _nanoseconds(span.startTimeUnixNano),
        _nanoseconds(span.endTimeUnixNano),
        _from_pairs(span.attributes),
        [
            SpanEvent(
                event.name or "", _nanoseconds(event.timeUnixNano), _from_pairs(event.attributes)
            )
            for event in span.events or ()
        ],
        status.code in (ERROR, str(ERROR), "STATUS_CODE_ERROR"),
        _clean(status.message or ""),
        resource,
    )


def _nanoseconds(given: int | str | None) -> int:
    """Return a time; one that has no 64 bits is none."""
    found = int(given or 0)
    return found if 0 <= found < 2**64 else 0


def _from_pairs(pairs: list[_JsonPair] | None) -> Attributes:
    return {_clean(pair.key): _from_value(pair.value) for pair in pairs or ()}


def _from_value(value: _JsonValue | None) -> Any:  # noqa: ANN401  any JSON
    if value is None:
        return None
    if value.stringValue is not None:
        return _clean(value.stringValue)
    if value.intValue is not None:
        return int(value.intValue)
    if value.doubleValue is not None:
        return float(value.doubleValue)
    if value.arrayValue is not None:
        return [_from_value(inner) for inner in value.arrayValue.values or ()]
    if value.kvlistValue is not None:
        return _from_pairs(value.kvlistValue.values)
    if value.bytesValue is not None:
        return _clean(b64decode(value.bytesValue).decode(errors="replace"))
    return value.boolValue
