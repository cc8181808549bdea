"""Check each row of a request body separately: an invalid row does not reject the others.

A row is a `Row` of msgspec. A whole body is decoded in one step; only when that fails, each item is
decoded separately.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from core.errors import Invalid
from core.ingest.json_limits import MOST_VALUES, TooMany, elements, excess
from core.ingest.json_objects import MAX_JSON_DEPTH
from core.ingest.rows import FUTURE, MOST_ROWS, JsonObject, Nested, Rejected, Row, Sent
from core.platform import clock

MAX_ROW_BYTES = 2**20
# Bytes of JSON decoded at a time: as objects, small values take dozens of times as much memory
PORTION_BYTES = 2**20
MAX_LENIENT_BYTES = 4 * 2**20
TOO_LONG = f"row: longer than {MAX_ROW_BYTES // 2**20} MiB, the maximum for a row"
ENVELOPE = 2  # levels of nesting around the rows of a body
PATH = re.compile(r" - at `\$\.?([^`]*)`$")
# An escape of half a surrogate pair, after any text without one.
HALF_CHARACTER = re.compile(
    rb"((?:[^\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB]..\\u[dD][c-fC-F]))*+)(\\u[dD][89a-fA-F]..)?",
    re.DOTALL,
)
DECODE_ERRORS = (msgspec.MsgspecError, RecursionError, ValueError)  # a UnicodeError is a ValueError
RowOrNested = TypeVar("RowOrNested", bound=Row | Nested)


class BodyRefused(Invalid):
    """Send one object, {"items": [...]} with up to 5,000 objects, or NDJSON with one object per
    line.
    """


class RowRefused(Invalid):
    """The row does not match its schema."""


class RowTooLarge(ValueError):
    """The row exceeds the limit of bytes, values or levels."""


class _Outer(msgspec.Struct):
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_outer = msgspec.json.Decoder(_Outer)


@dataclass(frozen=True)
class Batch(Generic[Sent]):
    """The valid rows of a part of a body, and the invalid ones with their index in the body."""

    rows: list[Sent]
    numbers: list[int]  # the index of each row in the body
    rejected: list[Rejected]
    size: int


def read_items(body: bytes, row: type[Sent]) -> Batch[Sent]:
    """Decode one object, or an object with `items`; raise BodyRefused for anything else."""
    body = body.removeprefix(BOM_UTF8)
    if excess(body, deepest=MAX_JSON_DEPTH + ENVELOPE) is None and len(body) <= MAX_ROW_BYTES:
        try:
            rows = _envelope(row).decode(body).items
        except DECODE_ERRORS:
            pass
        else:
            _check_size(len(rows))
            return _checked(list(enumerate(rows)), [], len(rows), clean=b"\\u0000" in body)
    return read_numbered(
        ((number, bytes(item[: MAX_ROW_BYTES + 1])) for number, item in enumerate(_split(body))),
        row,
    )


def read_portions(body: bytes, row: type[Sent]) -> Iterator[Batch[Sent]]:
    """Decode a large body in batches, which limits memory; raise BodyRefused."""
    for portion in _portions(_split(body.removeprefix(BOM_UTF8))):
        yield read_numbered(portion, row)


def read_numbered(items: Iterable[tuple[int, bytes]], row: type[Sent]) -> Batch[Sent]:
    """Decode rows separately; each comes with its index in the body."""
    rows: list[tuple[int, Sent]] = []
    rejected: list[Rejected] = []
    clean = False
    for number, item in items:
        try:
            rows.append((number, _read_one(item.removeprefix(BOM_UTF8), row)))
        except DECODE_ERRORS as error:
            rejected.append(Rejected(number, _error_message(error)))
        clean = clean or b"\\u0000" in item
    return _checked(rows, rejected, len(rows) + len(rejected), clean=clean)


def as_row(decoded: JsonObject, row: type[Sent]) -> Sent:
    """Convert a decoded object to a row; raise RowRefused, whose message starts with the field."""
    try:
        return msgspec.convert(decoded, row)
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return _convert(decoded, row)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RowRefused(_error_message(error)) from None


def _portions(items: Iterable[memoryview]) -> Iterator[list[tuple[int, bytes]]]:
    """Yield indexed items in groups of up to PORTION bytes."""
    portion: list[tuple[int, bytes]] = []
    remaining = PORTION_BYTES
    for number, item in enumerate(items):
        shortened = item[: MAX_ROW_BYTES + 1]  # enough to detect that it is too long
        if portion and shortened.nbytes > remaining:
            yield portion
            portion, remaining = [], PORTION_BYTES
        portion.append((number, bytes(shortened)))
        remaining -= shortened.nbytes
    yield portion


def _split(body: bytes) -> list[memoryview]:
    """Return the items of a body, each as JSON; raise BodyRefused."""
    try:
        items = _outer.decode(body).items
    except DECODE_ERRORS:
        return _split_leniently(body)
    if items is msgspec.UNSET:
        return [memoryview(body)]
    try:
        return [memoryview(item) for item in elements(items, MOST_ROWS)]
    except TooMany:
        _check_size(MOST_ROWS + 1)
    except DECODE_ERRORS:
        pass
    raise BodyRefused


def _split_leniently(body: bytes) -> list[memoryview]:
    """Split a body with invalid numbers or characters; a large one only for half characters."""
    if len(body) > MAX_LENIENT_BYTES:
        repaired = HALF_CHARACTER.sub(
            lambda match: match[1] + (b"\\ufffd" if match[2] else b""), body
        )
        if repaired != body:
            return _split(repaired)
        raise BodyRefused
    if excess(body, most_values=2 * MOST_VALUES, deepest=MAX_JSON_DEPTH + ENVELOPE) is not None:
        raise BodyRefused
    try:
        outer = json.loads(body.decode(errors="replace"))
        items = outer.get("items", [outer])
        if not isinstance(items, list):
            raise BodyRefused
        _check_size(len(items))
        return [memoryview(json.dumps(item).encode()) for item in items]
    except (ValueError, RecursionError, AttributeError):
        raise BodyRefused from None


def _read_one(item: bytes, row: type[Sent]) -> Sent:
    if len(item) > MAX_ROW_BYTES:
        raise RowTooLarge(TOO_LONG)
    if (violation := excess(item)) is not None:
        raise RowTooLarge(f"row: {violation}")
    try:
        return _decode(item, row)
    except msgspec.ValidationError:
        raise
    except DECODE_ERRORS as error:
        try:
            repaired = repair_characters(item)
        except (ValueError, RecursionError):
            raise error from None
        return _decode(repaired, row)


def repair_characters(text: bytes) -> bytes:
    """Replace invalid UTF-8 and half surrogates by U+FFFD; raise ValueError for invalid JSON."""
    unescaped = json.dumps(json.loads(text.decode(errors="replace")), ensure_ascii=False)
    return unescaped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _decode(item: bytes, row: type[Sent]) -> Sent:
    try:
        return cast("Sent", _decoder(row).decode(item))
    except msgspec.ValidationError:
        decoded = msgspec.json.decode(item)
        if not isinstance(decoded, dict):
            raise
        return _convert(decoded, row)


def _convert(decoded: JsonObject, row: type[Sent]) -> Sent:
    """Convert an object to a row, with unknown fields under `extra`."""
    return msgspec.convert(_with_extra(decoded, row), row)


def _with_extra(decoded: JsonObject, row_type: type[Row | Nested]) -> JsonObject:
    """Return an object with its unknown fields under `extra`, and so the objects within it."""
    known = set(row_type.__struct_fields__) - {"extra"}
    unknown = {name: value for name, value in decoded.items() if name not in known}
    found = {name: value for name, value in decoded.items() if name in known}
    for name, nested_type in row_type.nested.items():
        match found.get(name):
            case dict() as inner:
                found[name] = _with_extra(inner, nested_type)
            case list() as items:
                found[name] = [
                    _with_extra(item, nested_type) if isinstance(item, dict) else item
                    for item in items
                ]
    return found | ({"extra": unknown} if unknown else {})


def _checked(
    rows: list[tuple[int, Sent]], rejected: list[Rejected], size: int, *, clean: bool
) -> Batch[Sent]:
    latest, valid, numbers = clock.now() + FUTURE, [], []
    for number, row in rows:
        if (reason := row.wrong(latest)) is None:
            valid.append(_without_nul_in_row(row) if clean else row)
            numbers.append(number)
        else:
            rejected.append(Rejected(number, reason))
    return Batch(valid, numbers, sorted(rejected, key=lambda row_error: row_error.index), size)


def _check_size(size: int) -> None:
    if size > MOST_ROWS:
        raise BodyRefused(f"A body may have at most {MOST_ROWS:,} items; NDJSON has no such limit.")


def _without_nul_in_row(row: RowOrNested) -> RowOrNested:
    """Return a row, or a nested part, without NUL characters, which Postgres rejects."""
    return msgspec.structs.replace(
        row, **{name: without_nul(getattr(row, name)) for name in row.__struct_fields__}
    )


def without_nul(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return JSON without NUL characters."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {
                str(name).replace("\0", ""): without_nul(inner) for name, inner in value.items()
            }
        case list():
            return [without_nul(inner) for inner in value]
        case Nested():
            return _without_nul_in_row(value)
        case _:
            return value


def _error_message(error: Exception) -> str:
    """Return the message of an error, starting with the field."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    message = str(error)
    if isinstance(error, RowTooLarge):
        return message
    match = PATH.search(message)
    field = (match[1] or "row") if match else "row"
    return f"{field}: {PATH.sub('', message)}"[:300]


@cache
def _decoder(row: type[Sent]) -> msgspec.json.Decoder[Sent]:
    return msgspec.json.Decoder(row)


@cache
def _envelope(row: type[Sent]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("items", list[row])]))  # type: ignore[valid-type]  # made for each
