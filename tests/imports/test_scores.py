"""Scores in files: Langfuse's, Label Studio's, tables, and columns of several annotators."""

import json
from typing import Any

import pytest

from core.imports.ingest.reading import read
from core.imports.parsed import RowKind
from core.imports.recognition.recognize import recognize
from tests.imports.files import Folder, by_kind, mapping_of, rows_of

AT = "2026-03-04T05:06:07+00:00"
NUMERIC = {
    "id": "s1",
    "timestamp": "2026-03-04T05:06:07.000Z",
    "name": "helpfulness",
    "dataType": "NUMERIC",
    "value": 0.8,
    "stringValue": None,
    "source": "EVAL",
    "traceId": "t1",
    "observationId": "o1",
    "sessionId": None,
    "comment": "clear",
    "authorUserId": None,
    "environment": "production",
    "configId": "c1",
}
CATEGORY = NUMERIC | {
    "id": "s2",
    "dataType": "CATEGORICAL",
    "value": 1,
    "stringValue": "rude",
    "source": "ANNOTATION",
    "observationId": None,
    "sessionId": "chat-1",
    "authorUserId": "grace",
}
FLAG = NUMERIC | {"id": "s3", "dataType": "BOOLEAN", "value": 1, "stringValue": "True"}


@pytest.mark.parametrize("form", ["json", "api", "jsonl", "csv"])
def test_langfuse_scores_keep_value_label_and_subject(folder: Folder, form: str) -> None:
    every = [NUMERIC, CATEGORY, FLAG]
    match form:
        case "json":
            path = folder.document(every)
        case "api":
            path = folder.document({"data": every, "meta": {"page": 1}})
        case "jsonl":
            path = folder.lines(*every)
        case _:
            path = folder.table(" ".join(NUMERIC), *([*each.values()] for each in every))
    number, category, flag = by_kind(path)[RowKind.SCORES]
    assert (number["value"], number["source"], number["ai_request_id"], number["created_at"]) == (
        0.8,
        "judge",
        "o1",
        AT,
    )
    assert (number["conversation_id"], number["comment"]) == ("t1", "clear")
    assert ("value" in category, category["label"], category["source"]) == (False, "rude", "person")
    assert (category["conversation_id"], category["evaluator"]) == ("chat-1", "grace")
    assert (flag["value"], flag["label"]) == (1, "True")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_langfuse_score_of_a_trace_belongs_to_the_session_of_the_trace(
    folder: Folder, form: str
) -> None:
    # It names no session itself, and no conversation has the ID of a trace
    trace = {"userId": "u1", "tags": [], "environment": "production", "sessionId": "chat-1"}
    score = NUMERIC | {"observationId": None, "trace": trace}
    path = (
        folder.lines(score)
        if form == "jsonl"
        else folder.table(" ".join(score), [*(score | {"trace": json.dumps(trace)}).values()])
    )
    [row] = by_kind(path)[RowKind.SCORES]
    assert row["conversation_id"] == "chat-1"


def task(**data: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    results = [
        {"from_name": "tone", "type": "choices", "value": {"choices": ["rude"]}},
        {"from_name": "quality", "type": "rating", "value": {"rating": 4}},
        {"from_name": "why", "type": "textarea", "value": {"text": ["Too short."]}},
    ]
    annotation = {"completed_by": 7, "created_at": "2026-03-04T05:06:07Z", "result": results}
    return {
        "id": 1,
        "data": {"text": "On its way.", **data},
        "annotations": [
            {"id": 31, "was_cancelled": False, **annotation},
            {"id": 32, "was_cancelled": True, **annotation},
        ],
        "predictions": [],
    }


def test_label_studio_annotations_become_scores_with_comments(folder: Folder) -> None:
    path = folder.document([task(conversation_id="c", message_id="m1")])
    tone, quality = by_kind(path)[RowKind.SCORES]
    assert (tone["name"], tone["label"], tone["comment"]) == ("tone", "rude", "Too short.")
    assert (quality["name"], quality["value"], quality["evaluator"]) == ("quality", 4, "7")
    assert {row["message_id"] for row in (tone, quality)} == {"m1"}
    assert tone["id"] != quality["id"]


def test_label_studio_annotations_as_a_table_ask_for_the_json_export(folder: Folder) -> None:
    columns = "message_id text id quality annotator annotation_id created_at updated_at lead_time"
    row = ["m1", "On its way.", 1, "good", "grace@example.com", 5, AT, AT, 5.2]

    found = recognize(folder.table(columns, row))
    assert found.title == "Label Studio annotations in a table"
    assert "Export the project as JSON" in (found.not_yet or "")


def test_a_label_studio_task_without_a_subject_is_refused(folder: Folder) -> None:
    path = folder.document([task()])
    [parsed] = read(path, mapping_of(path))
    assert parsed.error is not None
    assert "message_id" in parsed.error


def test_a_score_without_a_time_says_what_it_lacks(folder: Folder) -> None:
    mapping = mapping_of(folder.document([NUMERIC]))
    [parsed] = read(folder.document([NUMERIC | {"timestamp": None}]), mapping)
    assert parsed.error == "created_at: missing in this record"


@pytest.mark.parametrize(
    "more",
    [
        {"data": None},
        {"annotations": None},
        {"annotations": [None]},
        {"annotations": [{"result": 7}]},
        {"predictions": 7},
    ],
)
def test_a_label_studio_task_of_another_form_costs_no_other(
    folder: Folder, more: dict[str, Any]
) -> None:
    good = task(message_id="m1")
    mapping = mapping_of(folder.lines(good, good))
    path = folder.lines(good, good | more, good)
    parsed = list(read(path, mapping))
    assert [each.position for each in parsed if each.error] in ([], [2])
    assert {1, 3} <= {each.position for each in parsed if each.row}


def test_each_annotator_of_a_table_gives_a_score(folder: Folder) -> None:
    path = folder.table(
        "message_id conversation_id criterion annotator_1 annotator_2",
        ["m1", "c", "tone", "good", "rude"],
        ["m2", "c", "tone", "4", ""],
    )
    first, second, third = rows_of(path)
    assert (first["name"], first["label"], first["evaluator"]) == ("tone", "good", "annotator_1")
    assert (second["label"], second["message_id"], second["source"]) == ("rude", "m1", "person")
    assert (third["value"], third["message_id"]) == (4, "m2")
    assert len({row["id"] for row in (first, second, third)}) == 3


def test_a_table_of_scores_is_recognized(folder: Folder) -> None:
    path = folder.table(
        "score_name score label trace_id created_at explanation",
        ["helpfulness", "0.5", "fair", "c", "2026-03-04T05:06:07Z", "short"],
    )
    found = recognize(path)
    assert (found.kind, found.title) == (RowKind.SCORES, "A table of scores")
    [row] = rows_of(path)
    assert (row["name"], row["value"], row["label"], row["conversation_id"], row["comment"]) == (
        "helpfulness",
        0.5,
        "fair",
        "c",
        "short",
    )


@pytest.mark.parametrize("subject", ["message_id", "conversation_id", "ai_request_id"])
@pytest.mark.parametrize("said", [{"value": 0.5}, {"label": "rude"}])
def test_rows_with_the_fields_of_ingest_are_recognized_as_scores(
    folder: Folder, subject: str, said: dict[str, Any]
) -> None:
    about = {"id": "s1", "created_at": AT, "name": "tone", "source": "judge", subject: "it"}
    [row] = rows_of(path := folder.lines(about | said))
    assert recognize(path).kind is RowKind.SCORES
    assert row == about | said


def test_an_event_with_a_name_and_a_value_is_no_score(folder: Folder) -> None:
    # Scores are recognized by nearly the same fields
    path = folder.lines(
        {"created_at": AT, "event": "slider", "name": "x", "value": 3, "conversation_id": "c"}
    )
    assert recognize(path).kind is RowKind.EVENTS
