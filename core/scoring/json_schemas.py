"""JSON Schemas that people write: draft 2020-12 with RE2 patterns, and no reference leaves them."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from pydantic import ValidationInfo
from referencing import Registry
from referencing.exceptions import Unresolvable

from core.database.tables import STORED
from core.ingest.pattern_budget import checked
from core.platform.patterns import compiled

MAX_STEPS = 1_000_000  # schemas can double their work at each level, or ask the same repeatedly
REFERENCE_STEPS = 50
OTHER_PROPERTIES = ("additionalProperties", "unevaluatedProperties")
DATA = ("const", "enum", "default", "examples")  # not schemas
MAX_PARTS = 5000
MOST_PATTERNS = 100  # so many stay compiled; of more, each check would compile them again
MAX_PATTERN_CHARS = 50_000  # of all; the library compiles them by Python's expressions, too
MAX_INSTRUCTIONS = 500_000  # of RE2 for all patterns: about 0.1 s
TYPES = 7  # there are no more
LATER_REFERENCES = ("$dynamicRef", "$recursiveRef")


# Validator, the keyword's value, instance, schema
KeywordCheck = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


class TooComplex(Exception):
    """The schema takes too many steps for this document."""


class NotASchema(Exception):
    """A $ref leads to nothing, or to something other than a schema."""


def checked_schema(schema: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Return a schema that can be used; raise ValueError with the reason.

    The limits of patterns are for new schemas only: stored ones stay as they are.
    """
    members = list(_objects(schema))
    if len(members) > MAX_PARTS:
        raise ValueError(f"Invalid JSON Schema: more than {MAX_PARTS:,} parts.")
    if any(isinstance(it.get("type"), list) and len(it["type"]) > TYPES for it in members):
        raise ValueError("Invalid JSON Schema: type: there are only seven types.")
    patterns = set(_patterns(members))
    is_new = info.context is not STORED
    if is_new:
        _check_sizes(patterns)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the schema"
        raise ValueError(f"Invalid JSON Schema: {place}: {error.message[:300]}") from None
    for member in members:
        _check_references(member)
    _compile(patterns, MAX_INSTRUCTIONS if is_new else None)
    if any("patternProperties" in it for it in members) and any(
        name in it for it in members for name in OTHER_PROPERTIES
    ):
        # The library finds the other properties with Python's expressions, whose time is
        # exponential for some patterns.
        raise ValueError(
            "Invalid JSON Schema: patternProperties together with additionalProperties or "
            "unevaluatedProperties are not supported."
        )
    return schema


def first_violation(schema: dict[str, Any], document: object) -> str | None:
    """Return where and why a document doesn't follow a checked schema, or None.

    Raise TooComplex when that takes too many steps, as in a schema that refers to itself without an
    end, or when a number is too large to be compared; NotASchema.
    """
    counted = _Steps()
    keywords = {**Draft202012Validator.VALIDATORS, **OURS}
    validator = validators.extend(
        Draft202012Validator, {name: counted.wrap(name, check) for name, check in keywords.items()}
    )(_without_dialects(schema), registry=Registry())
    try:
        error = next(validator.iter_errors(document), None)
    except (RecursionError, OverflowError):
        raise TooComplex from None
    # A $ref may lead anywhere, such as to a title, and only schemas were checked
    except (Unresolvable, AttributeError, TypeError, ValueError, ZeroDivisionError):
        raise NotASchema from None
    if error is None:
        return None
    place = "/".join(str(part) for part in error.absolute_path)
    return f"{place or 'the document'}: {error.message[:300]}"


class _Steps:
    def __init__(self) -> None:
        self._taken = 0

    def wrap(self, name: str, check: KeywordCheck) -> KeywordCheck:
        """Return the check of a keyword, which counts its steps and raises TooComplex."""

        def counted(
            validator: object, value: object, instance: object, schema: object
        ) -> Iterator[ValidationError]:
            self._taken += _cost(name, value, instance)
            if self._taken > MAX_STEPS:
                raise TooComplex
            yield from check(validator, value, instance, schema) or ()

        return counted


def _cost(name: str, value: object, instance: object) -> int:
    """Return about how many steps of a microsecond the check of a keyword takes by itself."""
    if name == "$ref":
        return REFERENCE_STEPS
    if name == "uniqueItems":
        return _size(instance)
    listed = len(value) if isinstance(value, list | dict) else 0
    held = len(instance) if isinstance(instance, str | list | dict) else 0
    return 1 + listed + held // 100


def _size(value: object) -> int:
    """Return how many values JSON has, and hundreds of characters of texts."""
    match value:
        case dict():
            return 1 + sum(map(_size, value.values()))
        case list():
            return 1 + sum(map(_size, value))
        case str():
            return 1 + len(value) // 100
        case _:
            return 1


def _pattern(
    _validator: Draft202012Validator, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and compiled(pattern).search(instance) is None:
        yield ValidationError(f"{instance[:100]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Draft202012Validator, patterns: dict[str, Any], instance: object, _schema: object
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            if compiled(pattern).search(name) is not None:
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _unique_items(
    _validator: Draft202012Validator, is_wanted: object, instance: object, _schema: object
) -> Iterator[ValidationError]:
    # The library compares each pair of objects: minutes for an answer with many
    if is_wanted is True and isinstance(instance, list):
        distinct = {json.dumps(_comparable(item), sort_keys=True) for item in instance}
        if len(distinct) < len(instance):
            yield ValidationError("the items are not unique")


def _comparable(value: object) -> object:
    """Return JSON in which equal numbers are written the same way."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _comparable(member) for name, member in value.items()}
        case list():
            return [_comparable(member) for member in value]
        case _:
            return value


def _check_references(member: dict[str, Any]) -> None:
    if any(name in member for name in LATER_REFERENCES):
        raise ValueError("Invalid JSON Schema: use $ref for references.")
    reference = member.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise ValueError("Invalid JSON Schema: a $ref must be within the schema (#/$defs/name).")


def _patterns(members: Iterable[dict[str, Any]]) -> Iterator[str]:
    for member in members:
        pattern, by_pattern = member.get("pattern"), member.get("patternProperties")
        if isinstance(pattern, str):
            yield pattern
        if isinstance(by_pattern, dict):
            yield from by_pattern


def _check_sizes(patterns: Collection[str]) -> None:
    if len(patterns) > MOST_PATTERNS:
        raise ValueError(
            f"Invalid JSON Schema: more than {MOST_PATTERNS} patterns. List values in enum, or use "
            "the same pattern more often."
        )
    if sum(map(len, patterns)) > MAX_PATTERN_CHARS:
        raise ValueError(
            f"Invalid JSON Schema: its patterns have more than {MAX_PATTERN_CHARS:,} characters. "
            "Shorten them, or list values in enum."
        )


def _compile(patterns: Iterable[str], most_instructions: int | None) -> None:
    instructions = 0
    for pattern in patterns:
        instructions += checked(pattern).programsize
        if most_instructions is not None and instructions > most_instructions:
            raise ValueError(
                "Invalid JSON Schema: its patterns are too large. Repeat less in them, as in "
                "{1,50}; the length of texts is limited by maxLength."
            )


OURS: dict[str, KeywordCheck] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "uniqueItems": _unique_items,
}


def _without_dialects(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return a schema without `$schema`: the library checks parts that name a dialect by its own
    keywords, such as patterns by Python's expressions, whatever it was given.
    """
    match value:
        case dict():
            return {
                name: member if name in DATA else _without_dialects(member)
                for name, member in value.items()
                if name != "$schema" or not isinstance(member, str)
            }
        case list():
            return list(map(_without_dialects, value))
        case _:
            return value


def _objects(value: object) -> Iterator[dict[str, Any]]:
    match value:
        case dict():
            yield value
            for member in value.values():
                yield from _objects(member)
        case list():
            for member in value:
                yield from _objects(member)
