"""The arguments of tool calls, which models write."""

import json
from typing import Any

from pydantic import TypeAdapter

from core.ingest.json_objects import JsonObject

_OBJECT = TypeAdapter[dict[str, Any]](JsonObject)


def arguments_of(given: object) -> dict[str, Any]:
    """Return the arguments of a tool call, an object or its JSON text: empty for anything else, and
    for what could not be stored, such as a thousand lists in each other.
    """
    try:
        return _OBJECT.validate_python(json.loads(given) if isinstance(given, str) else given)
    except (ValueError, RecursionError):
        return {}
