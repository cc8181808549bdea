"""What Langfuse, Phoenix and OpenTelemetry export."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.imports.parsed import RowKind
from core.imports.storing.reading import read
from tests.imports.files import Folder, known, mapping_of, refused

pytestmark = pytest.mark.usefixtures("database")  # what a call costs is in its tables

TRACE, SPAN, PARENT = "ab" * 16, "cd" * 8, "ef" * 8


def by_kind(path: Path) -> dict[RowKind, list[dict[str, Any]]]:
    """Return the rows of a file by kind, none of which may be wrong."""
    parsed = list(read(path, mapping_of(path)))
    assert [each.error for each in parsed if each.error] == []
    assert refused(parsed) == []
    found: dict[RowKind, list[dict[str, Any]]] = {}
    for each in parsed:
        found.setdefault(each.kind, []).append(each.row or {})
    return found


GENERATION = {
    "id": "obs-1",
    "traceId": "trace-1",
    "parentObservationId": "obs-0",
    "type": "GENERATION",
    "name": "answer",
    "startTime": "2026-03-04T05:06:07.000Z",
    "endTime": "2026-03-04T05:06:08.500Z",
    "completionStartTime": "2026-03-04T05:06:07.250Z",
    "model": "gpt-4o",
    "level": "DEFAULT",
    "statusMessage": None,
    "input": [{"role": "user", "content": "Where is it?"}],
    "output": {"role": "assistant", "content": "Here."},
    "usageDetails": {"input": 11, "output": 4, "total": 15},
    "costDetails": {"total": 0.00042},
    "userId": "u1",
    "sessionId": "s1",
    "metadata": {"team": "blue"},
}
TOOL = {
    **GENERATION,
    "id": "obs-2",
    "parentObservationId": "obs-1",
    "type": "TOOL",
    "name": "search",
    "model": None,
    "usageDetails": {},
}
FAILED = {**GENERATION, "id": "obs-3", "level": "ERROR", "statusMessage": "too many requests", "output": None}
SPAN_ONLY = {**GENERATION, "id": "obs-0", "parentObservationId": None, "type": "SPAN", "model": None, "usageDetails": None}


def snake(record: dict[str, Any]) -> dict[str, Any]:
    """Return an observation as blob storage has it."""
    names = {
        "traceId": "trace_id",
        "parentObservationId": "parent_observation_id",
        "startTime": "start_time",
        "endTime": "end_time",
        "completionStartTime": "completion_start_time",
        "model": "provided_model_name",
        "statusMessage": "status_message",
        "usageDetails": "usage_details",
        "costDetails": "cost_details",
        "userId": "user_id",
        "sessionId": "session_id",
    }
    found = {names.get(name, name): value for name, value in record.items()}
    return found | {"start_time": "2026-03-04 05:06:07.000000", "end_time": "2026-03-04 05:06:08.500000"}


def observations(folder: Folder, form: str) -> Path:
    """Write observations in a form of Langfuse's."""
    every = [SPAN_ONLY, GENERATION, TOOL, FAILED]
    match form:
        case "json":
            return folder.document(every)
        case "api":
            return folder.document({"data": every, "meta": {"page": 1}})
        case "trace":
            trace = {"id": "trace-1", "timestamp": GENERATION["startTime"], "name": "chat", "input": "Where?", "output": "Here."}
            return folder.document({**trace, "userId": "u1", "sessionId": "s1", "tags": [], "scores": [], "observations": every})
        case "blob":
            return folder.lines(*map(snake, every))
        case _:
            cells = [{name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in each.items()} for each in every]
            return folder.write(pd.DataFrame(cells).to_csv(index=False))


@pytest.mark.parametrize("form", ["json", "api", "trace", "blob", "csv"])
def test_observations_of_langfuse_become_requests_with_steps_and_conversations(folder: Folder, form: str) -> None:
    path = observations(folder, form)

    assert known(path).format.startswith("langfuse")
    found = by_kind(path)

    answered, failed = found[RowKind.AI_REQUESTS]
    assert (answered["id"], answered["model"], answered["user_id"], answered["conversation_id"]) == (
        "obs-1",
        "gpt-4o",
        "u1",
        "s1",
    )
    assert (answered["input_tokens"], answered["output_tokens"], answered["total_tokens"]) == (11, 4, 15)
    assert (answered["total_latency_ms"], answered["created_at"]) == (1500, "2026-03-04T05:06:07Z")
    assert answered["cost_usd"] == "0.00042"
    assert [step["name"] for step in answered["steps"]] == ["search"]
    assert (failed["status"], failed["error_message"]) == ("error", "too many requests")
    [conversation] = found[RowKind.CONVERSATIONS]
    assert [(m["role"], m["content"]) for m in conversation["messages"]] == [("user", "Where is it?"), ("assistant", "Here.")]
    assert conversation["id"] == "s1"


def test_traces_of_langfuse_become_conversations_of_their_sessions(folder: Folder) -> None:
    trace = {
        "id": "t1",
        "timestamp": "2026-03-04T05:06:07Z",
        "name": "chat",
        "userId": "u1",
        "sessionId": "s1",
        "input": {"question": "Where is it?"},
        "output": "Here.",
        "latency": 2.5,
        "tags": ["a"],
        "bookmarked": False,
        "scores": {},
    }
    path = folder.document([trace, {**trace, "id": "t2", "input": "And now?"}])

    first, second = by_kind(path)[RowKind.CONVERSATIONS]

    assert (first["id"], second["id"], first["user_id"]) == ("s1", "s1", "u1")
    assert [(m["role"], m["content"], m["created_at"]) for m in first["messages"]] == [
        ("user", "Where is it?", "2026-03-04T05:06:07+00:00"),
        ("assistant", "Here.", "2026-03-04T05:06:09.500000+00:00"),
    ]


def test_a_trace_that_only_counts_its_observations_is_a_conversation(folder: Folder) -> None:
    trace = {"id": "t1", "timestamp": "2026-03-04T05:06:07Z", "name": "chat", "input": "Where is it?", "output": "Here."}
    path = folder.document([{**trace, "observations": 3, "public": False, "tags": [], "userId": "u1"}])

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    assert [message["content"] for message in conversation["messages"]] == ["Where is it?", "Here."]


@pytest.mark.parametrize("said", [{"messages": ["Where?"]}, {"messages": [["user", "Where?"]]}, {"choices": [{"message": None}]}])
def test_messages_that_are_no_objects_are_kept_as_they_stand(folder: Folder, said: dict[str, Any]) -> None:
    trace = {"id": "t1", "timestamp": "2026-03-04T05:06:07Z", "name": "chat", "input": said, "output": "Here."}
    path = folder.document([{**trace, "observations": [], "public": False, "tags": [], "userId": "u1"}])

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    assert [json.loads(message["content"]) for message in conversation["messages"][:1]] == [said]


PHOENIX = {
    "name": "ChatCompletion",
    "span_kind": "LLM",
    "parent_id": None,
    "start_time": "2026-03-04T05:06:07+00:00",
    "end_time": "2026-03-04T05:06:08+00:00",
    "status_code": "OK",
    "status_message": "",
    "events": [],
    "context.span_id": SPAN,
    "context.trace_id": TRACE,
    "attributes.llm.model_name": "gpt-4o",
    "attributes.llm.provider": "openai",
    "attributes.llm.token_count.prompt": 11,
    "attributes.llm.token_count.completion": 4,
    "attributes.llm.input_messages": [{"message.role": "user", "message.content": "Where is it?"}],
    "attributes.llm.output_messages": [{"message.role": "assistant", "message.content": "Here."}],
    "attributes.session.id": "s1",
    "attributes.user.id": "u1",
    "attributes.openinference.span.kind": "LLM",
}
NESTED = {
    **{name: value for name, value in PHOENIX.items() if "." not in name},
    "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{SPAN}"},
    "attributes": {
        "llm": {
            "model_name": "gpt-4o",
            "provider": "openai",
            "token_count": {"prompt": 11, "completion": 4},
            "input_messages": [{"message": {"role": "user", "content": "Where is it?"}}],
            "output_messages": [{"message": {"role": "assistant", "content": "Here."}}],
        },
        "session.id": "s1",
        "user": {"id": "u1"},
    },
}
PHOENIX_TOOL = {**PHOENIX, "name": "search", "span_kind": "TOOL", "context.span_id": PARENT, "parent_id": SPAN} | {
    "attributes.openinference.span.kind": "TOOL",
    "attributes.tool.name": "search",
}


def spans(folder: Folder, form: str) -> Path:
    """Write spans in a form of Phoenix's."""
    frame = pd.DataFrame([PHOENIX, PHOENIX_TOOL])
    match form:
        case "lines":
            return folder.lines(PHOENIX, PHOENIX_TOOL)
        case "nested":
            return folder.document(
                [
                    NESTED,
                    {
                        **NESTED,
                        "name": "search",
                        "span_kind": "TOOL",
                        "parent_id": SPAN,
                        "context": {"trace_id": TRACE, "span_id": PARENT},
                    },
                ]
            )
        case "csv":
            return folder.write(frame.to_csv(index=False))
        case "records":
            epochs: dict[str, Any] = {"start_time": 1772600767000, "end_time": 1772600768000}
            return folder.document([{**PHOENIX, **epochs}, {**PHOENIX_TOOL, **epochs}])
        case _:
            path = folder.path / "spans.parquet"
            times = frame.assign(start_time=pd.to_datetime(frame["start_time"]), end_time=pd.to_datetime(frame["end_time"]))
            times.to_parquet(path)
            return path


@pytest.mark.parametrize("form", ["lines", "nested", "csv", "records", "parquet"])
def test_spans_of_phoenix_become_requests_with_steps_and_conversations(folder: Folder, form: str) -> None:
    path = spans(folder, form)

    assert known(path).format == "phoenix"
    found = by_kind(path)

    [request] = found[RowKind.AI_REQUESTS]
    assert (request["id"], request["model"], request["provider"]) == (TRACE + SPAN, "gpt-4o", "openai")
    assert (request["input_tokens"], request["output_tokens"], request["total_latency_ms"]) == (11, 4, 1000)
    assert (request["user_id"], request["conversation_id"], request["created_at"]) == ("u1", "s1", "2026-03-04T05:06:07Z")
    assert [step["name"] for step in request["steps"]] == ["search"]
    [conversation] = found[RowKind.CONVERSATIONS]
    assert [(m["role"], m["content"]) for m in conversation["messages"]] == [("user", "Where is it?"), ("assistant", "Here.")]


def otlp_export(span_id: str) -> dict[str, Any]:
    """Return an export of one call."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    span = {
        "traceId": TRACE,
        "spanId": span_id,
        "name": "chat",
        "startTimeUnixNano": "1772600767000000000",
        "endTimeUnixNano": "1772600768000000000",
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()]
        + [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "11"}}],
    }
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}


def test_exports_of_otlp_are_read_as_one_document_or_one_a_line(folder: Folder) -> None:
    one = folder.document(otlp_export(SPAN), "one")
    many = folder.lines(otlp_export(SPAN), otlp_export(PARENT), name="many")

    assert [row["input_tokens"] for row in by_kind(one)[RowKind.AI_REQUESTS]] == [11]
    assert {row["id"] for row in by_kind(many)[RowKind.AI_REQUESTS]} == {TRACE + SPAN, TRACE + PARENT}
    assert known(one).format == known(many).format == "otlp"


def test_a_span_without_ids_is_refused_in_words(folder: Folder) -> None:
    path = folder.document(otlp_export("xyz"))

    [parsed] = read(path, mapping_of(path))

    assert str(parsed.error).startswith("1 spans rejected: A trace id has 16 bytes")


def test_an_export_without_any_call_of_a_model_says_so(folder: Folder) -> None:
    export = otlp_export(SPAN)
    export["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = []
    path = folder.document(export)

    assert known(path).notes[-1] == "None of the first 1 spans is a model call: nothing would be imported."
    assert list(read(path, mapping_of(path))) == []
