"""Limits on JSON from outside, checked in its bytes: `{}` is two of them, and dozens as an object.

Nothing here makes an object of the JSON, but for the lists' elements as slices, of which there are never more than wanted.
"""

import re
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw

from core.ingest.json_objects import DEEPEST

MOST_VALUES = 50_000  # of one row
# One that never ends counts as well: else what is left of the text would be looked through at each quote within it.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
ALL_SQUARE = bytes.maketrans(b"{}", b"[]")


class TooMany(Exception):
    """A list has more elements than wanted."""


def excess(text: bytes, *, most_values: int = MOST_VALUES, deepest: int = DEEPEST) -> str | None:
    """Return in words what JSON has too much of, values or levels; None when it is within both, or is no JSON at all."""
    brackets = text.translate(ALL_SQUARE, NO_BRACKETS)
    # Counted with what stands inside of texts first, which is quick and never too low.
    if text.count(b",") + len(brackets) // 2 <= most_values and _height(brackets, deepest) == 0:
        return None
    bare, strings = STRING.subn(b"", text, count=2 * most_values)
    brackets = bare.translate(ALL_SQUARE, NO_BRACKETS)
    if strings == 2 * most_values or bare.count(b",") + len(brackets) // 2 > most_values:
        return f"more than {most_values:,} values"
    return f"nested deeper than {deepest} levels" if _height(brackets, deepest) == deepest else None


def is_excessive(text: str, most_values: int) -> bool:
    """Whether JSON in a text holds more values, or more levels, than is read of it."""
    return len(text) > most_values and excess(text.encode(errors="replace"), most_values=most_values) is not None


def _height(brackets: bytes, most: int) -> int:
    """Return 0 for brackets that close within `most` levels, `most` for higher ones, and else how many levels do close."""
    for level in range(most):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            return level
        if not inner:
            return 0
        brackets = inner
    return most


def elements(text: Raw, most: int) -> list[Raw]:
    """Return the elements of a JSON list; raise TooMany, or msgspec's errors for what is no list."""
    if memoryview(text).nbytes < 2 * most:
        return msgspec.json.decode(text, type=list[Raw])
    if bytes(memoryview(text)[:1]) != b"[":
        raise msgspec.ValidationError("Expected `array`")
    # As fields of one object: msgspec stops at the first element that there is no field for.
    try:
        found = msgspec.json.decode(text, type=_fields(most))
    except msgspec.ValidationError:
        raise TooMany from None
    return [each for each in msgspec.structs.astuple(found) if each is not msgspec.UNSET]


@cache
def _fields(most: int) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = [(f"element_{place}", Raw | msgspec.UnsetType, msgspec.UNSET) for place in range(most)]
    return msgspec.defstruct("Elements", fields, array_like=True, forbid_unknown_fields=True)
