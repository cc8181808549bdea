"""Tables: what their rows are, and which column is what, by names and by what stands in them."""

import json
from typing import Any

import pytest

from core.imports.mapping import Mapping, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition.recognize import guessed_fields, readings
from tests.imports.files import Folder, errors_of, kinds_of, known, mapping_of, rows_of

AT = "2026-03-04T05:06:07Z"
MARCH = "2026-03-04T05:06:07+00:00"
OWN_WORDS: dict[str, list[dict[str, Any]]] = {
    "events": [
        {
            "id": "e1",
            "event_type": "chat.session_start",
            "user_id": "u1",
            "session_id": "s1",
            "created_at": AT,
        }
    ],
    "ai_requests": [
        {
            "id": "r1",
            "model": "m",
            "input_tokens": 5,
            "total_latency_ms": 30,
            "status": "ok",
            "created_at": AT,
        }
    ],
    "feedback": [
        {"id": "f1", "rating": 5, "conversation_id": "c1", "comment": "good", "created_at": AT}
    ],
    "batch_runs": [
        {
            "batch_run_id": "b1",
            "batch_job": "nightly",
            "started_at": AT,
            "completed_at": AT,
            "status": "completed",
        }
    ],
    "documents": [
        {
            "id": "d1",
            "title": "Returns",
            "content": "How to send something back to us. " * 5,
            "tags": ["a"],
            "updated_at": AT,
        }
    ],
    "memories": [
        {
            "id": "m1",
            "user_id": "u1",
            "kind": "preference",
            "content": "likes tea",
            "memory": "likes tea",
            "created_at": AT,
        }
    ],
    "users": [
        {
            "id": "u1",
            "email": "a@example.com",
            "display_name": "Ann",
            "traits": {"plan": "pro"},
            "created_at": AT,
        }
    ],
    "conversations": [
        {
            "id": "c1",
            "messages": [{"id": "m1", "role": "user", "content": "x", "created_at": AT}],
        }
    ],
}


def test_rows_in_our_own_words_become_what_they_say(folder: Folder) -> None:
    for kind, records in OWN_WORDS.items():
        for path in (
            folder.lines(*records * 2, name="lines"),
            folder.document({"items": records}, "document"),
        ):
            assert set(kinds_of(path)) == {kind}
            [row, *_] = rows_of(path)
            for name, value in records[0].items():
                if name not in ("memory", "messages"):
                    assert row[name] == (MARCH if value == AT else value), (kind, name)


@pytest.mark.parametrize(
    ("columns", "cells", "fields"),
    [
        (
            "TIMESTAMP ContextTokens GeneratedTokens",
            ["2023-11-16 18:17:03.9799600", 4808, 10],
            {
                "input_tokens": 4808,
                "output_tokens": 10,
                "created_at": "2023-11-16T18:17:03.979960+00:00",
                "model": "unknown",
            },
        ),
        (
            "time model prompt_tokens completion_tokens latency cost status user",
            [AT, "gpt-4o", "1,200", "30.0", 1.25, "$0.002", "success", "u1"],
            {
                "input_tokens": 1200,
                "output_tokens": 30,
                "total_latency_ms": 1250,
                "cost_usd": "0.002",
                "status": "ok",
                "user_id": "u1",
            },
        ),
        (
            "createdAt modelName inputTokens outputTokens durationMs costCents provider",
            [AT, "claude", 5, 6, 812, 3, "anthropic"],
            {
                "model": "claude",
                "total_latency_ms": 812,
                "cost_usd": "0.03",
                "provider": "anthropic",
            },
        ),
        (
            "ts model_id tokens_in tokens_out ttft_s e2e_latency error",
            [1772600767, "m", 5, 6, 0.2, "350ms", "timed out"],
            {
                "first_token_ms": 200,
                "total_latency_ms": 350,
                "status": "error",
                "error_message": "timed out",
                "error_type": None,
            },
        ),
        (
            "ts model input_tokens output_tokens status_code",
            [1772600767, "m", 5, 6, 503],
            {"status": "error", "error_type": "503"},
        ),
        (
            "ts model input_tokens output_tokens success",
            [1772600767, "m", 5, 6, "false"],
            {"status": "error"},
        ),
        (
            "ts model input_tokens output_tokens is_error",
            [1772600767, "m", 5, 6, "False"],
            {"status": "ok"},
        ),
        (
            "ts model input_tokens output_tokens status",
            [1772600767, "m", 5, 6, "in progress"],
            {"status": "pending"},
        ),
    ],
)
def test_requests_under_other_names(
    folder: Folder, columns: str, cells: list[Any], fields: dict[str, Any]
) -> None:
    path = folder.table(columns, cells, cells)

    assert known(path).kind is RowKind.AI_REQUESTS
    row = rows_of(path)[0]
    assert {name: row.get(name) for name in fields} == fields


def test_a_trace_of_requests_in_seconds_from_its_start(folder: Folder) -> None:
    path = folder.write(
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log "
        "Type\n"
        "5,a,2.5,ChatGPT,472,18,490,Conversation log\n45,b,3.5,GPT-4,1087,230,1317,API log\n"
    )

    row = rows_of(path)[0]

    assert (row["model"], row["input_tokens"], row["output_tokens"], row["total_tokens"]) == (
        "ChatGPT",
        472,
        18,
        490,
    )
    assert (row["conversation_id"], row["total_latency_ms"], row["extra"]) == (
        "a",
        2500,
        {"Log Type": "Conversation log"},
    )


def test_figures_nested_in_objects_are_found_and_what_is_left_is_kept(folder: Folder) -> None:
    record = {
        "timestamp": AT,
        "request": {"model": "m", "user": {"id": "u1"}, "region": "eu"},
        "usage": {"prompt_tokens": 5, "completion_tokens": 6, "service_tier": "flex"},
        "empty": None,
    }
    path = folder.lines(record, record)

    row = rows_of(path)[0]

    assert (row["model"], row["input_tokens"], row["output_tokens"]) == ("m", 5, 6)
    assert row["extra"]["request"]["region"] == "eu"
    assert row["extra"]["usage"] == {"service_tier": "flex"}
    assert "empty" not in row["extra"]


def test_what_the_latency_is_written_in_is_told_by_its_size_and_said_in_words(
    folder: Folder,
) -> None:
    def unit(*latencies: float) -> ValueUnit | None:
        path = folder.table(
            "ts model input_tokens latency", *[[1772600767, "m", 5, each] for each in latencies]
        )
        return mapping_of(path).fields["total_latency_ms"].unit

    assert unit(0.5, 1.25, 30.1) is ValueUnit.SECONDS
    assert unit(3, 5, 12) is ValueUnit.SECONDS
    assert unit(512, 1250, 30100) is ValueUnit.MILLISECONDS
    assert unit(512.5, 1250.1, 301.0) is ValueUnit.MILLISECONDS
    path = folder.table(
        "ts model input_tokens latency", *[[1772600767, "m", 5, each] for each in (0.5, 1.25, 30.1)]
    )
    assert (
        "latency is read as total_latency_ms, in seconds: 0.5 is 500 ms; 1.25 is 1,250 ms; "
        "30.1 is 30,100 ms."
    ) in known(path).readings


def test_a_person_may_read_a_column_otherwise(folder: Folder) -> None:
    path = folder.table("ts model input_tokens latency", [1772600767, "m", 5, 12])
    mapping = mapping_of(path).model_dump(mode="json", by_alias=True)
    mapping["fields"]["total_latency_ms"]["unit"] = "ms"

    changed = Mapping.model_validate_json(json.dumps(mapping))

    assert rows_of(path, changed)[0]["total_latency_ms"] == 12
    assert "latency is read as total_latency_ms, in milliseconds: 12 is 12 ms." in readings(
        path, changed
    )


def test_a_state_that_nobody_knows_is_an_error_until_somebody_says_what_it_means(
    folder: Folder,
) -> None:
    path = folder.table(
        "ts model input_tokens status", [1772600767, "m", 5, "ok"], [1772600767, "m", 5, "Zapped"]
    )
    mapping = mapping_of(path)

    assert errors_of(path) == [
        (2, 3, "status: “Zapped” is not a known status; map it to ok, error or pending")
    ]
    rule = mapping.fields["status"].model_copy(update={"values": {"zapped": "error"}})
    assert (
        errors_of(path, mapping.model_copy(update={"fields": mapping.fields | {"status": rule}}))
        == []
    )


@pytest.mark.parametrize(
    ("columns", "cells", "kind", "fields"),
    [
        (
            "time event distinct_id properties",
            [1772600767, "Signed up", "u1", '{"plan": "pro"}'],
            RowKind.EVENTS,
            {"event_type": "Signed up", "user_id": "u1", "event_data": {"plan": "pro"}},
        ),
        (
            "eventName eventTime userId ip userAgent color",
            ["login", AT, "u1", "10.0.0.1", "Mozilla", "red"],
            RowKind.EVENTS,
            {
                "event_type": "login",
                "ip_address": "10.0.0.1",
                "user_agent": "Mozilla",
                "event_data": {"color": "red"},
            },
        ),
        (
            "created_at user_id thumbs comment",
            [AT, "u1", "👎", "bad"],
            RowKind.FEEDBACK,
            {"rating": -1, "comment": "bad"},
        ),
        (
            "date message_id stars",
            [AT, "m1", 4],
            RowKind.FEEDBACK,
            {"rating": 4, "message_id": "m1"},
        ),
        (
            "date conversation_id score reason",
            [AT, "c1", 9, "fine"],
            RowKind.FEEDBACK,
            {"rating": 5, "comment": "fine"},
        ),
        (
            "job_name run_id start_time end_time state records_processed",
            ["nightly", "r1", AT, AT, "SUCCESS", 7],
            RowKind.BATCH_RUNS,
            {
                "batch_job": "nightly",
                "batch_run_id": "r1",
                "status": "completed",
                "completed_jobs": 7,
            },
        ),
        (
            "dag_id run_id start_date end_date state",
            ["etl", "r1", AT, "", "failed"],
            RowKind.BATCH_RUNS,
            {"batch_job": "etl", "status": "failed", "started_at": MARCH},
        ),
        (
            "title body url tags",
            ["Returns", "How to send back. " * 9, "https://x", "a; b"],
            RowKind.DOCUMENTS,
            {"title": "Returns", "tags": ["a", "b"]},
        ),
        (
            "user_id memory created_at",
            ["u1", "likes tea", AT],
            RowKind.MEMORIES,
            {"content": "likes tea", "user_id": "u1"},
        ),
        (
            "user_id email name signup_date plan",
            ["u1", "a@b.c", "Ann", "2026-03-04", "pro"],
            RowKind.USERS,
            {"id": "u1", "traits": {"plan": "pro"}},
        ),
    ],
)
def test_other_kinds_under_other_names(
    folder: Folder, columns: str, cells: list[Any], kind: RowKind, fields: dict[str, Any]
) -> None:
    path = folder.table(columns, cells, cells)

    assert known(path).kind is kind
    row = rows_of(path)[0]
    assert {name: row.get(name) for name in fields} == fields


def test_a_log_of_something_else_becomes_events_and_says_so(folder: Folder) -> None:
    path = folder.table("timestamp gpu temperature", [1772600767, 40, 60], [1772600768, 41, 61])

    found = known(path)

    assert found.kind is RowKind.EVENTS
    assert "imported.row" in found.notes[-1]
    assert rows_of(path)[0] == {
        "event_type": "imported.row",
        "created_at": MARCH,
        "event_data": {"gpu": "40", "temperature": "60"},
    }


def test_the_fields_of_another_kind_are_guessed_from_the_same_columns(folder: Folder) -> None:
    found = known(folder.table("ts model input_tokens user", [1772600767, "m", 5, "u1"]))

    assert guessed_fields(found, RowKind.EVENTS)["user_id"].path == "user"


def test_a_field_that_a_kind_does_not_have_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="events have no field 'model'"):
        Mapping.model_validate({"kind": "events", "fields": {"model": {"path": "model"}}})


def test_a_column_may_be_left_out(folder: Folder) -> None:
    path = folder.table("timestamp event_type secret note", [AT, "a.b", "s", "n"])
    mapping = mapping_of(path).model_copy(update={"ignored": ["secret"]})

    assert rows_of(path, mapping)[0]["event_data"] == {"note": "n"}


def test_a_table_of_requests_names_prompts_and_arms(folder: Folder) -> None:
    columns = "request_id timestamp model input_tokens promptName promptVersion experiment variant"
    path = folder.table(columns, ["r1", AT, "m", "5", "support", "7", "tone", "b"])

    [row] = rows_of(path)

    named = ("prompt_name", "prompt_version", "experiment_key", "experiment_arm")
    assert [row[name] for name in named] == ["support", "7", "tone", "b"]
