"""Read exports of spans in parts: spans are counted in the bytes before any object is created.

An empty span has two bytes, and hundreds as an object. What is of one trace stays together, for it
is looked through as a whole; a trace that is larger than a part is as if it had come in several
exports.
"""

import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec
from google.protobuf.message import DecodeError
from msgspec import Raw

from core.ai_metrics.otlp import spans, wire
from core.ai_metrics.otlp.spans import Attributes, NoSpans, Span
from core.ingest.json_limits import STRING, TooMany, elements, excess

MOST_SPANS = 100_000
MOST_IN_LIST = 20_000  # of JSON
MOST_VALUES = 20_000  # of a span, or of a resource
LONGEST = 2**20  # of a span, or of a resource
PART = 2**20
MOST_BRACES = 10_000  # of a part: messages are JSON within texts, and each becomes a row
DEEPEST_JSON = 256  # a list within a list is three levels of OTLP's JSON
FEW_VALUES = 500  # of a span, or one in 12 bytes: they are not counted exactly
TOO_LARGE = f"A span has at most {LONGEST // 2**20} MiB and {MOST_VALUES:,} values."
NOT_JSON = (msgspec.MsgspecError, RecursionError, ValueError)  # a UnicodeError is a ValueError


class _Packed(NamedTuple):
    """The position of a span's bytes, and its fields that are read without parsing it."""

    at: Any
    size: int
    trace: bytes
    resource: int


@dataclass(frozen=True)
class _Form:
    """The decoder of one encoding; its functions raise the errors in `wrong`."""

    bytes_at: Callable[[Any], bytes]
    is_too_much: Callable[[bytes, int], bool]
    values: Callable[[bytes], int]
    resource: Callable[[bytes], Attributes]
    span: Callable[[bytes, Attributes], Span]
    wrong: tuple[type[Exception], ...]


@dataclass
class Export:
    """The spans of an export, and the numbers of rejected ones by reason."""

    count: int
    parts: Iterator[list[Span]]
    refused: Counter[str] = field(default_factory=Counter)


def read_protobuf(body: bytes, most_values: int = sys.maxsize) -> Export:
    """Read an export in protobuf, and refuse spans after so many values; raise NoSpans."""
    try:
        resources, found = _in_protobuf(body)
    except DecodeError:
        raise NoSpans from None
    bytes_at = partial(_between, body)
    return _export(
        resources,
        found,
        most_values,
        _Form(bytes_at, _is_too_much, _values, spans.resource, spans.span, (DecodeError,)),
    )


def read_json(body: bytes, most_values: int = sys.maxsize) -> Export:
    """Read a JSON export: ids in hex, 64-bit integers as text or number; raise NoSpans."""
    try:
        resources, found = _in_json(body.removeprefix(BOM_UTF8))
    except TooMany:
        raise NoSpans(
            f"One list of an export in JSON has at most {MOST_IN_LIST:,} spans."
        ) from None
    except NOT_JSON as error:
        raise NoSpans(
            f"The body is not an ExportTraceServiceRequest in JSON: {error}"[:300]
        ) from None
    return _export(
        resources,
        found,
        most_values,
        _Form(
            bytes,
            _is_too_much_json,
            _values_in_json,
            spans.resource_in_json,
            spans.span_in_json,
            NOT_JSON,
        ),
    )


def _export(resources: list[bytes], found: list[_Packed], most_values: int, form: _Form) -> Export:
    for body in resources:
        try:
            is_too_large = len(body) > LONGEST or form.is_too_much(body, wire.RESOURCE)
        except form.wrong:
            raise NoSpans from None
        if is_too_large:
            raise NoSpans("A resource" + TOO_LARGE.removeprefix("A span"))
    export = Export(len(found), iter(()))
    export.parts = _parts(resources, found, most_values, form, export.refused)
    return export


def _parts(
    resources: list[bytes],
    found: list[_Packed],
    most_values: int,
    form: _Form,
    refused: Counter[str],
) -> Iterator[list[Span]]:
    part: list[Span] = []
    size = braces = values = 0
    # Large resources are objects one at a time, and so spans go by them; small ones are all kept,
    # and spans go by their traces.
    is_by_trace = sum(map(len, resources)) <= LONGEST
    known: dict[int, Attributes] = {}
    is_any_read = False
    for place, each in enumerate(_by_trace(found) if is_by_trace else found):
        body = form.bytes_at(each.at) if each.size <= LONGEST else b""
        if (wrong := _wrong(each, body, form)) is not None:
            refused[wrong] += 1
            continue
        values += form.values(body)
        if values > most_values:
            refused[
                f"An export of this size has at most {most_values:,} values: send it as several."
            ] += len(found) - place
            break
        more = (
            each.size
            if is_by_trace or each.resource in known
            else each.size + len(resources[each.resource])
        )
        if part and (size + more > PART or braces + body.count(b"{") > MOST_BRACES):
            yield part
            part, size, braces = [], 0, 0
        try:
            if each.resource not in known:
                known = {
                    **(known if is_by_trace else {}),
                    each.resource: form.resource(resources[each.resource]),
                }
            part.append(form.span(body, known[each.resource]))
        except form.wrong as error:
            refused[_unreadable(error)] += 1
        size = size + more
        braces = braces + body.count(b"{")
        is_any_read = is_any_read or bool(part)
    if refused and not is_any_read:
        raise NoSpans(next(iter(refused)))
    yield part


def _wrong(found: _Packed, body: bytes, form: _Form) -> str | None:
    """Return why a span is invalid, or None."""
    try:
        return TOO_LARGE if found.size > LONGEST or form.is_too_much(body, wire.SPAN) else None
    except form.wrong as error:
        return _unreadable(error)


def _unreadable(error: Exception) -> str:
    return f"A span cannot be read: {str(error) or 'its bytes are not a message'}"[:300]


def _by_trace(found: list[_Packed]) -> Iterator[_Packed]:
    traces: dict[bytes, list[_Packed]] = {}
    for each in found:
        traces.setdefault(each.trace, []).append(each)
    for trace in traces.values():
        yield from trace


def _check_count(found: Sequence[object], what: str = "spans") -> None:
    if len(found) > MOST_SPANS:
        raise NoSpans(f"An export has at most {MOST_SPANS:,} {what}.")


# Protobuf


def _between(body: bytes, at: tuple[int, int]) -> bytes:
    return body[at[0] : at[1]]


def _in_protobuf(body: bytes) -> tuple[list[bytes], list[_Packed]]:
    resources: list[bytes] = []
    found: list[_Packed] = []
    for number, start, end in wire.fields(body, 0, len(body)):
        if number != 1:
            continue
        place, parts = len(resources), []
        for number_, first, last in wire.fields(body, start, end):
            if number_ == 1:
                parts.append(body[first:last])
            elif number_ == 2:
                for number__, first_, last_ in wire.fields(body, first, last):
                    if number__ == 2:
                        found.append(
                            _Packed(
                                (first_, last_), last_ - first_, _trace(body, first_, last_), place
                            )
                        )
                        _check_count(found)
        resources.append(b"".join(parts))  # as protobuf merges what is there twice
        _check_count(resources, "resources")
    return resources, found


def _trace(body: bytes, start: int, end: int) -> bytes:
    # Spans that have it elsewhere pass for one trace, which only decides what is read together
    if body[start : start + 2] == b"\x0a\x10":  # the first field, of 16 bytes
        return body[start + 2 : min(start + 18, end)]
    return b""


def _is_too_much(body: bytes, message: int) -> bool:
    return wire.has_more(body, message, MOST_VALUES)


def _values(body: bytes) -> int:
    few = wire.at_most(body)
    return (
        few
        if few <= max(FEW_VALUES, len(body) // 12)
        else wire.count_messages(body, wire.SPAN, MOST_VALUES)
    )


# JSON


NOTHING = Raw(b"null")


class _Export(msgspec.Struct):
    resourceSpans: Raw = NOTHING  # noqa: N815  the names are the format's own


class _Group(msgspec.Struct):
    resource: Raw = NOTHING
    scopeSpans: Raw = NOTHING  # noqa: N815


class _Scope(msgspec.Struct):
    spans: Raw = NOTHING


class _Trace(msgspec.Struct):
    traceId: Raw = NOTHING  # noqa: N815


def _in_json(body: bytes) -> tuple[list[bytes], list[_Packed]]:
    resources: list[bytes] = []
    found: list[_Packed] = []
    for group in _elements(msgspec.json.decode(body, type=_Export).resourceSpans):
        parts = msgspec.json.decode(group, type=_Group)
        for scope in _elements(parts.scopeSpans):
            for span in _elements(msgspec.json.decode(scope, type=_Scope).spans):
                trace = bytes(msgspec.json.decode(span, type=_Trace).traceId).lower()
                found.append(_Packed(span, memoryview(span).nbytes, trace, len(resources)))
            _check_count(found)
        resources.append(bytes(parts.resource))
    return resources, found


def _elements(text: Raw) -> list[Raw]:
    return [] if bytes(memoryview(text)[:5]) == b"null" else elements(text, MOST_IN_LIST)


def _is_too_much_json(body: bytes, _message: int) -> bool:
    return excess(body, most_values=4 * MOST_VALUES, deepest=DEEPEST_JSON) is not None


def _values_in_json(body: bytes) -> int:
    few = body.count(b"{")
    return few if few <= max(FEW_VALUES, len(body) // 12) else STRING.sub(b"", body).count(b"{")
