"""The arguments of a tool call are an object that can be stored, or empty."""

import pytest

from core.scoring.tool_arguments import arguments_of


@pytest.mark.parametrize("given", ['{"city": "Paris"}', {"city": "Paris"}])
def test_an_object_and_its_text_are_the_same_arguments(given: object) -> None:
    assert arguments_of(given) == {"city": "Paris"}


@pytest.mark.parametrize(
    "given",
    [
        *("", "no JSON", "[1]", None, 3),
        *('{"a": NaN}', '{"a": "\\ud83d"}', "[" * 100_000),
        f'{{"a": {"[" * 70}{"]" * 70}}}',
    ],
)
def test_anything_else_is_no_arguments(given: object) -> None:
    assert arguments_of(given) == {}
