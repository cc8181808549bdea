"""Cells become values: counts, prices, durations, states. Each reader raises ValueError with words
that name the cell.
"""

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

import msgspec

from core.imports.cells import states, timestamps
from core.imports.cells.decimal_marks import decimal
from core.imports.fields import LONGEST, LONGEST_TEXT, words
from core.imports.mapping import FieldRule, Mapping, ValueType, ValueUnit
from core.imports.parsed import RowKind

Value = Any
Reader = Callable[[Any], Value]
NOTHING = frozenset(("", *words("null NULL Null None none NaN nan NAN N/A n/a \\N <NA> undefined")))
MOST_COUNT = 2**31 - 1
MOST_DIGITS = 50  # of a price, before the point or behind it

PER_MS = {
    ValueUnit.SECONDS: 1000.0,
    ValueUnit.MILLISECONDS: 1.0,
    ValueUnit.MICROSECONDS: 0.001,
    ValueUnit.NANOSECONDS: 0.000001,
    ValueUnit.MINUTES: 60_000.0,
    ValueUnit.HOURS: 3_600_000.0,
}
PART = (
    r"(-?[0-9][0-9.,]*)\s*(ns|us|µs|μs|ms|msec|s|sec|secs|seconds?|sek|sekunden?|secondes?|m|min|mins|minutes?|minuten|h|std)"
    r"(?![^\W\d])\s*"
)
PARTS = re.compile(PART, re.IGNORECASE)
SUFFIXED = re.compile(rf"\s*(?:{PART})+", re.IGNORECASE)
# The other units of SUFFIXED mean seconds.
SUFFIXES = (
    {"ns": 0.000001, "us": 0.001, "µs": 0.001, "μs": 0.001, "ms": 1.0, "msec": 1.0}
    | dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten"), 60_000.0)
    | dict.fromkeys(("h", "std"), 3_600_000.0)
)
CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$")
ENUM = re.compile(r"^[a-z_]+\.(?=[a-z])")  # `StatusCode.ERROR`
PRICE = re.compile(r"[\s$]|USD|usd")


def reader(name: str, rule: FieldRule, mapping: Mapping) -> Reader:
    match rule.as_:
        case ValueType.TIME:
            return timestamps.reader(
                rule.unit or ValueUnit.ISO,
                zone=mapping.zone,
                start=mapping.start,
                zero=mapping.zero,
            )
        case ValueType.DURATION:
            factor = PER_MS.get(rule.unit or ValueUnit.MILLISECONDS, 1.0)
            return partial(_duration, factor=factor, comma=rule.decimal_comma)
        case ValueType.STATUS:
            return partial(
                _state,
                known=states.STATES.get(mapping.kind, {}) | _lowered(rule.values),
                kind=mapping.kind,
            )
        case ValueType.MONEY:
            return partial(money, cents=rule.unit is ValueUnit.CENTS, comma=rule.decimal_comma)
        case ValueType.RATING:
            meanings = {states.rating_word(word): meaning for word, meaning in rule.values.items()}
            return partial(_rating, unit=rule.unit, values=meanings)
        case ValueType.TEXT:
            longest = LONGEST.get(name, LONGEST_TEXT)
            if rule.values:
                return partial(_text, longest=longest, values=rule.values)
            return partial(text, longest=longest)
        case ValueType.TEXT_OR_OBJECT if rule.values:
            return partial(_text, longest=LONGEST_TEXT, values=rule.values)
        case (ValueType.COUNT | ValueType.NUMBER) as counted if rule.decimal_comma:
            return partial(count if counted is ValueType.COUNT else number, comma=True)
        case other:
            return PLAIN[other]


def is_nothing(value: Value) -> bool:
    if value is None or value == [] or value == {}:
        return True
    if isinstance(value, str):
        return value in NOTHING
    return isinstance(value, float) and math.isnan(value)


def text(value: Value, longest: int = LONGEST_TEXT) -> str:
    """Return a value as text; what is an object or a list is JSON."""
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    return msgspec.json.encode(value).decode(errors="replace")[:longest]


def _text(value: Value, longest: int, values: dict[str, str]) -> str:
    found = text(value, longest)
    return values.get(found, found)


def count(value: Value, *, comma: bool = False) -> int:
    try:
        return int(value) if isinstance(value, str) else _whole(value)
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        return _whole(float(decimal(value, comma=comma)))
    except (ValueError, AttributeError, OverflowError):
        raise ValueError(f"{_shown(value)} is not a whole number") from None


def _whole(value: Value) -> int:
    if isinstance(value, bool) or (not isinstance(value, int) and value != int(value)):
        raise ValueError("not a whole number")
    return int(value)


def number(value: Value, *, comma: bool = False) -> float:
    try:
        found = float(decimal(value, comma=comma) if isinstance(value, str) else value)
    except (ValueError, TypeError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{_shown(value)} is not a number")
    return found


def money(value: Value, *, cents: bool = False, comma: bool = False) -> str:
    """Return a price in USD as a decimal text."""
    try:
        found = Decimal(
            decimal(PRICE.sub("", value), comma=comma) if isinstance(value, str) else str(value)
        )
    except (InvalidOperation, ValueError):
        found = Decimal("NaN")
    # Written out, 1e999999999 has as many digits
    if not found.is_finite() or abs(found.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{_shown(value)} is not a price")
    return format(found / 100 if cents else found, "f")


def _duration(value: Value, *, factor: float, comma: bool) -> int:
    """Return milliseconds; a text may say its unit itself: `350 ms`, `1m2.5s`, `0:01:30`."""
    try:
        if not (comma and isinstance(value, str)):
            return round(float(value) * factor)
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        return round(_milliseconds(str(value), factor, comma=comma))
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(value)} is not a duration") from None


def _milliseconds(written: str, factor: float, *, comma: bool) -> float:
    if SUFFIXED.fullmatch(written):
        return sum(
            float(decimal(number_, comma=comma)) * SUFFIXES.get(unit.lower(), 1000.0)
            for number_, unit in PARTS.findall(written)
        )
    if found := CLOCK.match(written.strip()):
        return (int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3])) * 1000
    return number(written, comma=comma) * factor


def word_of(value: Value) -> str:
    """Return a state as the tables of states have it."""
    return ENUM.sub("", text(value).strip().lower().replace(" ", "_")).replace("-", "_")


def _state(value: Value, *, known: dict[str, str], kind: RowKind) -> str:
    word = word_of(value)
    if (found := known.get(word)) is not None:
        return found
    if kind is RowKind.AI_REQUESTS:
        if len(word) == 3 and word.isdecimal():  # of HTTP; 102 is “processing”
            return "pending" if word == "102" else "ok" if word < "400" else "error"
        raise ValueError(f"{_shown(value)} is not a known status; map it to ok, error or pending")
    if kind is RowKind.BATCH_RUNS:
        return text(value)[:200]  # kept as it was sent
    raise ValueError(f"{_shown(value)} is not one of {', '.join(sorted(set(known.values())))}")


def _rating(value: Value, *, unit: ValueUnit | None, values: dict[str, str]) -> int:
    word = states.rating_word(text(value))
    if word in values:
        return int(values[word])
    if unit is ValueUnit.THUMBS or (
        unit is None and not word.lstrip("+-").replace(".", "", 1).isdecimal()
    ):
        if word in states.THUMBS_UP or word in states.THUMBS_DOWN:
            return 1 if word in states.THUMBS_UP else -1
        raise ValueError(f"{_shown(value)} is neither thumbs-up nor thumbs-down")
    found = number(value)
    return max(1, math.ceil(found / 2)) if unit is ValueUnit.TEN else round(found)


def listed(value: Value) -> list[str]:
    """Return a list of words; a text is split at commas or semicolons."""
    given = decoded(value)
    if isinstance(given, list):
        return [text(each)[:200] for each in given if not is_nothing(each)][:100]
    words = re.split(r"[;,|]", text(given))
    return [word.strip()[:200] for word in words if word.strip()][:100]


def json_object(value: Value) -> dict[str, Any]:
    """Return an object; what is none stands under `value`."""
    given = decoded(value)
    return given if isinstance(given, dict) else {"value": given}


def json_objects(value: Value) -> list[dict[str, Any]]:
    """Return a list of objects, at most as many as a row may have."""
    given = decoded(value)
    found = given if isinstance(given, list) else [given]
    return [
        each if isinstance(each, dict) else {"name": text(each)}
        for each in found
        if not is_nothing(each)
    ][:200]


def decoded(value: Value) -> Value:
    """Return JSON that stands in a text; any other value is itself."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return value


def plain(value: Value) -> Value:
    """Return a value as JSON has it."""
    match value:
        case str() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value)
        case dict():
            return {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _lowered(values: dict[str, str]) -> dict[str, str]:
    return {word_of(word): meaning for word, meaning in values.items()}


def _shown(value: Value) -> str:
    return f"“{text(value)[:60]}”"


def text_or_object(value: Value) -> str | dict[str, Any]:
    """Return an object as it is, and anything else as text."""
    return value if isinstance(value, dict) else text(value)


PLAIN: dict[ValueType, Reader] = {
    ValueType.COUNT: count,
    ValueType.NUMBER: number,
    ValueType.LIST: listed,
    ValueType.OBJECT: json_object,
    ValueType.OBJECTS: json_objects,
    ValueType.TEXT_OR_OBJECT: text_or_object,
}
