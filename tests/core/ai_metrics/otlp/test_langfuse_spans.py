"""Spans of Langfuse's SDKs, with the attributes that its version 5 has set in Python."""

import json
from decimal import Decimal
from typing import Any

import pytest

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.schemas import NewRequest, RequestStatus
from tests.factories.spans import packed, span, unpacked

TRACE = {
    "user.id": "u1",
    "session.id": "s1",
    "langfuse.trace.name": "chat turn",
    "langfuse.environment": "staging",
    "langfuse.release": "1.2.3",
}
GENERATION = {
    **TRACE,
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o",
    "langfuse.observation.input": json.dumps(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}]
    ),
    "langfuse.observation.output": json.dumps({"role": "assistant", "content": "Sunny."}),
    "langfuse.observation.usage_details": json.dumps(
        {"input": 10, "output": 5, "input_cached_tokens": 3, "total": 18}
    ),
    "langfuse.observation.cost_details": json.dumps({"input": 0.0015, "output": 0.0005}),
}
NO_RESOURCE = {"service.name": "shop"}


def mapped(*given: dict[str, Any]) -> Mapped:
    return mapping.mapped(unpacked(packed(*given, resource=NO_RESOURCE)))


def only(attributes: dict[str, Any]) -> NewRequest:
    [taken] = mapped(span(attributes)).taken
    return taken.request


def test_a_generation_is_a_request() -> None:
    request = only(GENERATION)
    assert (request.model, request.operation) == ("gpt-4o", "chat")
    assert (request.user_id, request.conversation_id) == ("u1", "s1")
    assert (request.app, request.release, request.environment) == ("shop", "1.2.3", "staging")
    assert (request.input_tokens, request.output_tokens) == (13, 5)
    assert (request.total_tokens, request.cached_tokens) == (18, 3)
    assert request.cost_usd == Decimal("0.0020")
    assert "Weather" not in str(request.extra)


def test_the_environment_that_langfuse_sets_by_itself_is_none() -> None:
    assert only({**GENERATION, "langfuse.environment": "default"}).environment is None


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ([{"role": "user", "content": "Hi"}], ["Hi"]),
        ({"messages": [{"role": "user", "content": "Hi"}], "tools": []}, ["Hi"]),
        ({"question": "Hi"}, ["Hi"]),
        ({"args": ["Hi"], "kwargs": {}}, ['{"args":["Hi"],"kwargs":{}}']),
    ],
    ids=["messages", "body of a call", "one text", "any object"],
)
def test_inputs_are_messages_whatever_their_form(given: Any, texts: list[str]) -> None:  # noqa: ANN401
    [taken] = mapped(span({**GENERATION, "langfuse.observation.input": json.dumps(given)})).taken
    assert taken.exchange is not None
    assert [said.text for said in taken.exchange.asked] == texts
    assert [said.text for said in taken.exchange.answered] == ["Sunny."]


def test_usage_in_openais_words_is_counted_once() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    request = only({**GENERATION, "langfuse.observation.usage_details": json.dumps(usage)})
    assert (request.input_tokens, request.output_tokens, request.total_tokens) == (10, 5, 15)
    assert (request.cached_tokens, request.reasoning_tokens) == (4, 2)


@pytest.mark.parametrize("usage", ["no JSON", "[1]", '{"input": "many"}', '{"input": -1}', "null"])
def test_usage_that_is_none_leaves_tokens_unknown(usage: str) -> None:
    assert only({**GENERATION, "langfuse.observation.usage_details": usage}).input_tokens is None


def test_the_first_token_is_when_the_completion_started() -> None:
    noon = 1_773_144_000
    at = json.dumps("2026-03-10T12:00:00.250000Z")
    started = span({**GENERATION, "langfuse.observation.completion_start_time": at})
    [taken] = mapped({**started, "startTimeUnixNano": str(noon * 1_000_000_000)}).taken
    assert taken.request.first_token_ms == 250


def test_tools_and_retrievers_are_steps_of_the_generation_before_them() -> None:
    outer = span({"langfuse.observation.type": "span"}, id_="aa" * 8)
    tool = {
        "langfuse.observation.type": "tool",
        "langfuse.observation.input": '{"city": "Paris"}',
        "langfuse.observation.output": '{"sun": true}',
    }
    below = [
        span(each, trace=outer["traceId"], parent="aa" * 8, name=name, ago_s=ago_s)
        for ago_s, name, each in (
            (50, "answer", GENERATION),
            (40, "get_weather", tool),
            (30, "search", {"langfuse.observation.type": "retriever"}),
        )
    ]
    [request] = [each.request for each in mapped(outer, *below).taken]
    assert [(step["kind"], step["name"]) for step in request.steps or []] == [
        ("tool", "get_weather"),
        ("retrieval", "search"),
    ]
    [call] = request.tool_calls or []
    assert (call["arguments"], call["result"]) == ({"city": "Paris"}, {"sun": True})


def test_a_generation_of_level_error_failed_with_its_message() -> None:
    failed = {
        **GENERATION,
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.status_message": "rate limited",
    }
    request = only(failed)
    assert (request.status, request.error_message) == (RequestStatus.ERROR, "rate limited")


def test_other_spans_that_langfuse_passes_on_keep_their_own_names() -> None:
    sent = {**TRACE, "gen_ai.operation.name": "chat", "gen_ai.response.model": "claude-sonnet-4-5"}
    request = only(sent)
    assert (request.model, request.user_id, request.environment) == (
        "claude-sonnet-4-5",
        "u1",
        "staging",
    )
