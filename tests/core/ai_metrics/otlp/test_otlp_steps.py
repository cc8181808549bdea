"""Tools, retrievals and agents of a trace become the steps and the tool calls of its requests."""

import json
from typing import Any

from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.schemas import MOST_STEPS, NewRequest
from tests.factories.spans import CHAT, packed, span, unpacked

TRACE = "ab" * 16
AGENT, FIRST, SECOND = "a0" * 8, "c1" * 8, "c2" * 8
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}


def mapped(*given: dict[str, Any]) -> Mapped:
    return otlp.mapped(unpacked(packed(*given)))


def requests(*given: dict[str, Any]) -> list[NewRequest]:
    return [taken.request for taken in mapped(*given).taken]


def within(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401  members of a span
    return span(attributes, trace=TRACE, **more)


def asking(*calls: dict[str, Any]) -> dict[str, Any]:
    parts = [{"type": "tool_call", **call} for call in calls]
    return CHAT | {"gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": parts}])}


def test_a_tool_below_a_request_is_its_call_and_its_step() -> None:
    called = TOOL | {
        "gen_ai.tool.call.id": "t1",
        "gen_ai.tool.call.arguments": '{"city": "Paris"}',
        "gen_ai.tool.call.result": "sunny",
    }
    [request] = requests(
        within(CHAT, id_=FIRST), within(called, parent=FIRST, ago_s=59.5, took_ms=120)
    )
    assert request.tool_calls == [
        {
            "id": "t1",
            "arguments": {"city": "Paris"},
            "result": "sunny",
            "name": "weather",
            "duration_ms": 120,
        }
    ]
    [step] = request.steps or []
    assert (step["kind"], step["name"], step["duration_ms"]) == ("tool", "weather", 120)
    assert abs(step["start_ms"] - 500) < 10


def test_the_order_within_an_export_does_not_matter() -> None:
    tools = [
        within(TOOL | {"gen_ai.tool.name": name}, parent=FIRST, ago_s=ago)
        for name, ago in (("b", 10), ("a", 20))
    ]
    [request] = requests(*tools, within(CHAT, id_=FIRST))
    assert [call["name"] for call in request.tool_calls or []] == ["a", "b"]


def test_openinference_hangs_tools_beside_the_call_below_an_agent() -> None:
    llm, tool = (
        {"openinference.span.kind": "LLM"},
        {"openinference.span.kind": "TOOL", "tool.name": "lookup"},
    )
    first, second = requests(
        within({"openinference.span.kind": "AGENT"}, id_=AGENT),
        within(llm, id_=FIRST, parent=AGENT, ago_s=50),
        within(tool, parent=AGENT, ago_s=40),
        within(llm, id_=SECOND, parent=AGENT, ago_s=30),
    )
    assert [call["name"] for call in first.tool_calls or []] == ["lookup"]
    assert (second.tool_calls, second.steps) == (None, None)


def test_retrievals_and_agents_are_steps_and_no_tool_calls() -> None:
    retriever = {"openinference.span.kind": "RETRIEVER", "retriever.name": "handbook"}
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "researcher"}
    [request] = requests(
        within(CHAT, id_=FIRST),
        within(retriever, parent=FIRST, ago_s=55),
        within(agent, parent=FIRST, ago_s=54),
    )
    assert [(step["kind"], step["name"]) for step in request.steps or []] == [
        ("retrieval", "handbook"),
        ("agent", "researcher"),
    ]
    assert request.tool_calls is None


def test_a_retrieval_before_the_only_request_is_its_step() -> None:
    [request] = requests(
        within({"openinference.span.kind": "RETRIEVER"}, ago_s=70), within(CHAT, ago_s=60)
    )
    assert [step["start_ms"] < 0 for step in request.steps or []] == [True]


def test_a_tool_deep_below_a_request_finds_it() -> None:
    [request] = requests(
        within(CHAT, id_=FIRST),
        within({"plain": "wrapper"}, id_=SECOND, parent=FIRST),
        within(TOOL, parent=SECOND),
    )
    assert len(request.steps or []) == 1


def test_a_tool_that_failed_says_so() -> None:
    [request] = requests(
        within(CHAT, id_=FIRST), within(TOOL | {"error.type": "NoSuchCity"}, parent=FIRST)
    )
    assert (request.tool_calls or [{}])[0]["error"] == "NoSuchCity"
    assert (request.steps or [{}])[0]["error"] == "NoSuchCity"
    [fine] = requests(within(CHAT, id_=FIRST), within(TOOL, parent=FIRST))
    assert "error" not in (fine.tool_calls or [{}])[0]


def test_a_call_that_was_asked_for_and_made_is_one_call() -> None:
    wanted: list[dict[str, Any]] = [
        {"id": "t1", "name": "weather", "arguments": {"city": "Rome"}},
        {"id": "t2", "name": "weather"},
    ]
    made = within(TOOL | {"gen_ai.tool.call.id": "t2"}, parent=FIRST, took_ms=90)
    [request] = requests(within(asking(*wanted), id_=FIRST), made)
    assert request.tool_calls == [wanted[0], {"id": "t2", "name": "weather", "duration_ms": 90}]


def test_a_tool_without_an_id_is_known_by_its_name() -> None:
    [request] = requests(
        within(asking({"name": "weather"}, {"name": "news"}), id_=FIRST), within(TOOL, parent=FIRST)
    )
    assert [(call["name"], "duration_ms" in call) for call in request.tool_calls or []] == [
        ("weather", True),
        ("news", False),
    ]


def test_a_tool_of_another_trace_is_dropped() -> None:
    result = mapped(within(CHAT), span(TOOL))
    assert (len(result.taken), result.dropped.total()) == (1, 1)
    assert result.taken[0].request.steps is None


def test_more_steps_than_are_kept() -> None:
    tools = [within(TOOL, parent=FIRST, ago_s=59) for _ in range(MOST_STEPS + 20)]
    [request] = requests(within(CHAT, id_=FIRST), *tools)
    assert (len(request.steps or []), len(request.tool_calls or [])) == (MOST_STEPS, MOST_STEPS)
