"""Bodies from outside: each row of one is checked by itself, and one bad row never costs the good ones.

A row is a `Row` of msgspec: a whole body is decoded in one step, and only where that fails is each item looked at alone.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from core import clock
from core.errors import Invalid
from core.intake import FUTURE, MOST_ROWS, JsonObject, Nested, Rejected, Row, Sent

LONGEST_LINE = 2**20
TOO_LONG = f"row: longer than {LONGEST_LINE // 2**20} MiB, the most that a line may hold"
PATH = re.compile(r" - at `\$\.?([^`]*)`$")
Cleaned = TypeVar("Cleaned", bound=Row | Nested)


class BodyRefused(Invalid):
    """Send one object, {"items": [...]} with up to 5,000 of them, or NDJSON with one object a line."""


class RowRefused(Invalid):
    """The row does not fit its kind."""


@dataclass(frozen=True)
class Batch(Generic[Sent]):
    """The good rows of a part of a body, and the bad ones with their place in the whole body."""

    rows: list[Sent]
    numbers: list[int]  # where each of the rows stands in the body
    rejected: list[Rejected]
    size: int


def read_items(body: bytes, row: type[Sent]) -> Batch[Sent]:
    """Read one object, or an object with `items`; raise BodyRefused for anything else."""
    try:
        rows = _envelope(row).decode(body).items
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return read_each(_split(body), row)
    return _checked(list(enumerate(rows)), [], len(rows), clean=b"\\u0000" in body)


def read_lines(lines: list[bytes], row: type[Sent], *, first: int) -> Batch[Sent]:
    """Read lines of NDJSON, the first of which has the number `first`; empty ones are passed over, and have numbers too."""
    numbered = list(enumerate(lines, first))
    too_long = [Rejected(number, TOO_LONG) for number, line in numbered if len(line) > LONGEST_LINE]
    told = ((number, line) for number, line in numbered if len(line) <= LONGEST_LINE and line and not line.isspace())
    return _read(told, row, too_long)


def read_each(items: Iterable[bytes], row: type[Sent]) -> Batch[Sent]:
    """Read each item by itself."""
    return _read(enumerate(items), row, [])


def _read(items: Iterable[tuple[int, bytes]], row: type[Sent], rejected: list[Rejected]) -> Batch[Sent]:
    """Read numbered items, some of which were `rejected` already."""
    rows: list[tuple[int, Sent]] = []
    clean = False
    for number, item in items:
        try:
            rows.append((number, _read_one(item, row)))
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
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


def _split(body: bytes) -> list[bytes]:
    """Return the items, each as JSON of its own."""
    try:
        outer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        items = msgspec.json.decode(outer["items"], type=list[msgspec.Raw]) if "items" in outer else [msgspec.Raw(body)]
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _split_patiently(body)
    _check_size(len(items))
    return [bytes(item) for item in items]


def _split_patiently(body: bytes) -> list[bytes]:
    """Split what is JSON but for half a character or a byte that is none, which become question marks."""
    try:
        outer = json.loads(body.decode(errors="replace"))
        items = outer.get("items", [outer])
        _check_size(len(items))
        return [json.dumps(item, ensure_ascii=False).encode(errors="replace") for item in items]
    except (ValueError, RecursionError, AttributeError, TypeError):
        raise BodyRefused from None


def _read_one(item: bytes, row: type[Sent]) -> Sent:
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
    _check_size(size)
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
    found = PATH.search(words)
    where = (found[1] or "row") if found else "row"
    return f"{where}: {PATH.sub('', words)}"[:300]


@cache
def _decoder(row: type[Sent]) -> msgspec.json.Decoder[Sent]:
    return msgspec.json.Decoder(row)


@cache
def _envelope(row: type[Sent]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("items", list[row])]))  # type: ignore[valid-type]  # made for each
