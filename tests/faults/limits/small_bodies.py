"""Bodies of at most 64 KiB on the wire that unpack to as much as a server can be made to hold."""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from core.ingest.bodies import MAX_ROW_BYTES
from core.ingest.json_limits import MOST_VALUES

MOST_ON_THE_WIRE = 64 * 1024
ITEMS, EVENT = b'{"items": [', b'{"event_type": "small", "event_data": {"a": '
NDJSON = "application/x-ndjson"
PROTOBUF = "application/x-protobuf"
EVENTS, TRACES, IMPORTS = "/api/v1/ingest/events", "/otlp/v1/traces", "/api/v1/imports"


@dataclass(frozen=True)
class Body:
    """What is sent, and the statuses that tell that nothing broke.

    A limit on what may come at once answers 429 or 503, which is right for any of them.
    """

    path: str
    content: bytes
    statuses: frozenset[int]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Repeated:
    """A piece again and again: `mebibytes` at most."""

    piece: bytes
    mebibytes: int

    @property
    def size(self) -> int:
        """How many bytes it is."""
        return len(self._mebibyte) * self.mebibytes

    @property
    def packed(self) -> bytes:
        """Its gzip: of a mebibyte, again and again, which spares packing each."""
        return gzip.compress(self._mebibyte) * self.mebibytes

    @property
    def _mebibyte(self) -> bytes:
        return self.piece * (2**20 // len(self.piece))


def all_bodies() -> dict[str, Body]:
    """Return each by its name."""
    found = _spans() | _events() | _imports()
    assert all(len(body.content) <= MOST_ON_THE_WIRE for body in found.values())
    return found


def _spans() -> dict[str, Body]:
    # A list of spans, within a group of a scope's, within one of a resource's
    spans = Repeated(b"\x12\x00", 19)
    of_a_scope = b"\x12" + _length(spans.size)
    of_a_resource = b"\x0a" + _length(len(of_a_scope) + spans.size)
    as_json = b'{"resourceSpans":[{"scopeSpans":[{"spans":['
    return {
        "ten million empty spans": _sent(
            TRACES, {400}, of_a_resource + of_a_scope, spans, kind=PROTOBUF
        ),
        "empty spans as JSON": _sent(TRACES, {400}, as_json, Repeated(b"{},", 19), b"{}]}]}]}"),
    }


def _length(size: int) -> bytes:
    written = bytearray()
    while size > 127:
        written.append(size & 127 | 128)
        size >>= 7
    return bytes([*written, size])


def _events() -> dict[str, Body]:
    many = _row(b"[" + b"[]," * (MOST_VALUES // 2 - 100) + b"[]]")  # a comma counts as a value
    long = _row(b'"' + b"x" * (MAX_ROW_BYTES - 100) + b'"')
    return {
        "empty items": _sent(EVENTS, {422}, ITEMS, Repeated(b"{},", 19), b"{}]}"),
        "nested empty lists": _sent(EVENTS, {202}, EVENT + b"[", Repeated(b"[[]],", 19), b"[]]}}"),
        "rows of as many values as one may have": _sent(
            EVENTS, {202}, ITEMS, Repeated(many + b",", 9), many + b"]}"
        ),
        "rows as long as one may be": _sent(
            EVENTS, {202}, ITEMS, Repeated(long + b",", 18), long + b"]}"
        ),
        "one row of 19 MiB": _sent(EVENTS, {202}, EVENT + b'"', Repeated(b"x", 19), b'"}}'),
        "deep JSON": _sent(EVENTS, {422}, Repeated(b"[", 9), Repeated(b"]", 9)),
        "endless digits": _sent(EVENTS, {202}, EVENT, Repeated(b"9", 19), b"}}"),
        "empty lines": _sent(EVENTS, {422}, Repeated(b"\n", 50), kind=NDJSON),
        "lines of as many values as one may have": _sent(
            EVENTS, {202, 422}, Repeated(many + b"\n", 20), kind=NDJSON
        ),
    }


def _row(data: bytes) -> bytes:
    return EVENT + data + b"}}"


def _sent(
    path: str, statuses: set[int], *parts: "bytes | Repeated", kind: str = "application/json"
) -> Body:
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    return Body(path, _packed(*parts), frozenset(statuses), headers)


def _packed(*parts: "bytes | Repeated") -> bytes:
    return b"".join(
        gzip.compress(part) if isinstance(part, bytes) else part.packed for part in parts
    )


def _imports() -> dict[str, Body]:
    boundary = "x" * 257
    form = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    deep, digits = _packed(Repeated(b"[", 19)), _packed(b'{"a": ', Repeated(b"9", 19), b"}")
    return {
        "one long text of a dictionary": _file("parquet", _parquet("x" * 700_000, 1_400), {201}),
        "one text of 40 MiB": _file("parquet", _parquet("x" * (40 << 20), 1), {201}),
        "a file of deep JSON": _file("json", deep, {422}),
        "a file of endless digits": _file("json", digits, {422}),
        "a boundary of 257 bytes": Body(IMPORTS, b"--" + boundary.encode(), frozenset({422}), form),
    }


def _file(ending: str, content: bytes, statuses: set[int]) -> Body:
    return Body(f"{IMPORTS}?name=small.{ending}", content, frozenset(statuses))


def _parquet(text: str, rows: int) -> bytes:
    written = io.BytesIO()
    table = pa.table(
        {
            "timestamp": [datetime.now(UTC)] * rows,
            "event_type": ["small"] * rows,
            "note": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text]),
        }
    )
    pq.write_table(table, written, compression="zstd")
    return written.getvalue()
