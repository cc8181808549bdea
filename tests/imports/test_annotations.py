"""Annotations and preference pairs in files: tables, TRL's and OpenAI's forms."""

from typing import Any

import pytest

from core.imports.ingest.reading import read
from core.imports.mapping import RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition.recognize import recognize
from tests.imports.files import Folder, by_kind, mapping_of, rows_of

QUESTION = {"role": "user", "content": "When is the deadline?"}
GOOD, BAD = "You have until the 30th.", "You have until the 31st."


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": QUESTION["content"], "chosen": GOOD, "rejected": BAD},
        {"prompt": [QUESTION], "chosen": said(GOOD), "rejected": said(BAD)},
        {"chosen": [QUESTION, *said(GOOD)], "rejected": [QUESTION, *said(BAD)]},
        {
            "chosen": f"\n\nHuman: {QUESTION['content']}\n\nAssistant: {GOOD}",
            "rejected": f"\n\nHuman: {QUESTION['content']}\n\nAssistant: {BAD}",
        },
        {
            "input": {"messages": [QUESTION], "tools": [], "parallel_tool_calls": True},
            "preferred_output": said(GOOD),
            "non_preferred_output": said(BAD),
        },
    ],
    ids=["trl texts", "trl messages", "trl without a prompt", "speakers in a text", "openai"],
)
def test_a_preference_pair_becomes_a_conversation_with_a_correction(
    folder: Folder, record: dict[str, Any]
) -> None:
    path = folder.lines(record, record)
    assert recognize(path).title == "Preference pairs"
    found = by_kind(path)
    conversation, annotation = found[RowKind.CONVERSATIONS][0], found[RowKind.ANNOTATIONS][0]
    messages = [(each["role"], each["content"]) for each in conversation["messages"]]
    assert messages == [("user", QUESTION["content"]), ("assistant", BAD)]
    answer = conversation["messages"][1]
    assert (annotation["conversation_id"], annotation["message_id"], annotation["message_at"]) == (
        conversation["id"],
        answer["id"],
        answer["created_at"],
    )
    assert (annotation["annotation_type"], annotation["suggested_response"]) == ("correction", GOOD)
    assert len({each["id"] for each in found[RowKind.ANNOTATIONS]}) == 2


def test_an_answer_with_a_label_is_approved_or_flagged(folder: Folder) -> None:
    path = folder.lines(
        {"prompt": "a?", "completion": "b", "label": True},
        {"prompt": [QUESTION], "completion": said(BAD), "label": False},
    )
    found = by_kind(path)
    assert [each["annotation_type"] for each in found[RowKind.ANNOTATIONS]] == ["approved", "flag"]
    assert len(found[RowKind.CONVERSATIONS]) == 2


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "x", "chosen": "", "rejected": "b"},
        {"prompt": "x", "chosen": [{"role": "user", "content": "y"}], "rejected": []},
        {"chosen": "a", "rejected": "b"},
    ],
)
def test_a_pair_without_a_question_or_an_answer_is_refused(
    folder: Folder, record: dict[str, Any]
) -> None:
    path = folder.lines({"prompt": "x", "chosen": "a", "rejected": "b"}, record)
    mapping = mapping_of(path)
    assert mapping.format is RecordShape.PREFERENCES
    assert [each.position for each in read(path, mapping) if each.error] == [2]


def test_a_table_of_annotations_is_recognized(folder: Folder) -> None:
    path = folder.table(
        "message_id conversation_id annotation_type content suggested_response severity tags "
        "status author_name created_at round",
        ["m1", "c", "Correction", "Wrong.", GOOD, "critical", '["accuracy"]', "applied", "Grace",
         "2026-03-04T05:06:07Z", "1"],
        ["m2", "c", "approved", "", "", "", "", "pending", "", "2026-03-04T05:06:08Z", "1"],
    )  # fmt: skip
    assert recognize(path).title == "A table of annotations"
    first, second = rows_of(path)
    assert (first["annotation_type"], first["severity"], first["status"]) == (
        "correction",
        "critical",
        "applied",
    )
    assert (first["tags"], first["author"], "extra" in first) == (["accuracy"], "Grace", False)
    assert (second["message_id"], second["annotation_type"]) == ("m2", "approved")
