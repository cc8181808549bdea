"""Tool calls in training exports: included with their results where both are stored, else left out
with a reason.
"""

import json
from typing import Any

import pytest

from core.annotations.exports.examples import Example
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.readers import is_readable
from core.annotations.exports.transcripts import StoredTurn
from core.annotations.schemas import AnnotationType

QUESTION = StoredTurn("user", "Where is order 7?")
ANSWER = StoredTurn("assistant", "It is on its way.")
FIND = {"id": "toolu_1", "name": "orders.find", "arguments": {"order": 7}}
TRACK = {
    "id": "toolu_2",
    "type": "function",
    "function": {"name": "track", "arguments": '{"parcel": "p"}'},
}
FOUND, TRACKED = (
    StoredTurn("tool", '{"parcel": "p"}', answers="toolu_1"),
    StoredTurn("tool", "in Bern", answers="toolu_2"),
)
TRAINING = [name for name, form in FORMATS.items() if form.tells_calls]


def calling(*calls: dict[str, Any], content: str = "") -> StoredTurn:
    return StoredTurn("assistant", content, calls)


def example(
    *before: StoredTurn,
    said: StoredTurn = ANSWER,
    approved: bool = True,
    **others: Any,  # noqa: ANN401
) -> Example:
    kind = AnnotationType.APPROVED if approved else AnnotationType.CORRECTION
    better = None if approved else "Better."
    return Example(kind, better, {"annotation_type": kind}, said, (QUESTION, *before), **others)


def line(name: FormatName, given: Example) -> Any:  # noqa: ANN401  any JSON
    found = FORMATS[name].write(given)
    assert isinstance(found, bytes), found
    assert is_readable(name, found)
    return json.loads(found)


def messages(given: Example) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line(FormatName.OPENAI_CHAT, given)["messages"]
    return found


def test_a_call_is_followed_by_what_the_tool_said() -> None:
    found = line(FormatName.OPENAI_CHAT, example(calling(FIND, content="Let me look."), FOUND))
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "orders_find", "arguments": '{"order": 7}'},
    }
    assert found["messages"][1:] == [
        {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
        {
            "role": "tool",
            "tool_call_id": "call_1",
            "name": "orders_find",
            "content": '{"parcel": "p"}',
        },
        {"role": "assistant", "content": "It is on its way."},
    ]
    parameters = {"type": "object", "properties": {"order": {"type": "integer"}}}
    assert found["tools"] == [
        {"type": "function", "function": {"name": "orders_find", "parameters": parameters}}
    ]


def test_without_tools_a_line_is_as_it_was() -> None:
    assert line(FormatName.OPENAI_CHAT, example()) == {
        "messages": [
            {"role": "user", "content": QUESTION.content},
            {"role": "assistant", "content": ANSWER.content},
        ]
    }
    assert set(line(FormatName.TRL_UNPAIRED, example())) == {"prompt", "completion", "label"}


def test_several_calls_at_once_are_answered_each_by_its_own() -> None:
    found = messages(example(calling(FIND, TRACK), TRACKED, FOUND))
    assert found[1]["content"] is None
    assert [call["id"] for call in found[1]["tool_calls"]] == ["call_1", "call_2"]
    assert [(each["tool_call_id"], each["content"]) for each in found[2:4]] == [
        ("call_2", "in Bern"),
        ("call_1", '{"parcel": "p"}'),
    ]


def test_tools_that_name_no_call_answer_in_its_order() -> None:
    unnamed = [StoredTurn("tool", "one"), StoredTurn("tool", "two")]
    calls = [{key: value for key, value in call.items() if key != "id"} for call in (FIND, TRACK)]
    for given in (example(calling(*calls), *unnamed), example(calling(FIND, TRACK), *unnamed)):
        found = messages(given)
        assert [(each["tool_call_id"], each["content"]) for each in found[2:4]] == [
            ("call_1", "one"),
            ("call_2", "two"),
        ]


def test_calls_that_came_with_their_results_stand_before_the_words_they_led_to() -> None:
    made: list[dict[str, Any]] = [
        FIND | {"result": {"parcel": "p"}, "duration_ms": 3},
        {"name": "now", "arguments": "", "result": "noon"},
    ]
    for given in (
        example(calling(*made, content="It is noon.")),
        example(said=calling(*made, content="It is noon.")),
    ):
        found = messages(given)
        assert [each["role"] for each in found[:5]] == [
            "user",
            "assistant",
            "tool",
            "tool",
            "assistant",
        ]
        assert [each["content"] for each in found[1:5]] == [
            None,
            '{"parcel": "p"}',
            "noon",
            "It is noon.",
        ]


def test_an_answer_that_only_calls_is_learned_from_as_a_call() -> None:
    found = messages(example(said=calling(FIND)))
    assert found[-1]["tool_calls"][0]["function"]["arguments"] == '{"order": 7}'
    corrected = messages(example(said=calling(FIND), approved=False))
    assert corrected[-1] == {"role": "assistant", "content": "Better."}


def test_of_calls_by_name_alone_the_words_are_there() -> None:
    bare = {"name": "kb.search", "error": "timeout"}
    given = example(calling(bare, content="Hm."), said=StoredTurn("assistant", "It is.", [bare]))
    assert line(FormatName.OPENAI_CHAT, given) == {
        "messages": [
            {"role": "user", "content": QUESTION.content},
            {"role": "assistant", "content": "Hm."},
            {"role": "assistant", "content": "It is."},
        ]
    }
    assert given.has_bare_calls
    assert not given.has_guessed_tools


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ([calling(FIND)], ExclusionReason.TOOLS_UNANSWERED),
        ([calling(FIND, TRACK), FOUND], ExclusionReason.TOOLS_UNANSWERED),
        ([calling(FIND), QUESTION, FOUND], ExclusionReason.TOOLS_UNANSWERED),
        ([calling(FIND | {"result": "x"}, TRACK)], ExclusionReason.TOOLS_UNANSWERED),
        ([FOUND], ExclusionReason.TOOLS_UNASKED),
        ([calling(FIND), TRACKED], ExclusionReason.TOOLS_UNASKED),
        ([calling(FIND), FOUND, FOUND], ExclusionReason.TOOLS_UNASKED),
        ([calling({"name": "a"}), StoredTurn("tool", "x")], ExclusionReason.TOOLS_UNASKED),
        ([calling(FIND | {"arguments": "order 7"}), FOUND], ExclusionReason.CALL_UNREADABLE),
        ([calling(FIND | {"arguments": "[" * 10_000}), FOUND], ExclusionReason.CALL_UNREADABLE),
        ([calling(FIND | {"arguments": [7]}), FOUND], ExclusionReason.CALL_UNREADABLE),
        ([calling({"id": "toolu_1", "name": "a"}), FOUND], ExclusionReason.CALL_UNREADABLE),
        ([calling(FIND | {"name": ""}), FOUND], ExclusionReason.CALL_UNREADABLE),
        (
            [calling(FIND | {"name": "orders find"}, FIND), FOUND, FOUND],
            ExclusionReason.CALL_UNREADABLE,
        ),
    ],
)
@pytest.mark.parametrize(
    "name", [FormatName.OPENAI_CHAT, FormatName.SHAREGPT, FormatName.TRL_UNPAIRED]
)
def test_what_cannot_be_told_is_left_out_with_its_reason(
    name: FormatName, before: list[StoredTurn], reason: ExclusionReason
) -> None:
    assert FORMATS[name].write(example(*before)) is reason
    assert isinstance(FORMATS[FormatName.KB_MARKDOWN].write(example(*before)), bytes)
    assert isinstance(FORMATS[FormatName.JSONL].write(example(*before)), bytes)


def test_what_a_tool_says_at_the_end_is_no_answer() -> None:
    assert (
        FORMATS[FormatName.OPENAI_CHAT].write(example(calling(FIND), said=FOUND))
        is ExclusionReason.NOT_AN_ANSWER
    )


def test_a_shortened_conversation_may_begin_with_what_tools_said() -> None:
    given = Example(
        AnnotationType.APPROVED,
        None,
        {},
        ANSWER,
        (StoredTurn("system", "s"), FOUND, QUESTION),
        is_shortened=True,
    )
    assert [each["role"] for each in messages(given)] == ["system", "user", "assistant"]


def test_tools_are_as_their_sender_has_defined_them() -> None:
    known = {
        "type": "function",
        "function": {
            "name": "orders.find",
            "description": "Finds",
            "parameters": {"type": "object"},
        },
    }
    older = {"name": "b", "parameters": {"type": "object"}, "strict": True}
    anthropic = {"name": "c", "input_schema": {"type": "object"}}
    given = example(
        calling(FIND, TRACK), FOUND, TRACKED, tools=[known, older, anthropic, {"name": 1}, "x"]
    )
    found = {
        each["function"]["name"]: each["function"]
        for each in line(FormatName.OPENAI_CHAT, given)["tools"]
    }
    assert found["orders_find"]["description"] == "Finds"
    assert found["b"] == {"name": "b", "parameters": {"type": "object"}}
    assert found["c"] == {"name": "c", "parameters": {"type": "object"}}
    assert set(found["track"]["parameters"]["properties"]) == {"parcel"}


def test_a_preference_tells_both_answers_of_the_tools() -> None:
    given = example(calling(FIND), FOUND, approved=False)
    found = line(FormatName.OPENAI_DPO, given)
    assert [each["role"] for each in found["input"]["messages"]] == ["user", "assistant", "tool"]
    assert [each["function"]["name"] for each in found["input"]["tools"]] == ["orders_find"]
    pair = line(FormatName.TRL_PREFERENCE, given)
    assert json.loads(pair["tools"]) == found["input"]["tools"]
    assert pair["chosen"] == [{"role": "assistant", "content": "Better."}]


def test_sharegpt_marks_calls_and_what_tools_said() -> None:
    given = example(calling(FIND, TRACK, content="Hm."), FOUND, TRACKED)
    turns = line(FormatName.SHAREGPT, given)["conversations"]
    assert [each["from"] for each in turns] == ["system", "human", "gpt", "tool", "gpt"]
    assert turns[0]["value"].startswith('<tools>\n[{"type": "function"')
    assert turns[2]["value"].startswith(
        'Hm.\n<tool_call>\n{"name": "orders_find", "arguments": {"order": 7}}\n</tool_call>\n'
    )
    assert turns[3]["value"].count("<tool_response>") == 2


def test_instructions_and_tools_are_one_turn_of_the_system() -> None:
    given = Example(
        AnnotationType.APPROVED,
        None,
        {},
        ANSWER,
        (StoredTurn("system", "Be kind."), QUESTION, calling(FIND), FOUND),
    )
    turns = line(FormatName.SHAREGPT, given)["conversations"]
    assert turns[0]["value"].startswith("Be kind.\n\n<tools>")
    assert turns[1]["from"] == "human"


@pytest.mark.parametrize(
    "text", ["</tool_response>\n<tool_call>", "\u202e\ud800", "x" * 200_000, '"}}', "<script>"]
)
@pytest.mark.parametrize("name", TRAINING)
def test_hostile_tools_stay_within_their_marks(name: FormatName, text: str) -> None:
    call = {"id": text, "name": text, "arguments": {text: text}}
    kind = AnnotationType.APPROVED if name is FormatName.TRL_UNPAIRED else AnnotationType.CORRECTION
    given = Example(
        kind,
        "Better.",
        {},
        ANSWER,
        (QUESTION, calling(call), StoredTurn("tool", text, answers=text)),
    )
    found = FORMATS[name].write(given)
    assert isinstance(found, bytes)
    assert is_readable(name, found)
    assert found.count(b"\n") == 1
    if name is FormatName.SHAREGPT:
        assert found.count(b"</tool_response>") == 1


CALLED = (
    '{"role": "assistant", "content": null, "tool_calls": '
    '[{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}'
)
TOOLS = '"tools": [{"type": "function", "function": {"name": "f"}}]'
SAYS = '{"role": "tool", "tool_call_id": "a", "content": "x"}'
ASKS, ENDS = '{"role": "user", "content": "q"}', '{"role": "assistant", "content": "e"}'


@pytest.mark.parametrize(
    ("said", "is_good"),
    [
        ([ASKS, CALLED, SAYS, ENDS], True),
        ([ASKS, CALLED], True),
        ([ASKS, CALLED, ENDS], False),
        ([ASKS, CALLED, SAYS], False),
        ([ASKS, SAYS, ENDS], False),
        ([ASKS, CALLED, SAYS, SAYS, ENDS], False),
        ([ASKS, CALLED, SAYS, CALLED, SAYS, ENDS], False),  # the same id again
        ([ASKS, CALLED.replace('"{}"', '"{"'), SAYS, ENDS], False),
        ([ASKS, CALLED.replace('"{}"', '"[]"'), SAYS, ENDS], False),
        ([ASKS, CALLED.replace('"{}"', "{}"), SAYS, ENDS], False),
        ([ASKS, CALLED.replace('"name": "f"', '"name": "g"'), SAYS, ENDS], False),  # among no tools
        ([ASKS, CALLED.replace('"name": "f"', '"name": "a.b"'), SAYS, ENDS], False),
        ([CALLED.replace("assistant", "user"), SAYS, ENDS], False),
        ([ASKS, '{"role": "assistant", "content": null}', ENDS], False),
        ([ASKS, CALLED.replace('"id": "a"', f'"id": "{"a" * 41}"'), SAYS, ENDS], False),
    ],
)
def test_a_reader_wants_each_call_answered_once_and_at_once(said: list[str], is_good: bool) -> None:
    assert (
        is_readable(
            FormatName.OPENAI_CHAT, f'{{"messages": [{", ".join(said)}], {TOOLS}}}\n'.encode()
        )
        is is_good
    )


def test_a_reader_of_sharegpt_wants_each_call_answered() -> None:
    call, says = (
        '<tool_call>\\n{\\"name\\": \\"f\\"}\\n</tool_call>',
        '<tool_response>\\n{\\"name\\": \\"f\\"}\\n</tool_response>',
    )
    for values, is_good in (
        ([call, says], True),
        ([call, "x"], False),
        ([call], False),
        (["hm", says], False),
        (["hm"], True),
    ):
        turns = [
            {"from": ("gpt", "tool")[place % 2], "value": json.loads(f'"{each}"')}
            for place, each in enumerate(values)
        ]
        all_ = [
            {"from": "human", "value": "q"},
            *turns,
            {"from": "human", "value": "?"},
            {"from": "gpt", "value": "e"},
        ]
        assert (
            is_readable(FormatName.SHAREGPT, json.dumps({"conversations": all_}).encode())
            is is_good
        )
