"""JSON objects from outside: limited in depth, and serializable."""

import json
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator

MAX_JSON_DEPTH = 64


def _storable_object(json_object: dict[str, Any]) -> dict[str, Any]:
    """Return an object that is UTF-8 JSON within MAX_JSON_DEPTH levels; raise ValueError."""
    values: list[object] = [json_object]
    for _ in range(MAX_JSON_DEPTH):
        values = [child for value in values for child in _children(value)]
        if not values:
            break
    else:
        raise ValueError(f"This is nested deeper than {MAX_JSON_DEPTH} levels.")
    try:
        json.dumps(json_object, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # UnicodeEncodeError is one
        raise ValueError(
            "This has values that JSON cannot represent, such as half a surrogate pair or NaN."
        ) from None
    return json_object


def _children(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable_object)]
