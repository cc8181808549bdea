"""Configurations of promptfoo: each assertion becomes a scorer, or is named with its line."""

from typing import Any

import pytest

from core.datasets.errors import DatasetFileRefused
from core.datasets.files.assertions import AssertionRefused, scorer_of
from core.datasets.files.parsed import ParsedCases
from core.datasets.files.reader import read

CONFIGURATION = """\
prompts:
  - 'Translate to {{language}}: {{text}}'
  - file://others.txt
providers: [openai:gpt-4.1]
defaultTest:
  vars: {language: French}
  assert:
    - type: latency
      threshold: 5000
tests:
  - vars: {text: Yes}
    assert:
      - type: not-icontains
        value: '{{text}}'
      - type: javascript
        value: output.length
      - $ref: '#/assertionTemplates/polite'
      - type: assert-set
        assert:
          - {type: contains, value: Oui}
          - {type: not-regex, value: '[0-9]'}
  - vars: {text: [one, two]}
  - file://tests.csv
  - vars: {text: file://secret.txt}
  - assert: [{$ref: 'file:///etc/passwd'}]
assertionTemplates:
  polite: {type: llm-rubric, value: It is polite}
"""


def parsed(text: str, name: str = "config.yaml") -> ParsedCases:
    return read(text.encode(), name)


def named(found: ParsedCases) -> list[tuple[int | None, str]]:
    return [(it.line, it.part) for it in found.unsupported]


def test_variables_defaults_references_and_sets_are_resolved() -> None:
    found = parsed(CONFIGURATION)
    first, second, third, _ = found.cases
    assert first.texts.messages[0].content == "Translate to French: Yes"
    assert first.texts.context == {"language": "French", "text": "Yes"}
    kinds = [(it.kind, it.negate) for it in first.texts.assertions]
    assert kinds == [("latency", False), ("contains", True), ("judge", False), ("all", False)]
    contains, inner = first.texts.assertions[1], first.texts.assertions[3]
    assert contains.model_dump()["values"] == ("Yes",)
    assert [it.kind for it in inner.scorers] == ["contains", "regex"]  # type: ignore[union-attr]
    assert [it.texts.messages[0].content for it in (second, third)] == [
        "Translate to French: one",
        "Translate to French: two",
    ]


def test_what_has_no_counterpart_is_named_with_its_line() -> None:
    found = parsed(CONFIGURATION)
    assert named(found) == [
        (4, "providers"),
        (3, "prompts: file://others.txt"),
        (15, "Test 1, assertion javascript"),
        (23, "tests: file://tests.csv"),
        (24, "Test 4"),
        (25, "Test 5, assertion $ref"),
    ]
    assert found.cases[0].texts.unsupported == (
        "Test 1, assertion javascript: Code of files is not run.",
    )


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ({"type": "equals", "value": 5}, {"kind": "exact", "value": "5"}),
        ({"type": "contains-any", "value": "a, b"}, {"values": ("a", "b"), "match": "any"}),
        ({"type": "icontains-all", "value": ["a"]}, {"match": "all", "case_sensitive": False}),
        ({"type": "starts-with", "value": "a.b"}, {"kind": "regex", "pattern": r"^a\.b"}),
        ({"type": "is-json"}, {"kind": "json_schema", "json_schema": {}}),
        ({"type": "similar", "value": "x"}, {"kind": "similarity", "threshold": 0.75}),
        ({"type": "not-is-json", "weight": 2}, {"negate": True, "weight": 2.0}),
        ({"type": "cost", "threshold": 0.01, "metric": "price"}, {"name": "price"}),
        ({"type": "factuality", "value": "x"}, {"kind": "judge"}),
    ],
)
def test_a_type_becomes_its_scorer(assertion: dict[str, Any], expected: dict[str, Any]) -> None:
    found = scorer_of(assertion).model_dump(by_alias=False)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "assertion",
    [
        {"type": "python", "value": "True"},
        {"type": "not-rouge-n", "value": "x"},
        {"type": "contains", "value": "file://x.txt"},
        {"type": "contains", "value": {"a": 1}},
        {"type": "equals", "value": "x", "transform": "output.trim()"},
        {"type": "regex", "value": "(?=a)"},
        {"type": "latency"},
        {"type": "assert-set", "assert": [{"type": "python"}]},
        {"type": "assert-set", "assert": [], "threshold": 0.5},
        {"type": "is-json", "value": "file://schema.json"},
        {"type": "is-json", "value": {"$ref": "https://example.com/schema"}},
        {"type": 5},
        {},
    ],
)
def test_an_assertion_without_a_counterpart_is_refused(assertion: dict[str, Any]) -> None:
    with pytest.raises(AssertionRefused):
        scorer_of(assertion)


def test_a_table_has_assertions_in_its_expected_columns() -> None:
    table = (
        "question,__expected,__expected2,__metric\n"
        '"a, b",not-contains:x,similar(0.5): Hello,m\n'
        "c,plain text,fn:output,m\nd,rouge-n(0.5):x,,m\n"
    )
    found = parsed(table, "tests.csv")
    first, second, third = found.cases
    assert [it.kind for it in first.texts.assertions] == ["contains", "similarity"]
    assert [it.kind for it in second.texts.assertions] == ["exact"]
    assert third.texts.assertions == ()
    assert named(found) == [
        (1, "column __metric"),
        (3, "__expected2, fn"),
        (4, "__expected, rouge-n(0.5)"),
    ]


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([*lines, "tests: []"])


def chain(levels: int) -> str:
    lines = [f"b{n}: &b{n} [{f'*b{n - 1}' if n else ''}]" for n in range(levels)]
    return "\n".join([*lines, "tests: []"])


@pytest.mark.parametrize(
    "text",
    [
        bomb(9),
        "tests: &a [*a]",
        "tests: " + "[" * 100 + "]" * 100,
        "tests: " + "[" * 100_000,
        chain(100),
        "tests: !!python/object/apply:os.system [true]",
        "tests:\n  - vars: {" + ", ".join(f"v{n}: [1, 2, 3, 4]" for n in range(20)) + "}",
        "prompts: ['" + "{{a}}" * 2000 + "']\ntests: [{vars: {a: " + "x" * 100_000 + "}}]",
        "tests: [unclosed",
        "a: 1\n\tb: 2",
        "tests: {a: 1}",
    ],
)
def test_a_hostile_file_is_refused_or_gives_no_case(text: str) -> None:
    try:
        found = parsed(text)
    except DatasetFileRefused:
        return
    assert found.cases == []


def test_a_reference_to_itself_ends() -> None:
    text = "tests:\n  - vars: {a: x}\n    assert: [{$ref: '#/b'}]\nb: {$ref: '#/b'}"
    found = parsed(text)
    assert named(found)[-1] == (3, "Test 1, assertion $ref")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("12:30", "12:30"),
        ("1:30:05.5", "1:30:05.5"),
        ("01234", "01234"),
        ("-7", -7),
        ("0", 0),
        ("0x1F", 31),
        ("1_000", 1000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("1e-05", 0.00001),
        ("2E3", 2000.0),
    ],
)
def test_numbers_are_those_of_yaml_1_2(written: str, read_as: object) -> None:
    # PyYAML reads 12:30 as 750 and 01234 as 668
    found = parsed(f"tests: [{{vars: {{at: {written}}}}}]")
    assert found.cases[0].texts.context == {"at": read_as}


def test_a_row_of_numbers_with_colons_is_a_text_however_long() -> None:
    many = ":".join(["1"] * 1000) + ".5"
    assert parsed(f"tests: [{{vars: {{at: {many}}}}}]").cases[0].texts.context == {"at": many}
