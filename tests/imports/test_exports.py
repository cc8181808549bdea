"""What Phoenix and OpenTelemetry export."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.imports.ingest.reading import read
from core.imports.parsed import RowKind
from tests.imports.files import Folder, by_kind, known, mapping_of

pytestmark = pytest.mark.usefixtures("database")  # what a call costs is in its tables

TRACE, SPAN, PARENT = "ab" * 16, "cd" * 8, "ef" * 8


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
PHOENIX_TOOL = {
    **PHOENIX,
    "name": "search",
    "span_kind": "TOOL",
    "context.span_id": PARENT,
    "parent_id": SPAN,
} | {
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
            times = frame.assign(
                start_time=pd.to_datetime(frame["start_time"]),
                end_time=pd.to_datetime(frame["end_time"]),
            )
            times.to_parquet(path)
            return path


@pytest.mark.parametrize("form", ["lines", "nested", "csv", "records", "parquet"])
def test_spans_of_phoenix_become_requests_with_steps_and_conversations(
    folder: Folder, form: str
) -> None:
    path = spans(folder, form)

    assert known(path).format == "phoenix"
    found = by_kind(path)

    [request] = found[RowKind.AI_REQUESTS]
    assert (request["id"], request["model"], request["provider"]) == (
        TRACE + SPAN,
        "gpt-4o",
        "openai",
    )
    assert (request["input_tokens"], request["output_tokens"], request["total_latency_ms"]) == (
        11,
        4,
        1000,
    )
    assert (request["user_id"], request["conversation_id"], request["created_at"]) == (
        "u1",
        "s1",
        "2026-03-04T05:06:07Z",
    )
    assert [step["name"] for step in request["steps"]] == ["search"]
    [conversation] = found[RowKind.CONVERSATIONS]
    assert [(m["role"], m["content"]) for m in conversation["messages"]] == [
        ("user", "Where is it?"),
        ("assistant", "Here."),
    ]


def otlp_export(span_id: str) -> dict[str, Any]:
    """Return an export of one call."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    span = {
        "traceId": TRACE,
        "spanId": span_id,
        "name": "chat",
        "startTimeUnixNano": "1772600767000000000",
        "endTimeUnixNano": "1772600768000000000",
        "attributes": [
            {"key": name, "value": {"stringValue": value}} for name, value in attributes.items()
        ]
        + [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "11"}}],
    }
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}


def test_exports_of_otlp_are_read_as_one_document_or_one_a_line(folder: Folder) -> None:
    one = folder.document(otlp_export(SPAN), "one")
    many = folder.lines(otlp_export(SPAN), otlp_export(PARENT), name="many")

    assert [row["input_tokens"] for row in by_kind(one)[RowKind.AI_REQUESTS]] == [11]
    assert {row["id"] for row in by_kind(many)[RowKind.AI_REQUESTS]} == {
        TRACE + SPAN,
        TRACE + PARENT,
    }
    assert known(one).format == known(many).format == "otlp"


def test_a_span_without_ids_is_refused_in_words(folder: Folder) -> None:
    path = folder.document(otlp_export("xyz"))

    [parsed] = read(path, mapping_of(path))

    assert str(parsed.error).startswith("1 spans rejected: A trace id has 16 bytes")


def test_an_export_that_cannot_be_read_costs_no_other(folder: Folder) -> None:
    wrong = otlp_export(SPAN)
    wrong["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": 7}]
    path = folder.lines(otlp_export(SPAN), wrong, otlp_export(PARENT))

    parsed = list(read(path, mapping_of(path)))

    [error] = [each for each in parsed if each.error]
    assert (error.position, str(error.error)[:21]) == (2, "A span cannot be read")
    assert sum(each.kind is RowKind.AI_REQUESTS and each.row is not None for each in parsed) == 2


def test_a_span_of_an_export_that_cannot_be_read_is_said(folder: Folder) -> None:
    export = otlp_export(SPAN)
    spans = export["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append(spans[0] | {"spanId": PARENT, "attributes": [{"key": 7}]})
    path = folder.document(export)

    parsed = list(read(path, mapping_of(path)))

    [error] = [each for each in parsed if each.error]
    assert str(error.error).startswith("1 spans rejected: A span cannot be read")
    assert [each.row["id"] for each in parsed if each.row is not None] == [TRACE + SPAN]


def test_an_export_without_any_call_of_a_model_says_so(folder: Folder) -> None:
    export = otlp_export(SPAN)
    export["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = []
    path = folder.document(export)

    assert (
        known(path).notes[-1]
        == "None of the first 1 spans is a model call: nothing would be imported."
    )
    assert list(read(path, mapping_of(path))) == []


def test_messages_that_windows_of_the_last_ones_repeat_are_in_a_file_once(folder: Folder) -> None:
    said = ["one", "two", "three", "four", "five", "six", "seven"]
    rows = [
        PHOENIX
        | {
            "context.span_id": f"{SPAN[:-2]}{end:02}",
            "start_time": f"2026-03-04T05:{end:02}:07+00:00",
            "end_time": f"2026-03-04T05:{end:02}:08+00:00",
            "attributes.llm.input_messages": [
                {"message.role": ("user", "assistant")[place % 2], "message.content": said[place]}
                for place in range(max(0, end - 3), end)
            ],
            "attributes.llm.output_messages": [
                {"message.role": "assistant", "message.content": said[end]}
            ],
        }
        for end in (5, 3, 1)
    ]

    [conversation] = by_kind(folder.lines(*rows))[RowKind.CONVERSATIONS]

    assert [each["content"] for each in conversation["messages"]] == said[:6]
