"""Answers that follow a JSON Schema, and the forms of the schema that vendors accept."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator

from core.ingest.json_objects import JsonObject

# Keywords whose values hold further schemas
BY_NAME = ("properties", "$defs", "definitions")
SINGLE = ("items", "additionalProperties")
LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(?P<inside>.*)\n```\Z", re.DOTALL | re.IGNORECASE)


class StructuredOutput(StrEnum):
    """What makes a model follow a schema: its vendor, the grammar of its server, or nothing."""

    NATIVE = "native"
    CONSTRAINED = "constrained"
    NONE = "none"


def _checked_schema(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        raise ValueError('This must be a JSON Schema with "type": "object" and "properties".')
    return schema


ResponseSchema = Annotated[JsonObject, AfterValidator(_checked_schema)]


def json_text(answer: str) -> str:
    """Return an answer without a fence of Markdown around it, which models add to JSON where their
    server does not hold them to a schema.
    """
    text = answer.strip()
    fenced = FENCE.match(text)
    return fenced["inside"] if fenced else text


def strict_form(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema with every property required and no others allowed.

    It is OpenAI's strict form: what follows it follows the schema, too. None when an object of the
    schema allows other properties than those that it names.
    """
    return _closed(schema) if _can_be_closed(schema) else None


def with_single_types(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with `anyOf` instead of lists of types, which Anthropic's SDK rejects."""
    changed = _with_subschemas(schema, with_single_types)
    types = changed.get("type")
    if not isinstance(types, list):
        return changed
    rest = {name: member for name, member in changed.items() if name != "type"}
    return {
        "anyOf": [{"type": name} if name == "null" else {**rest, "type": name} for name in types]
    }


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    changed = _with_subschemas(schema, _closed)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        changed |= {"required": list(properties), "additionalProperties": False}
    return changed


def _can_be_closed(value: object) -> bool:
    match value:
        case list():
            return all(_can_be_closed(member) for member in value)
        case {"allOf": _} | {"patternProperties": _}:
            return False
        case dict():
            is_bare = value.get("type") == "object" and "properties" not in value
            is_open = is_bare or value.get("additionalProperties", False) is not False
            return not is_open and all(_can_be_closed(member) for member in value.values())
        case _:
            return True


def _with_subschemas(
    schema: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return a copy in which `change` was applied to each schema directly inside this one."""

    def changed(member: object) -> object:
        return change(member) if isinstance(member, dict) else member

    copy: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in BY_NAME and isinstance(value, dict):
            copy[keyword] = {name: changed(member) for name, member in value.items()}
        elif keyword in SINGLE:
            copy[keyword] = changed(value)
        elif keyword in LISTS and isinstance(value, list):
            copy[keyword] = [changed(member) for member in value]
        else:
            copy[keyword] = value
    return copy
