"""Few bytes of a promptfoo file take little time, whatever they refer to."""

import json
import time
from typing import Any

import pytest

from core.datasets.errors import DatasetFileRefused
from core.datasets.files import parsed, reader

MAX_SECONDS = 20  # on a busy machine; without limits, hours or without an end
TEST = {"vars": {"a": "What is it?"}}


def promptfoo(**fields: Any) -> bytes:  # noqa: ANN401  any JSON
    return json.dumps({"prompts": ["{{a}}"], "tests": [TEST], **fields}).encode()


def sets(levels: int, each: int) -> dict[str, Any]:
    """Return sets of assertions, each with several references to the next."""
    named = {
        f"s{level}": {"type": "assert-set", "assert": [{"$ref": f"#/sets/s{level + 1}"}] * each}
        for level in range(levels)
    }
    return {**named, f"s{levels}": {"type": "contains", "value": "x"}}


def test_references_that_double_at_each_level_are_refused() -> None:
    begun = time.monotonic()
    first = {"assert": [{"$ref": "#/sets/s0"}]}
    found = reader.read(promptfoo(sets=sets(40, 2), defaultTest=first))
    assert "nested deeper than 6 levels" in found.unsupported[-1].reason
    assert time.monotonic() - begun < MAX_SECONDS


def test_references_that_stand_for_millions_of_assertions_are_refused() -> None:
    begun = time.monotonic()
    first = {"assert": [{"$ref": "#/sets/s0"}]}
    with pytest.raises(DatasetFileRefused, match=r"more than 50,000 assertions\. Split it"):
        reader.read(promptfoo(sets=sets(4, 200), defaultTest=first))
    assert time.monotonic() - begun < MAX_SECONDS


def test_a_set_that_refers_to_itself_is_named_as_not_imported() -> None:
    itself = {"type": "assert-set", "assert": [{"$ref": "#/itself"}]}
    found = reader.read(promptfoo(itself=itself, tests=[{**TEST, "assert": [itself]}]))
    assert len(found.cases) == 1
    assert "nested deeper than 6 levels" in found.unsupported[-1].reason


@pytest.mark.parametrize("kind", ["contains", "unknown"])
def test_many_assertions_of_all_tests_are_not_read_for_each_without_end(kind: str) -> None:
    begun = time.monotonic()
    shared = {"assert": [{"type": kind, "value": "x"}] * 500}
    with pytest.raises(DatasetFileRefused, match=r"more than 50,000 assertions"):
        reader.read(promptfoo(defaultTest=shared, tests=[TEST] * 2000))
    assert time.monotonic() - begun < MAX_SECONDS


def test_the_lines_of_very_many_keys_are_found_in_time() -> None:
    begun = time.monotonic()
    keys = ",".join(f"k{number}: 1" for number in range(30_000))
    found = reader.read(f"prompts: ['x']\ntests:\n- {{vars: {{a: b}},\n  {keys}}}".encode())
    assert found.unsupported_count == 30_000
    assert found.unsupported[0].line == 4
    assert time.monotonic() - begun < MAX_SECONDS


def test_a_key_that_comes_twice_has_the_line_of_its_value() -> None:
    found = reader.read(b"prompts: ['x']\ntests:\n- vars: {a: b}\n  k: 1\n  k: 2\n")
    assert [part.line for part in found.unsupported] == [5]


def test_the_size_of_all_cases_is_counted_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsed, "MAX_TOTAL_BYTES", 2000)
    with pytest.raises(DatasetFileRefused, match="more than"):
        reader.read(("\u65e5" * 900).encode(), "questions.txt")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"prompts: [{'x' * 2_000_000}]\ntests: [", id="a long prompt"),
        pytest.param(f"prompts: ['[{'1,' * 900_000}1]']\ntests: [", id="a prompt of JSON"),
        pytest.param(
            "prompts: ['{{a}}']\n"
            f"defaultTest: {{vars: {{a: {{b: {'x' * 2_000_000}}}}}}}\n"
            "tests: [",
            id="a long variable",
        ),
    ],
)
def test_tests_that_are_too_long_are_not_read_without_end(text: str) -> None:
    # A file of 2 MiB took a minute, in which nothing else ran
    begun = time.process_time()
    with pytest.raises(DatasetFileRefused, match="more than 40 MiB"):
        reader.read(f"{text}{'{vars: {c: d}},' * 20_000}]".encode(), "promptfooconfig.yaml")
    assert time.process_time() - begun < MAX_SECONDS
