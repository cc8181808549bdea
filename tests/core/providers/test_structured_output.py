"""Answers that follow a JSON Schema: what vendors get, and what the packaged model answers."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from core.providers.errors import RequestRejected
from core.providers.schemas import ChatMessage, MessageRole, ModelCall, Parameters, ProviderKind
from core.providers.structured_output import ResponseSchema, strict_form, with_single_types
from tests.factories.providers import ANTHROPIC, OPENAI, ask, connection
from tests.fake_vendor import Vendor

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "degrees": {"type": ["number", "null"], "minimum": -90},
        "days": {"type": "array", "items": {"$ref": "#/$defs/day"}},
    },
    "$defs": {"day": {"type": "object", "properties": {"sun": {"type": "boolean"}}}},
}
ANSWER = {"city": "Paris", "degrees": None, "days": [{"sun": True}]}


def sent(vendor: Vendor, kind: ProviderKind, schema: dict[str, Any] | None) -> dict[str, Any]:
    question = ChatMessage(role=MessageRole.USER, content="What is the weather in Paris?")
    asked = ModelCall("answer", None, (question,), Parameters(), (), schema)
    assert ask(connection(vendor, kind), asked).failure is None
    return vendor.last.body


def test_openai_gets_the_schema_in_its_strict_form(vendor: Vendor) -> None:
    response_format = sent(vendor, OPENAI, WEATHER)["response_format"]
    assert response_format["type"] == "json_schema"
    json_schema = response_format["json_schema"]
    assert (json_schema["name"], json_schema["strict"]) == ("response", True)
    assert json_schema["schema"]["required"] == ["city", "degrees", "days"]
    assert json_schema["schema"]["additionalProperties"] is False
    assert json_schema["schema"]["$defs"]["day"]["required"] == ["sun"]


def test_an_answer_in_the_strict_form_is_valid_for_the_schema_itself() -> None:
    strict = strict_form(WEATHER)
    assert strict is not None
    assert Draft202012Validator(strict).is_valid(ANSWER)
    assert Draft202012Validator(WEATHER).is_valid(ANSWER)
    assert not Draft202012Validator(strict).is_valid({"city": "Paris"})


@pytest.mark.parametrize(
    "member",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "object"},
        {"allOf": [{"type": "object", "properties": {}}]},
        {"type": "object", "properties": {}, "patternProperties": {"^x": {}}},
    ],
)
def test_a_schema_with_free_properties_is_sent_as_it_is(
    vendor: Vendor, member: dict[str, Any]
) -> None:
    schema = {"type": "object", "properties": {"any": {"type": "array", "items": member}}}
    json_schema = sent(vendor, OPENAI, schema)["response_format"]["json_schema"]
    assert (json_schema["schema"], json_schema["strict"]) == (schema, False)


def test_anthropic_gets_the_schema_with_bounds_as_descriptions(vendor: Vendor) -> None:
    output_format = sent(vendor, ANTHROPIC, WEATHER)["output_config"]["format"]
    assert output_format["type"] == "json_schema"
    degrees = output_format["schema"]["properties"]["degrees"]
    assert [variant["type"] for variant in degrees["anyOf"]] == ["number", "null"]
    assert "minimum: -90" in degrees["anyOf"][0]["description"]
    assert output_format["schema"]["additionalProperties"] is False


def test_single_types_keep_the_meaning_of_a_schema() -> None:
    changed = Draft202012Validator(with_single_types(WEATHER))
    assert changed.is_valid(ANSWER)
    assert changed.is_valid(ANSWER | {"degrees": 3})
    assert not changed.is_valid(ANSWER | {"degrees": "warm"})
    assert not changed.is_valid(ANSWER | {"degrees": -91})


@pytest.mark.parametrize("member", [{}, {"type": "nonsense"}, {"anyOf": ["x"]}, {"type": [{}]}])
def test_a_schema_that_anthropics_sdk_cannot_use_is_a_rejected_request(
    vendor: Vendor, member: dict[str, Any]
) -> None:
    question = ChatMessage(role=MessageRole.USER, content="Hello")
    schema = {"type": "object", "properties": {"any": member}}
    asked = ModelCall("answer", None, (question,), Parameters(), (), schema)
    failure = ask(connection(vendor, ANTHROPIC), asked).failure
    assert type(failure) is RequestRejected
    assert "response_schema" in failure.detail


def test_a_schema_without_properties_is_refused_for_anthropic_which_would_answer_nothing(
    vendor: Vendor,
) -> None:
    # Anthropic answers the properties of a schema only
    question = ChatMessage(role=MessageRole.USER, content="Hello")
    schema = {"type": "object", "properties": {}, "additionalProperties": True}
    asked = ModelCall("answer", None, (question,), Parameters(), (), schema)
    failure = ask(connection(vendor, ANTHROPIC), asked).failure
    assert type(failure) is RequestRejected
    assert "properties" in failure.detail


@pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC])
def test_without_a_schema_none_is_sent(vendor: Vendor, kind: ProviderKind) -> None:
    assert not sent(vendor, kind, None).keys() & {"response_format", "output_config"}


@pytest.mark.parametrize(
    "schema",
    [{}, {"type": "array"}, {"type": "object"}, {"type": "object", "properties": []}, [], "object"],
)
def test_a_response_schema_describes_an_object_with_properties(schema: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[Any](ResponseSchema).validate_python(schema)
