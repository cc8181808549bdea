"""What is wrong with a line of JSON is said of its place in the line."""

import pytest

from core.imports.containers.json_files import decode


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", "not valid JSON: Expecting value at character 1"),
        ('{"a": 1} {"b": 2}', "not valid JSON: Extra data at character 10"),
        ('{"a": }', "not valid JSON: Expecting value at character 7"),
    ],
)
def test_a_wrong_line_names_the_character_and_no_line_of_its_own(line: str, words: str) -> None:
    assert decode(line) == (None, words)
