"""JSON Schemas that people write: draft 2020-12 with RE2 patterns, and no reference leaves them."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from core.scoring.patterns import compiled

MAX_CHECKS = 20_000  # references followed: schemas can double their work at each level
OTHER_PROPERTIES = ("additionalProperties", "unevaluatedProperties")
LATER_REFERENCES = ("$dynamicRef", "$recursiveRef")


class TooComplex(Exception):
    """The schema takes too many steps for this document."""


def checked_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that can be used; raise ValueError with the reason."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the schema"
        raise ValueError(f"Invalid JSON Schema: {place}: {error.message[:300]}") from None
    members = list(_objects(schema))
    for member in members:
        _check_references(member)
        _check_patterns(member)
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

    Raise TooComplex when the schema refers to itself without an end.
    """
    counted = _Steps()
    validator = validators.extend(
        Draft202012Validator,
        {
            "$ref": counted.follow,
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
        },
    )(schema, registry=Registry())
    try:
        error = next(validator.iter_errors(document), None)
    except (RecursionError, Unresolvable):
        raise TooComplex from None
    if error is None:
        return None
    place = "/".join(str(part) for part in error.absolute_path)
    return f"{place or 'the document'}: {error.message[:300]}"


class _Steps:
    def __init__(self) -> None:
        self._followed = 0

    def follow(
        self, validator: Draft202012Validator, reference: str, instance: object, schema: object
    ) -> Iterator[ValidationError]:
        self._followed += 1
        if self._followed > MAX_CHECKS:
            raise TooComplex
        yield from Draft202012Validator.VALIDATORS["$ref"](validator, reference, instance, schema)


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


def _check_references(member: dict[str, Any]) -> None:
    if any(name in member for name in LATER_REFERENCES):
        raise ValueError("Invalid JSON Schema: use $ref for references.")
    reference = member.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise ValueError("Invalid JSON Schema: a $ref must be within the schema (#/$defs/name).")


def _check_patterns(member: dict[str, Any]) -> None:
    pattern, by_pattern = member.get("pattern"), member.get("patternProperties")
    if isinstance(pattern, str):
        compiled(pattern)
    if isinstance(by_pattern, dict):
        for each in by_pattern:
            compiled(each)


def _objects(value: object) -> Iterator[dict[str, Any]]:
    match value:
        case dict():
            yield value
            for member in value.values():
                yield from _objects(member)
        case list():
            for member in value:
                yield from _objects(member)
