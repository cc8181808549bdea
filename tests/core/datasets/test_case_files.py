"""Files of cases in the formats of other programs, recognized by their content."""

import json
from typing import Any

import pytest

from core.datasets.errors import DatasetFileRefused, DatasetFileTooLarge
from core.datasets.files.parsed import ParsedCases
from core.datasets.files.reader import MAX_BYTES, read
from core.datasets.schemas import MOST_CASES

ASK = [{"role": "user", "content": "Why?"}]
SAID = [*ASK, {"role": "assistant", "content": "Because."}]


def parsed(*records: dict[str, Any]) -> ParsedCases:
    return read("\n".join(json.dumps(each) for each in records).encode())


@pytest.mark.parametrize(
    ("record", "form", "reference"),
    [
        ({"input": ASK, "ideal": ["Because.", "So."]}, "openai_evals", "Because."),
        ({"input": "Why?", "target": "Because."}, "inspect", "Because."),
        ({"turns": ["Why?"], "question_id": 1}, "questions", None),
        ({"question": "Why?", "answer": "Because."}, "questions", "Because."),
        ({"prompt": "Why?", "chosen": "Because.", "rejected": "No."}, "preferences", "Because."),
        ({"chosen": SAID, "rejected": [*ASK, SAID[1]]}, "preferences", "Because."),
        (
            {
                "input": {"messages": ASK},
                "preferred_output": SAID[1:],
                "non_preferred_output": SAID[1:],
            },
            "preferences",
            "Because.",
        ),
        ({"prompt": "Why?", "completion": "Because."}, "completions", "Because."),
        ({"instruction": "Why?", "input": "", "output": "Because."}, "instructions", "Because."),
        ({"messages": SAID}, "chats", "Because."),
        (
            {
                "conversations": [
                    {"from": "human", "value": "Why?"},
                    {"from": "gpt", "value": "Because."},
                ]
            },
            "chats",
            "Because.",
        ),
    ],
)
def test_a_record_is_a_question_with_its_reference(
    record: dict[str, Any], form: str, reference: str | None
) -> None:
    found = parsed(record)
    [case] = found.cases
    assert found.format == form
    assert [(it.role.value, it.content) for it in case.texts.messages] == [("user", "Why?")]
    assert case.texts.reference == reference
    assert found.unsupported == []


def test_fields_whose_names_are_numbers_are_named_as_not_imported() -> None:
    found = read(b"- question: Why?\n  note: x\n  1: y\n", "cases.yaml")
    assert len(found.cases) == 1
    assert [each.part for each in found.unsupported] == ["field 1", "field note"]


def test_an_expected_answer_that_is_short_is_looked_for_in_answers() -> None:
    found = parsed({"input": ASK, "ideal": ["a", "b"]}, {"input": ASK, "ideal": "long " * 100})
    assert [[it.kind for it in case.texts.assertions] for case in found.cases] == [["contains"], []]


def test_records_that_are_no_cases_and_fields_that_are_not_read_are_named_by_line() -> None:
    found = parsed(
        {"messages": SAID, "weight": 1},
        {"messages": [SAID[1]], "id": "x"},
        {"messages": "nobody"},
        {"other": 1},
    )
    assert len(found.cases) == 2
    assert [(it.line, it.part) for it in found.unsupported] == [
        (1, "field weight"),
        (2, "Line 2, ID x"),
        (4, "Line 4"),
    ]


def test_a_table_of_questions_has_references_tags_and_ids() -> None:
    found = read(b"\xef\xbb\xbfID;Question;Expected;Category\n7;Why?;Because.;odd\n", "q.csv")
    [case] = found.cases
    assert (case.texts.external_id, case.texts.reference, case.tags) == ("7", "Because.", ("odd",))


def test_each_line_of_a_text_is_a_question() -> None:
    found = read(b"Why, then?\n\nHow?\n", "questions.txt")
    assert [case.texts.messages[0].content for case in found.cases] == ["Why, then?", "How?"]


def test_a_registry_and_judge_prompts_have_no_cases_and_say_where_they_are() -> None:
    registry = b"a:\n  id: a.v0\n  metrics: [x]\na.v0:\n  class: b:C\n  args: {samples_jsonl: s}\n"
    found = read(registry)
    assert [(it.line, it.part) for it in found.unsupported] == [(1, "a"), (4, "a.v0")]
    assert "Import that file" in found.unsupported[1].reason
    assert parsed({"name": "j", "prompt_template": "x"}).unsupported_count == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n ",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        b'{"a": 1}',
        b"[1, 2]",
        b"[" * 100_000,
        b'{"input": "x"}\nnot json',
        b'{"input": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"question,question\na,b",
        b"question\n",
        b'question\n"' + b"x" * 2_000_000,
        b'{"input": "x"}\n' * (MOST_CASES + 2),
        b"[" + b'{"input": "x"},' * MOST_CASES + b'{"input": "x"}]',
        b"x\n" * (MOST_CASES + 1),
    ],
    ids=range(15),
)
def test_a_file_without_readable_cases_is_refused(content: bytes) -> None:
    try:
        found = read(content)
    except DatasetFileRefused:
        return
    assert found.cases == [] or content == b"PK\x03\x04"


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(DatasetFileTooLarge):
        read(b" " * (MAX_BYTES + 1))
