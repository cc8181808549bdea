"""What Langfuse exports: observations in five forms, and traces."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.imports.parsed import RowKind
from tests.imports.files import Folder, by_kind, known
from tests.imports.langfuse import FAILED, GENERATION, SPAN_ONLY, TOOL

pytestmark = pytest.mark.usefixtures("database")  # what a call costs is in its tables


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
    return found | {
        "start_time": "2026-03-04 05:06:07.000000",
        "end_time": "2026-03-04 05:06:08.500000",
    }


def observations(folder: Folder, form: str) -> Path:
    """Write observations in a form of Langfuse's."""
    every = [SPAN_ONLY, GENERATION, TOOL, FAILED]
    match form:
        case "json":
            return folder.document(every)
        case "api":
            return folder.document({"data": every, "meta": {"page": 1}})
        case "trace":
            trace = {
                "id": "trace-1",
                "timestamp": GENERATION["startTime"],
                "name": "chat",
                "input": "Where?",
                "output": "Here.",
            }
            return folder.document(
                {
                    **trace,
                    "userId": "u1",
                    "sessionId": "s1",
                    "tags": [],
                    "scores": [],
                    "observations": every,
                }
            )
        case "blob":
            return folder.lines(*map(snake, every))
        case _:
            cells = [
                {
                    name: json.dumps(v) if isinstance(v, dict | list) else v
                    for name, v in each.items()
                }
                for each in every
            ]
            return folder.write(pd.DataFrame(cells).to_csv(index=False))


@pytest.mark.parametrize("form", ["json", "api", "trace", "blob", "csv"])
def test_observations_of_langfuse_become_requests_with_steps_and_conversations(
    folder: Folder, form: str
) -> None:
    path = observations(folder, form)

    assert known(path).format.startswith("langfuse")
    found = by_kind(path)

    answered, failed = found[RowKind.AI_REQUESTS]
    assert (
        answered["id"],
        answered["model"],
        answered["user_id"],
        answered["conversation_id"],
    ) == (
        "obs-1",
        "gpt-4o",
        "u1",
        "s1",
    )
    assert (answered["input_tokens"], answered["output_tokens"], answered["total_tokens"]) == (
        11,
        4,
        15,
    )
    assert (answered["total_latency_ms"], answered["created_at"]) == (1500, "2026-03-04T05:06:07Z")
    assert answered["cost_usd"] == "0.00042"
    assert [step["name"] for step in answered["steps"]] == ["search"]
    assert (failed["status"], failed["error_message"]) == ("error", "too many requests")
    [conversation] = found[RowKind.CONVERSATIONS]
    assert [(m["role"], m["content"]) for m in conversation["messages"]] == [
        ("user", "Where is it?"),
        ("assistant", "Here."),
    ]
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
    trace = {
        "id": "t1",
        "timestamp": "2026-03-04T05:06:07Z",
        "name": "chat",
        "input": "Where is it?",
        "output": "Here.",
    }
    path = folder.document(
        [{**trace, "observations": 3, "public": False, "tags": [], "userId": "u1"}]
    )

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    assert [message["content"] for message in conversation["messages"]] == ["Where is it?", "Here."]


@pytest.mark.parametrize(
    "said",
    [
        {"messages": ["Where?"]},
        {"messages": [["user", "Where?"]]},
        {"choices": [{"message": None}]},
    ],
)
def test_messages_that_are_no_objects_are_kept_as_they_stand(
    folder: Folder, said: dict[str, Any]
) -> None:
    trace = {
        "id": "t1",
        "timestamp": "2026-03-04T05:06:07Z",
        "name": "chat",
        "input": said,
        "output": "Here.",
    }
    path = folder.document(
        [{**trace, "observations": [], "public": False, "tags": [], "userId": "u1"}]
    )

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    assert [json.loads(message["content"]) for message in conversation["messages"][:1]] == [said]
