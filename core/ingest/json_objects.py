"""JSON objects from outside: limited in depth, and safe to serialize again."""

import json
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator

DEEPEST = 64


def _storable_object(given: dict[str, Any]) -> dict[str, Any]:
    """Return an object that can be written as JSON in UTF-8, and read again by whoever counts on its depth."""
    level: list[object] = [given]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            break
    else:
        raise ValueError(f"This is nested deeper than {DEEPEST} levels.")
    try:
        json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # UnicodeEncodeError is one
        raise ValueError("This holds what JSON cannot: half a character, or a number that is none.") from None
    return given


def _inside(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable_object)]
