"""What Langfuse's files leave empty, list separately or tell twice."""

import time
from typing import Any

import pytest

from core.imports.formats import langfuse
from core.imports.ingest.reading import read
from core.imports.parsed import RowKind
from tests.imports.files import Folder, by_kind, mapping_of
from tests.imports.langfuse import GENERATION, TOOL

pytestmark = pytest.mark.usefixtures("database")

AT = "2026-03-04T05:06:07.000Z"
CALL = {
    "id": "call-1",
    "type": "function",
    "function": {"name": "search", "arguments": '{"q": "shoes"}'},
}
ASKING = {**GENERATION, "output": {"role": "assistant", "content": None, "tool_calls": [CALL]}}


def trace(number: int, *observations: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(("userId", "sessionId", "release", "version", "environment"))
    told: dict[str, Any] = {
        "id": f"trace-{number}",
        "timestamp": AT,
        "name": "chat",
        "input": None,
        "output": None,
        "tags": [],
        "scores": [],
    }
    return {
        **told,
        **empty,
        "observations": [{**each, **empty, "traceId": None} for each in observations],
    }


def test_null_is_no_user_no_release_and_no_conversation(folder: Folder) -> None:
    path = folder.document([trace(1, GENERATION), trace(2, {**GENERATION, "id": "obs-9"})])

    found = by_kind(path)

    assert [(each.get("user_id"), each.get("release")) for each in found[RowKind.AI_REQUESTS]] == [
        (None, None)
    ] * 2
    assert [each["id"] for each in found[RowKind.CONVERSATIONS]] == ["trace-1", "trace-2"]
    assert "null" not in str(found)


def test_a_generation_keeps_its_prompt(folder: Folder) -> None:
    path = folder.document([{**GENERATION, "promptName": "support", "promptVersion": 3}])

    found = by_kind(path)

    [request] = found[RowKind.AI_REQUESTS]
    assert (request["prompt_name"], request["prompt_version"]) == ("support", "3")
    [conversation] = found[RowKind.CONVERSATIONS]
    assert [each.get("prompt_version") for each in conversation["messages"]] == [None, "3"]


@pytest.mark.parametrize(
    "empty", [None, "null", {"question": None}, [None], {"role": "assistant", "content": None}]
)
def test_null_is_no_message(folder: Folder, empty: object) -> None:
    path = folder.document([{**GENERATION, "output": empty}])

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    assert "null" not in str(conversation)
    assert conversation["messages"][0]["content"] == "Where is it?"


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        ({}, "the same name"),
        ({"name": "tool: search"}, "a name with a prefix"),
        ({"name": "SearchTool", "input": {"q": "shoes"}}, "the same arguments"),
        (
            {"name": "any", "output": {"role": "tool", "tool_call_id": "call-1", "content": "[]"}},
            "the id in the answer",
        ),
        ({"name": "any", "metadata": {"tool_call_id": "call-1"}}, "the id in the metadata"),
        (
            {"name": "any", "input": {"id": "call-1", "name": "search", "args": {"q": "shoes"}}},
            "the call as its input",
        ),
    ],
)
def test_a_tool_call_with_its_own_observation_counts_once(
    folder: Folder, tool: dict[str, Any], why: str
) -> None:
    path = folder.document([ASKING, {**TOOL, "input": None, "output": None, **tool}])

    [request] = by_kind(path)[RowKind.AI_REQUESTS]

    assert len(request["tool_calls"]) == 1, why
    assert request["tool_calls"][0]["duration_ms"] == 1500


def test_a_tool_with_a_name_of_spaces_takes_no_hours(folder: Folder) -> None:
    # Its expression was quadratic in the spaces
    path = folder.document([ASKING, {**TOOL, "name": "tool" + " " * 100_000}])
    began = time.process_time()

    assert len(by_kind(path)[RowKind.AI_REQUESTS]) == 1
    assert time.process_time() - began < 20


def test_a_tool_beside_two_requests_belongs_to_the_one_that_asked_for_it(folder: Folder) -> None:
    beside = {
        **TOOL,
        "parentObservationId": None,
        "startTime": "2026-03-04T05:06:09.000Z",
        "endTime": "2026-03-04T05:06:10.000Z",
    }
    answering = {
        **GENERATION,
        "id": "obs-4",
        "startTime": "2026-03-04T05:06:08.900Z",
        "endTime": "2026-03-04T05:06:12.000Z",
    }
    asking = {**ASKING, "parentObservationId": None}
    path = folder.document([asking, beside, {**answering, "parentObservationId": None}])

    asked, answered = by_kind(path)[RowKind.AI_REQUESTS]

    assert [call["name"] for call in asked["tool_calls"]] == ["search"]
    assert "tool_calls" not in answered


def test_calls_that_stand_in_the_content_and_in_a_list_count_once(folder: Folder) -> None:
    content = [{"type": "tool_use", "id": "call-1", "name": "search", "input": {"q": "shoes"}}]
    listed = [{"type": "tool_call", "id": "call-1", "name": "search", "args": {"q": "shoes"}}]
    path = folder.document(
        [{**GENERATION, "output": {"role": "assistant", "content": content, "tool_calls": listed}}]
    )

    [request] = by_kind(path)[RowKind.AI_REQUESTS]

    assert request["tool_calls"] == [
        {"id": "call-1", "name": "search", "arguments": {"q": "shoes"}}
    ]


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 11, "output": 4, "output_reasoning_tokens": 30, "total": 45}, (11, 34, 45)),
        ({"input": 11, "output": 40, "output_reasoning_tokens": 30, "total": 51}, (11, 40, 51)),
        (
            {
                "input": 11,
                "input_cached_tokens": 9,
                "output": 4,
                "output_reasoning_tokens": 30,
                "total": 54,
            },
            (20, 34, 54),
        ),
        ({"input": 11, "cache_read_input_tokens": 9, "output": 4, "total": 24}, (20, 4, 24)),
        ({"input": 11, "output": 4, "output_reasoning": 30}, (11, 34, 45)),
        ({"input": 11, "output": 4, "total": 15}, (11, 4, 15)),
    ],
)
def test_tokens_that_are_listed_separately_count(
    folder: Folder, details: dict[str, int], tokens: tuple[int, ...]
) -> None:
    path = folder.document([{**GENERATION, "usageDetails": details}])

    [request] = by_kind(path)[RowKind.AI_REQUESTS]

    assert (
        request["input_tokens"],
        request["output_tokens"],
        request.get("total_tokens", sum(tokens[:2])),
    ) == tokens


def in_session(number: int, *said: str) -> dict[str, Any]:
    """Return a trace of one session, whose last two messages are a question and its answer."""
    *asked, answer = [
        {"role": ("assistant", "user")[(len(said) - place) % 2 == 0], "content": each}
        for place, each in enumerate(said)
    ]
    at = {"startTime": f"2026-03-04T05:0{number}:07.000Z", "endTime": None}
    call = {**GENERATION, **at, "id": f"obs-{number}", "input": asked, "output": answer}
    return {**trace(number, call), "sessionId": "s"}


def test_traces_of_one_session_are_one_conversation_however_little_each_repeats(
    folder: Folder,
) -> None:
    path = folder.lines(
        in_session(1, "one", "two"),
        in_session(2, "one", "two", "three", "four"),
        in_session(3, "three", "four", "five", "six"),
    )

    [conversation] = by_kind(path)[RowKind.CONVERSATIONS]

    said = [each["content"] for each in conversation["messages"]]
    assert (conversation["id"], said) == ("s", ["one", "two", "three", "four", "five", "six"])


def test_long_records_are_mapped_a_few_at_a_time(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(langfuse, "MOST_BYTES", 5000)
    path = folder.lines(*(trace(number, {**GENERATION, "id": str(number)}) for number in range(9)))
    positions = {parsed.position for parsed in read(path, mapping_of(path))}
    assert 3 < len(positions) < 9
