"""Limits on JSON from outside, checked in its bytes: decoded, small values take dozens of times as
much memory.

Nothing here decodes the JSON, except that elements of a list are separated, up to a limit.
"""

import re
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw

from core.ingest.json_objects import MAX_JSON_DEPTH

MOST_VALUES = 50_000  # in one row
# An unterminated string matches as well: otherwise the rest of the text would be scanned at each
# quote in it.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
ALL_SQUARE = bytes.maketrans(b"{}", b"[]")


class TooMany(Exception):
    """A list has more elements than the limit."""


def excess(
    text: bytes, *, most_values: int = MOST_VALUES, deepest: int = MAX_JSON_DEPTH
) -> str | None:
    """Return which limit JSON exceeds (values or levels) as a message, or None."""
    brackets = text.translate(ALL_SQUARE, NO_BRACKETS)
    # First with the brackets inside strings, which is fast and never too low.
    if text.count(b",") + len(brackets) // 2 <= most_values and _height(brackets, deepest) == 0:
        return None
    bare, strings = STRING.subn(b"", text, count=2 * most_values)
    brackets = bare.translate(ALL_SQUARE, NO_BRACKETS)
    if strings == 2 * most_values or bare.count(b",") + len(brackets) // 2 > most_values:
        return f"more than {most_values:,} values"
    return f"nested deeper than {deepest} levels" if _height(brackets, deepest) == deepest else None


def is_excessive(text: str, most_values: int) -> bool:
    """Whether the JSON in a text has more values or levels than allowed."""
    return (
        len(text) > most_values
        and excess(text.encode(errors="replace"), most_values=most_values) is not None
    )


def _height(brackets: bytes, max_levels: int) -> int:
    """Return the nesting level at the end: 0 when closed, at most `max_levels`."""
    for level in range(max_levels):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            return level
        if not inner:
            return 0
        brackets = inner
    return max_levels


def elements(text: Raw, max_elements: int) -> list[Raw]:
    """Return the elements of a JSON list; raise TooMany, or msgspec's errors."""
    if memoryview(text).nbytes < 2 * max_elements:
        return msgspec.json.decode(text, type=list[Raw])
    if bytes(memoryview(text)[:1]) != b"[":
        raise msgspec.ValidationError("Expected `array`")
    # Decoded as the fields of one struct: msgspec stops at the first element without a field.
    try:
        decoded = msgspec.json.decode(text, type=_fields(max_elements))
    except msgspec.ValidationError:
        raise TooMany from None
    return [element for element in msgspec.structs.astuple(decoded) if element is not msgspec.UNSET]


@cache
def _fields(count: int) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = [
        (f"element_{index}", Raw | msgspec.UnsetType, msgspec.UNSET) for index in range(count)
    ]
    return msgspec.defstruct("Elements", fields, array_like=True, forbid_unknown_fields=True)
