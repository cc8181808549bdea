"""Check each row of a request body by itself: one bad row does not reject the others.

A row is a `Row` of msgspec: a whole body is decoded in one step, and only where that fails is each item looked at alone.
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
from core.ingest.intake import FUTURE, MOST_ROWS, JsonObject, Nested, Rejected, Row, Sent
from core.ingest.json_limits import MOST_VALUES, TooMany, elements, excess
from core.ingest.json_objects import DEEPEST
from core.platform import clock

LONGEST_ROW = 2**20
PORTION = 2**20  # bytes of rows that are objects at the same time: of small values they take dozens of times as much
PATIENT_WITH = 4 * 2**20
TOO_LONG = f"row: longer than {LONGEST_ROW // 2**20} MiB, the most that a row may have"
ENVELOPE = 2  # levels around the rows of a body
PATH = re.compile(r" - at `\$\.?([^`]*)`$")
# An escape that is half of a character, behind all that is none.
HALF = re.compile(
    rb"((?:[^\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB]..\\u[dD][c-fC-F]))*+)(\\u[dD][89a-fA-F]..)?", re.DOTALL
)
WRONG = (msgspec.MsgspecError, RecursionError, ValueError)  # a UnicodeError is a ValueError
Cleaned = TypeVar("Cleaned", bound=Row | Nested)


class BodyRefused(Invalid):
    """Send one object, {"items": [...]} with up to 5,000 of them, or NDJSON with one object a line."""


class RowRefused(Invalid):
    """The row does not fit its kind."""


class RowTooLarge(ValueError):
    """The row has more bytes, values or levels than any may have."""


class _Outer(msgspec.Struct):
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_outer = msgspec.json.Decoder(_Outer)


@dataclass(frozen=True)
class Batch(Generic[Sent]):
    """The good rows of a part of a body, and the bad ones with their place in the whole body."""

    rows: list[Sent]
    numbers: list[int]  # where each of the rows stands in the body
    rejected: list[Rejected]
    size: int


def read_items(body: bytes, row: type[Sent]) -> Batch[Sent]:
    """Read one object, or an object with `items`; raise BodyRefused for anything else."""
    body = body.removeprefix(BOM_UTF8)
    if excess(body, deepest=DEEPEST + ENVELOPE) is None and len(body) <= LONGEST_ROW:
        try:
            rows = _envelope(row).decode(body).items
        except WRONG:
            pass
        else:
            _check_size(len(rows))
            return _checked(list(enumerate(rows)), [], len(rows), clean=b"\\u0000" in body)
    return read_numbered(((number, bytes(item[: LONGEST_ROW + 1])) for number, item in enumerate(_split(body))), row)


def read_portions(body: bytes, row: type[Sent]) -> Iterator[Batch[Sent]]:
    """Read a large body in the same manner, as much at a time as may be objects at the same time."""
    for portion in _portions(_split(body.removeprefix(BOM_UTF8))):
        yield read_numbered(portion, row)


def read_numbered(items: Iterable[tuple[int, bytes]], row: type[Sent]) -> Batch[Sent]:
    """Read rows, each by itself, that have these numbers in their body."""
    rows: list[tuple[int, Sent]] = []
    rejected: list[Rejected] = []
    clean = False
    for number, item in items:
        try:
            rows.append((number, _read_one(item.removeprefix(BOM_UTF8), row)))
        except WRONG as error:
            rejected.append(Rejected(number, _words(error)))
        clean = clean or b"\\u0000" in item
    return _checked(rows, rejected, len(rows) + len(rejected), clean=clean)


def as_row(given: JsonObject, row: type[Sent]) -> Sent:
    """Return an object that has been decoded already as a row; raise RowRefused, the field first."""
    try:
        return msgspec.convert(given, row)
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return _convert(given, row)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RowRefused(_words(error)) from None


def _portions(items: Iterable[memoryview]) -> Iterator[list[tuple[int, bytes]]]:
    """Yield items with their numbers, as many at a time as have the bytes of a portion."""
    portion: list[tuple[int, bytes]] = []
    left = PORTION
    for number, item in enumerate(items):
        kept = item[: LONGEST_ROW + 1]  # enough to see that it is too long
        if portion and kept.nbytes > left:
            yield portion
            portion, left = [], PORTION
        portion.append((number, bytes(kept)))
        left -= kept.nbytes
    yield portion


def _split(body: bytes) -> list[memoryview]:
    """Return the items, each as JSON of its own."""
    try:
        items = _outer.decode(body).items
    except WRONG:
        return _split_patiently(body)
    if items is msgspec.UNSET:
        return [memoryview(body)]
    try:
        return [memoryview(item) for item in elements(items, MOST_ROWS)]
    except TooMany:
        _check_size(MOST_ROWS + 1)
    except WRONG:
        pass
    raise BodyRefused


def _split_patiently(body: bytes) -> list[memoryview]:
    """Split what is JSON but for a number that is none; of a large body, but for halves of characters."""
    if len(body) > PATIENT_WITH:
        mended = HALF.sub(lambda found: found[1] + (b"\\ufffd" if found[2] else b""), body)
        if mended != body:
            return _split(mended)
        raise BodyRefused
    if excess(body, most_values=2 * MOST_VALUES, deepest=DEEPEST + ENVELOPE) is not None:
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
    if len(item) > LONGEST_ROW:
        raise RowTooLarge(TOO_LONG)
    if (too_much := excess(item)) is not None:
        raise RowTooLarge(f"row: {too_much}")
    try:
        return _decode(item, row)
    except msgspec.ValidationError:
        raise
    except WRONG as wrong:
        try:
            mended = whole_characters(item)
        except (ValueError, RecursionError):
            raise wrong from None
        return _decode(mended, row)


def whole_characters(text: bytes) -> bytes:
    """Return JSON with U+FFFD for bytes that are no UTF-8 and halves of characters; raise ValueError for no JSON."""
    plain = json.dumps(json.loads(text.decode(errors="replace")), ensure_ascii=False)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _decode(item: bytes, row: type[Sent]) -> Sent:
    try:
        return cast("Sent", _decoder(row).decode(item))
    except msgspec.ValidationError:
        given = msgspec.json.decode(item)
        if not isinstance(given, dict):
            raise
        return _convert(given, row)


def _convert(given: JsonObject, row: type[Sent]) -> Sent:
    """Return an object as a row, with what the row does not name under `extra`."""
    for name, part in row.nested.items():
        if isinstance(inner := given.get(name), list):
            given[name] = [_apart(each, part) if isinstance(each, dict) else each for each in inner]
    return msgspec.convert(_apart(given, row), row)


def _apart(given: JsonObject, kind: type[Row | Nested]) -> JsonObject:
    """Return an object with what its type does not name under `extra`."""
    known = set(kind.__struct_fields__) - {"extra"}
    rest = {name: value for name, value in given.items() if name not in known}
    return {name: value for name, value in given.items() if name in known} | ({"extra": rest} if rest else {})


def _checked(rows: list[tuple[int, Sent]], rejected: list[Rejected], size: int, *, clean: bool) -> Batch[Sent]:
    latest, good, numbers = clock.now() + FUTURE, [], []
    for number, row in rows:
        if (wrong := row.wrong(latest)) is None:
            good.append(_cleaned(row) if clean else row)
            numbers.append(number)
        else:
            rejected.append(Rejected(number, wrong))
    return Batch(good, numbers, sorted(rejected, key=lambda each: each.index), size)


def _check_size(size: int) -> None:
    if size > MOST_ROWS:
        raise BodyRefused(f"A body holds at most {MOST_ROWS:,} items; NDJSON has no such limit.")


def _cleaned(row: Cleaned) -> Cleaned:
    """Return a row, or a part of one, without NUL characters, which Postgres refuses."""
    return msgspec.structs.replace(row, **{name: without_nul(getattr(row, name)) for name in row.__struct_fields__})


def without_nul(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return JSON without NUL characters."""
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {str(name).replace("\0", ""): without_nul(inner) for name, inner in value.items()}
        case list():
            return [without_nul(inner) for inner in value]
        case Nested():
            return _cleaned(value)
        case _:
            return value


def _words(error: Exception) -> str:
    """Return what is wrong, the field first."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    words = str(error)
    if isinstance(error, RowTooLarge):
        return words
    found = PATH.search(words)
    where = (found[1] or "row") if found else "row"
    return f"{where}: {PATH.sub('', words)}"[:300]


@cache
def _decoder(row: type[Sent]) -> msgspec.json.Decoder[Sent]:
    return msgspec.json.Decoder(row)


@cache
def _envelope(row: type[Sent]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("items", list[row])]))  # type: ignore[valid-type]  # made for each
