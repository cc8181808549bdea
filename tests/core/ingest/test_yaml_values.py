"""Values in YAML of strangers cost no more than their length, whatever their type claims to be."""

from collections.abc import Callable
from typing import Any

import pytest

from core.datasets.files.yaml_documents import YamlDocument
from core.errors import Failure
from core.prompts import yaml_files


def of_cases(text: str) -> Any:  # noqa: ANN401  any YAML
    return YamlDocument(text).value


def of_a_prompt(text: str) -> Any:  # noqa: ANN401  any YAML
    return yaml_files.read(text.encode())


READERS = [of_cases, of_a_prompt]
SEXAGESIMAL = "1" + ":59" * 200_000  # as a number of base 60, it takes minutes to add up


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("value", ["12:30", "1:59:59.5", "2026-11-27", "Yes", SEXAGESIMAL])
def test_a_time_a_date_and_a_yes_are_texts(read: Callable[[str], Any], value: str) -> None:
    # YAML 1.1 reads 1:59:59 as a number of base 60
    assert read(f"note: {value}") == {"note": value}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "value",
    [
        f"!!int {SEXAGESIMAL}",
        "!!float 1:59.5",
        "!!bool maybe",
        "!!int ''",
        "!!int [1]",
        "!!timestamp x",
        "!!binary QUJD",
        "!!set {a, b}",
        "0x" + "f" * 100_000,
    ],
    ids=lambda value: value[:12],
)
def test_a_value_that_is_not_of_its_type_is_refused_in_words(
    read: Callable[[str], Any], value: str
) -> None:
    with pytest.raises(Failure) as refused:
        read(f"note: {value}")
    assert refused.value.detail


@pytest.mark.parametrize("read", READERS)
def test_numbers_and_booleans_are_what_they_look_like(read: Callable[[str], Any]) -> None:
    text = "a: 7\nb: 0x1f\nc: 1.5e+3\nd: true\ne: null\nf: -0.25\ng: !!str 7\nh: 0o17"
    expected = {"a": 7, "b": 31, "c": 1500.0, "d": True, "e": None, "f": -0.25, "g": "7", "h": 15}
    assert read(text) == expected
