"""Dialogues under any naming: who speaks, what is said, and when."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.imports.files import Folder, errors_of, known, mapping_of, rows_of

START = datetime(2026, 3, 4, tzinfo=UTC)
SAID = [("user", "Where is my order?"), ("assistant", "It left our house today.")]
BOTH = [{"role": "user", "content": SAID[0][1]}, {"role": "assistant", "content": SAID[1][1]}]


def said(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return who says what."""
    return [(message["role"], message["content"]) for message in row["messages"]]


FORMS: dict[str, Any] = {
    "sharegpt": {
        "id": "a1",
        "conversations": [
            {"from": "human", "value": SAID[0][1]},
            {"from": "gpt", "value": SAID[1][1]},
        ],
    },
    "openai_chat": {"messages": BOTH},
    "taskmaster": {
        "conversation_id": "a1",
        "utterances": [
            {"index": 0, "speaker": "USER", "text": SAID[0][1]},
            {"index": 1, "speaker": "ASSISTANT", "text": SAID[1][1]},
        ],
    },
    "abcd": {
        "convo_id": 3,
        "original": [["customer", SAID[0][1]], ["agent", SAID[1][1]]],
        "scenario": {"subflow": "x"},
    },
    "tau transcript": {"messages_display": f"user: {SAID[0][1]}\nassistant: {SAID[1][1]}"},
    "tau trajectory": {
        "task_id": 7,
        "reward": 1.0,
        "info": {"task": {"instruction": "..."}},
        "traj": BOTH,
        "trial": 0,
    },
    "wildchat": {
        "conversation_hash": "a1",
        "model": "gpt-4",
        "timestamp": "2026-03-04T05:06:07Z",
        "conversation": BOTH,
    },
    "multiwoz": {
        "dialogue_id": "a1",
        "log": [{"text": SAID[0][1], "metadata": {}}, {"text": SAID[1][1], "metadata": {"x": 1}}],
    },
    "sgd": {
        "dialogue_id": "a1",
        "services": [],
        "turns": [
            {"speaker": "USER", "utterance": SAID[0][1]},
            {"speaker": "SYSTEM", "utterance": SAID[1][1]},
        ],
    },
    "authors": {
        "id": "a1",
        "thread": [
            {"author": {"role": "user"}, "content": {"parts": [SAID[0][1]]}},
            {"author": {"role": "assistant"}, "content": {"parts": [SAID[1][1]]}},
        ],
    },
    "anthropic": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": SAID[0][1]}]},
            {"role": "assistant", "content": [{"type": "text", "text": SAID[1][1]}]},
        ]
    },
    "support": {
        "ticket": "a1",
        "transcript": [
            {"sender": "Customer", "message": SAID[0][1]},
            {"sender": "Agent", "message": SAID[1][1]},
        ],
    },
    "nested": {"data": {"chat": {"messages": BOTH}}, "id": "a1"},
    "wrapped": {"id": "a1", "messages": [{"message": each, "at": 1} for each in BOTH]},
}


@pytest.mark.parametrize("name", sorted(FORMS))
@pytest.mark.parametrize("container", ["lines", "list", "one", "keyed", "split"])
def test_every_form_says_who_said_what(folder: Folder, name: str, container: str) -> None:
    record = FORMS[name]
    path = {
        "lines": lambda: folder.lines(record, record),
        "list": lambda: folder.document([record, record]),
        "one": lambda: folder.document(record),
        "keyed": lambda: folder.document({"a1": record, "b2": record}),
        "split": lambda: folder.document({"train": [record], "test": [record]}),
    }[container]()

    rows = rows_of(path)

    assert len(rows) == (1 if container == "one" else 2)
    assert [said(row) for row in rows] == [SAID] * len(rows)


@pytest.mark.parametrize(
    ("form", "title"),
    [
        ("openai_chat", "Conversations (OpenAI chat format)"),
        ("sgd", "Conversations"),
    ],
)
def test_the_title_of_a_file_is_what_its_rows_become(folder: Folder, form: str, title: str) -> None:
    assert known(folder.lines(FORMS[form])).title == title


def test_a_dialogue_without_times_begins_when_somebody_says_and_keeps_its_order(
    folder: Folder,
) -> None:
    path = folder.lines(*[FORMS["openai_chat"]] * 3)

    [question] = known(path).questions
    first, second, _ = rows_of(path, mapping_of(path, start=START))

    assert question.key == "start"
    assert [message["created_at"] for message in first["messages"]] == [
        "2026-03-04T00:00:00.001000+00:00",
        "2026-03-04T00:00:01.001000+00:00",
    ]
    assert first["created_at"] < second["created_at"]


def test_the_same_record_has_the_same_id_each_time_and_another_elsewhere(folder: Folder) -> None:
    path = folder.lines(*[FORMS["openai_chat"]] * 2)
    mapping = mapping_of(path, start=START)

    assert rows_of(path, mapping) == rows_of(path, mapping)
    assert len({row["id"] for row in rows_of(path, mapping)}) == 2


def test_times_ids_and_figures_of_turns_are_kept(folder: Folder) -> None:
    turns = [
        {"id": "m1", "role": "user", "content": "Hello", "created_at": 1772600767},
        {
            "id": "m2",
            "role": "assistant",
            "content": "Hi",
            "created_at": 1772600769,
            "model": "gpt-4o",
            "tokens": 12,
            "mood": "kind",
        },
    ]
    path = folder.lines(
        {"id": "c1", "user": "u1", "title": "A talk", "messages": turns, "plan": "pro"},
        {"id": "c2", "messages": turns},
    )

    [first, _] = rows_of(path)

    assert (first["id"], first["user_id"], first["title"], first["context"]) == (
        "c1",
        "u1",
        "A talk",
        {"plan": "pro"},
    )
    assert first["created_at"] == "2026-03-04T05:06:07+00:00"
    assert [message["id"] for message in first["messages"]] == ["m1", "m2"]
    assert (first["messages"][1]["model"], first["messages"][1]["tokens"]) == ("gpt-4o", 12)
    assert first["messages"][1]["metadata"] == {"mood": "kind"}


def test_calls_of_tools_are_kept_with_their_turn(folder: Folder) -> None:
    call = {
        "id": "t1",
        "type": "function",
        "function": {"name": "find_order", "arguments": '{"id": 5}'},
    }
    turns = [
        BOTH[0],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "name": "find_order", "content": "sent"},
    ]

    [row] = rows_of(folder.document([{"messages": turns}]))

    assert row["messages"][1]["tool_calls"] == [
        {"id": "t1", "name": "find_order", "arguments": {"id": 5}}
    ]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant", "tool"]


def test_a_role_that_nobody_knows_is_an_error_until_somebody_says_who_it_is(folder: Folder) -> None:
    path = folder.lines(FORMS["openai_chat"], {"messages": [{"role": "zorg", "content": "?"}]})
    mapping = mapping_of(path, start=START)

    assert errors_of(path, mapping) == [
        (2, 2, "turn 1: “zorg” is not a known role; map it to user, assistant, system or tool")
    ]
    assert mapping.turns is not None
    told = mapping.model_copy(
        update={"turns": mapping.turns.model_copy(update={"roles": {"Zorg": "user"}})}
    )
    assert errors_of(path, told) == []


def test_messages_one_a_row_become_conversations(folder: Folder) -> None:
    path = folder.table(
        "conversation_id role content timestamp user_id",
        ["c1", "user", "Hello", "2026-03-04T05:06:07Z", "u1"],
        ["c1", "assistant", "Hi", "2026-03-04T05:06:08Z", "u1"],
        ["c2", "user", "Bye", "2026-03-04T05:06:09Z", "u2"],
        ["c1", "user", "Again", "2026-03-04T05:07:09Z", "u1"],
    )

    rows = rows_of(path)

    assert [(row["id"], row["user_id"], len(row["messages"])) for row in rows] == [
        ("c1", "u1", 2),
        ("c2", "u2", 1),
        ("c1", "u1", 1),
    ]
    assert rows[0]["messages"][1]["created_at"] == "2026-03-04T05:06:08+00:00"
    assert len({message["id"] for row in rows for message in row["messages"]}) == 4


def test_messages_of_the_next_file_are_others_and_those_that_come_again_the_same(
    folder: Folder,
) -> None:
    # Named by their position alone, they overwrote those of the file before
    def ids(name: str, *texts: str) -> list[str]:
        rows = [("c1", "user", text, "2026-03-04T05:06:07Z") for text in texts]
        path = folder.table("conversation_id role content created_at", *rows, name=name)
        return [message["id"] for row in rows_of(path) for message in row["messages"]]

    first, following = ids("first", "Hello", "Where is it?"), ids("next", "Thanks", "Bye")
    assert len({*first, *following}) == 4
    assert ids("whole", "Hello", "Where is it?", "Thanks")[:2] == first


def test_messages_whose_cell_for_an_id_is_empty_stay_apart(folder: Folder) -> None:
    def file_of(*ids: str) -> Path:
        rows = [("c1", id_, "user", "Hi", f"2026-03-04T05:06:0{n}Z") for n, id_ in enumerate(ids)]
        return folder.table("conversation_id message_id role content created_at", *rows)

    mapping = mapping_of(file_of("m1", "m2", "m3"))
    assert mapping.turns is not None
    assert mapping.turns.id == "message_id"
    [row] = rows_of(file_of("m1", "", ""), mapping)
    ids = [message["id"] for message in row["messages"]]
    assert (ids[0], len(set(ids))) == ("m1", 3)


def test_a_turn_without_an_id_does_not_take_the_id_of_another_for_its_place(
    folder: Folder,
) -> None:
    # The third of 1, 2 and none was stored as 2
    spoken = [{"role": "user", "content": word} for word in ("a", "b", "c")]
    numbered = [turn | {"id": str(number)} for number, turn in enumerate(spoken, 1)]
    path = folder.lines(
        {"id": "c1", "messages": numbered}, {"id": "c2", "messages": [*numbered[:2], spoken[2]]}
    )
    _, row = rows_of(path)
    assert [message["id"] for message in row["messages"]] == ["1", "2", "place-2"]


def test_questions_and_answers_in_columns_become_conversations(folder: Folder) -> None:
    path = folder.table(
        "timestamp user question answer latency_ms",
        ["2026-03-04T05:06:07Z", "u1", "Where is it?", "Here it is.", 300],
        ["2026-03-04T05:06:08Z", "u2", "And now?", "There.", 400],
    )

    first, _ = rows_of(path)

    assert said(first) == [("user", "Where is it?"), ("assistant", "Here it is.")]
    assert (first["user_id"], first["created_at"]) == ("u1", "2026-03-04T05:06:07+00:00")
    assert first["context"] == {"latency_ms": "300"}


def test_answers_are_of_the_model_that_their_record_names(folder: Folder) -> None:
    other = {"role": "assistant", "content": "Or not.", "model": "gpt-4o"}
    path = folder.lines(
        FORMS["wildchat"], {**FORMS["wildchat"], "conversation": [*BOTH, other], "model": None}
    )

    first, second = rows_of(path)

    assert [each.get("model") for each in first["messages"]] == [None, "gpt-4"]
    assert [each.get("model") for each in second["messages"]] == [None, None, "gpt-4o"]
    assert first["context"]["model"] == "gpt-4"


def test_messages_in_a_cell_of_a_table_are_read(folder: Folder) -> None:
    path = folder.table(
        "id messages",
        ["c1", '[{"role": "user", "content": "Hello, you"}]'],
        ["c2", '[{"role": "user", "content": "x"}]'],
    )

    assert [said(row) for row in rows_of(path)] == [[("user", "Hello, you")], [("user", "x")]]


def test_a_turn_may_name_its_prompt(folder: Folder) -> None:
    path = folder.document([{"messages": [BOTH[0], BOTH[1] | {"prompt_name": "support"}]}])

    [row] = rows_of(path)

    assert [each.get("prompt_name") for each in row["messages"]] == [None, "support"]
    assert all("metadata" not in each for each in row["messages"])


@pytest.mark.parametrize("parts", [7, True, "text", None, {"a": 1}])
def test_a_turn_whose_parts_are_no_list_costs_no_other(folder: Folder, parts: object) -> None:
    good = FORMS["authors"]
    odd = {"author": {"role": "user"}, "content": {"parts": parts}}
    mapping = mapping_of(folder.lines(good, good))
    path = folder.lines(good, {"id": "a2", "thread": [odd, good["thread"][1]]}, good)

    assert [said(row)[-1] for row in rows_of(path, mapping)] == [SAID[1]] * 3
