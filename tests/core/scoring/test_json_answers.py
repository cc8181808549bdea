"""An answer follows a JSON Schema, whose own work is limited."""

import json
import time
from typing import Any

import pytest
from pydantic import ValidationError

from tests.factories.scoring import scored, spec

LIMIT_S = 60  # on a busy machine; without limits, hours or without an end

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"type": "integer"}},
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ('{"name": "Ada", "age": 36}', True),
        ('```json\n{"name": "Ada"}\n```', True),
        ('{"name": "ada"}', False),
        ('{"age": 36}', False),
        ('{"name": "Ada", "age": "36"}', False),
        ('Here it is: {"name": "Ada"}', False),
        ('{"name": "Ada", "age": NaN}', False),
        ("[" * 100_000, False),
        ("", False),
    ],
)
def test_the_answer_is_json_that_follows_the_schema(text: str, passed: bool) -> None:
    found = scored(spec("json_schema", schema=PERSON), text)
    assert found.passed is passed
    assert passed or found.reason


@pytest.mark.parametrize("schema", [{}, {"items": {"pattern": "a"}}])
def test_half_a_character_is_no_json_whatever_the_schema(schema: dict[str, Any]) -> None:
    # The reason quoted the half, which cannot be stored, and the whole evaluation failed
    nested = {"additionalProperties": {"type": "string"}, **schema}
    for text in ('{"\\ud83d": 1}', '["\\ud83d"]'):
        found = scored(spec("json_schema", schema=nested), text)
        assert (found.passed, found.reason) == (False, "The answer is not JSON.")


def test_without_a_schema_any_json_passes() -> None:
    assert scored(spec("json_schema"), "[1, null]").passed
    assert scored(spec("json_schema"), "one").passed is False


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "text"}, "Invalid JSON Schema"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "Invalid RE2 pattern"),
        ({"patternProperties": {"(a)\\1": {}}}, "Invalid RE2 pattern"),
        ({"$ref": "https://example.com/schema"}, "must be within the schema"),
        ({"$dynamicRef": "#x"}, "use \\$ref"),
        ({"patternProperties": {"a": {}}, "additionalProperties": False}, "not supported"),
    ],
)
def test_a_schema_that_could_not_be_used_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        spec("json_schema", schema=schema)


def test_a_schema_that_doubles_its_work_at_each_level_ends_and_is_not_scored() -> None:
    levels = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    doubling = spec("json_schema", schema={"$defs": levels | {"a40": {}}, "$ref": "#/$defs/a0"})
    endless = spec("json_schema", schema={"$ref": "#"})
    missing = spec("json_schema", schema={"$ref": "#/$defs/none"})
    begun = time.monotonic()
    assert [scored(each, "1").score for each in (doubling, endless, missing)] == [None] * 3
    assert time.monotonic() - begun < LIMIT_S


def test_patterns_of_a_schema_take_no_exponential_time() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}, "patternProperties": {"(b+)+$": {}}}
    begun = time.monotonic()
    found = scored(spec("json_schema", schema=schema), f'{{"a": "{"a" * 40}!", "{"b" * 40}!": 1}}')
    assert found.passed is False
    assert time.monotonic() - begun < LIMIT_S


@pytest.mark.parametrize("dialect", ["2020-12/schema", "2019-09/schema"])
def test_a_part_that_names_its_dialect_takes_no_exponential_time_either(dialect: str) -> None:
    named = {"$schema": f"https://json-schema.org/draft/{dialect}"}
    slow = spec("json_schema", schema={"properties": {"a": {**named, "pattern": "^(a+)+$"}}})
    begun = time.monotonic()
    assert scored(slow, f'{{"a": "{"a" * 40}!"}}').passed is False
    assert time.monotonic() - begun < LIMIT_S
    kept = spec("json_schema", schema={**named, "properties": {"$schema": {"const": named}}})
    assert scored(kept, json.dumps({"$schema": named})).passed


@pytest.mark.parametrize(
    "schema",
    [{"type": [{"a": number} for number in range(6000)]}, {"allOf": [{}] * 20_000}],
)
def test_a_schema_that_takes_long_to_check_is_refused_by_its_size(schema: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Invalid JSON Schema: more than 5,000 parts"):
        spec("json_schema", schema=schema)


def test_unique_items_are_compared_as_json_and_quickly() -> None:
    # The library compares each pair: minutes for a long list
    unique = spec("json_schema", schema={"uniqueItems": True})
    assert scored(unique, '[1, "1", true, [1], {"a": 1, "b": 2}]').passed
    assert scored(unique, '[{"a": 1, "b": 2.0}, {"b": 2, "a": 1}]').passed is False
    assert scored(unique, "[1, 1.0]").passed is False
    begun = time.monotonic()
    assert scored(unique, json.dumps([{"a": number} for number in range(30_000)])).passed
    assert time.monotonic() - begun < LIMIT_S


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"allOf": [{"uniqueItems": True}] * 3000}, list(range(20_000))),
        ({"items": {"not": {"enum": list(range(2000))}}}, [-1] * 19_000),
        ({"allOf": [{"pattern": "b"}] * 1000}, "a" * 1_000_000 + "b"),
    ],
)
def test_a_schema_that_repeats_costly_checks_ends_and_is_not_scored(
    schema: dict[str, Any], answer: object
) -> None:
    begun = time.monotonic()
    assert scored(spec("json_schema", schema=schema), json.dumps(answer)).score is None
    assert time.monotonic() - begun < LIMIT_S


def test_a_long_list_of_objects_is_scored() -> None:
    properties = {f"p{number}": {"type": "integer", "minimum": 0} for number in range(10)}
    schema = {"items": {"type": "object", "required": ["p0"], "properties": properties}}
    answer = [{f"p{number}": number for number in range(10)}] * 10_000
    assert scored(spec("json_schema", schema=schema), json.dumps(answer)).passed


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("text", "1"),
        (3, "1"),
        ([{}], "1"),
        ({"multipleOf": 0}, "1"),
        ({"minContains": "x", "contains": {}}, "[1]"),
        ({"patternProperties": {"a": 5}}, '{"a": 1}'),
    ],
)
def test_a_reference_to_something_other_than_a_schema_is_not_scored(
    target: object, answer: str
) -> None:
    # A $ref to a title or a default raised TypeError in the scorer
    found = scored(spec("json_schema", schema={"default": target, "$ref": "#/default"}), answer)
    assert found.score is None
    assert "$ref" in found.reason


def test_a_number_that_is_too_large_to_be_divided_is_not_scored() -> None:
    multiple = spec("json_schema", schema={"multipleOf": 0.1})
    assert scored(multiple, "9" * 400).score is None
