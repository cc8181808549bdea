"""Calls that two libraries trace, with the attributes that anthropic 2.14, OpenLLMetry 0.62 and
OpenInference 3.1 have set.
"""

import json
from typing import Any

import pytest

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.otlp.steps import MappedSpan
from core.ai_metrics.schemas import RequestStatus
from tests.factories.spans import packed, span, unpacked

Json = dict[str, Any]
SDK = {
    "gen_ai.provider.name": "anthropic",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.id": "msg_1",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.time_to_first_chunk": 0.12,
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 6,
    "gen_ai.usage.cache_read.input_tokens": 3,
    "gen_ai.usage.cache_write.input_tokens": 2,
    "anthropic.message.stop_reason": "end_turn",
}
OPENLLMETRY = {
    "gen_ai.provider.name": "anthropic",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "Bonjour"}]}]
    ),
    "gen_ai.response.id": "msg_1",
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 12,  # of a stream it adds two counts that are the same
    "gen_ai.usage.total_tokens": 32,
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "anthropic",
    "llm.model_name": "claude-sonnet-4-5",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Hi",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "Bonjour",
    "output.value": '{"id":"msg_1","content":[{"text":"Bonjour","type":"text"}]}',
    "llm.token_count.prompt": 20,
    "llm.token_count.completion": 6,
    "llm.token_count.total": 26,
}
LANGCHAIN = {
    name: value
    for name, value in OPENINFERENCE.items()
    if name not in ("output.value", "llm.provider")
} | {"session.id": "s-1"}


SDK_NAME = "anthropic.messages.create"


def mapped(*given: Json) -> Mapped:
    return mapping.mapped(unpacked(packed(*given)))


def only(*given: Json) -> MappedSpan:
    (found,) = mapped(*given).taken
    return found


def below(outer: Json, attributes: Json, **more: Any) -> Json:  # noqa: ANN401  as `span` takes
    return span(
        attributes,
        trace=outer["traceId"],
        parent=outer["spanId"],
        **{"ago_s": 59.9, "took_ms": 600, **more},
    )


def said(found: MappedSpan) -> list[str]:
    assert found.exchange is not None
    return [each.text for each in found.exchange.asked + found.exchange.answered]


@pytest.mark.parametrize("outer", [OPENLLMETRY, OPENINFERENCE])
def test_a_call_that_the_sdk_traces_in_a_trace_of_its_own_is_one_request(outer: Json) -> None:
    found = only(span(SDK, ago_s=59.9, took_ms=600, name=SDK_NAME), span(outer))
    request = found.request
    assert said(found) == ["Hi", "Bonjour"]
    assert (request.input_tokens, request.output_tokens) == (20, 6)
    assert (request.cached_tokens, request.cache_write_tokens) == (3, 2)
    assert (request.model, request.first_token_ms) == ("claude-sonnet-4-5-20250929", 120)
    assert request.total_tokens in (None, 26)


@pytest.mark.parametrize("outer", [OPENLLMETRY, OPENINFERENCE])
def test_a_call_that_the_sdk_traces_below_a_library_is_one_request(outer: Json) -> None:
    first = span(outer)
    found = mapped(below(first, SDK, name=SDK_NAME), first)
    assert [each.request.id for each in found.taken] == [first["traceId"] + first["spanId"]]
    assert not found.dropped


def test_a_call_of_langchain_has_the_figures_of_the_call_below_it_though_it_names_no_response() -> (
    None
):
    outer = span(LANGCHAIN)
    chain = below(outer, {"openinference.span.kind": "CHAIN"})
    found = only(outer, chain, below(chain, SDK))
    assert (found.request.conversation_id, found.request.finish_reason) == ("s-1", "end_turn")
    assert said(found) == ["Hi", "Bonjour"]


def test_a_call_of_langchain_beside_the_sdks_is_one_request_by_the_id_within_its_answer() -> None:
    answer = {"generations": [[{"message": {"response_metadata": {"id": "msg_1"}}}]]}
    outer = span(LANGCHAIN | {"output.value": json.dumps(answer)}, name="ChatAnthropic")
    found = only(outer, span(SDK, ago_s=59.9, took_ms=600, name=SDK_NAME))
    assert found.request.conversation_id == "s-1"


def test_a_stream_of_langchain_beside_the_sdks_is_one_request_though_it_names_no_response() -> None:
    outer = span(LANGCHAIN | {"llm.token_count.prompt": 0}, name="ChatAnthropic")
    found = only(outer, span(SDK, ago_s=59.9, took_ms=600, name=SDK_NAME))
    assert (found.request.input_tokens, found.request.first_token_ms) == (20, 120)


def test_three_spans_of_one_call_are_one_request() -> None:
    outer = span(LANGCHAIN)
    middle = below(outer, OPENLLMETRY | {"gen_ai.usage.output_tokens": 6}, took_ms=700)
    found = only(outer, middle, below(middle, SDK, ago_s=59.8, took_ms=500))
    assert found.request.output_tokens == 6


def test_a_call_that_is_tried_again_is_a_request_beside_the_one_that_failed() -> None:
    outer = span(LANGCHAIN)
    failed = {"gen_ai.operation.name": "chat", "error.type": "RateLimitError"}
    found = mapped(
        outer, below(outer, failed, took_ms=100), below(outer, SDK, ago_s=59.7, took_ms=400)
    )
    assert [each.request.status for each in found.taken] == [RequestStatus.OK, RequestStatus.ERROR]


FAILED = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5"}
BY_SDK = FAILED | {"error.type": "404", "http.response.status_code": 404}
BY_LIBRARY = FAILED | {"error.type": "NotFoundError"}


def failures(*given: Json) -> list[str | None]:
    return [each.request.error_type for each in mapped(*given).taken]


def test_a_call_that_fails_in_both_spans_is_one_failure() -> None:
    outer = span(BY_LIBRARY)
    assert failures(outer, below(outer, BY_SDK)) == ["NotFoundError"]


def test_a_failure_that_the_sdk_traces_beside_a_library_is_one() -> None:
    inner: Json = {"ago_s": 59.9, "took_ms": 600, "name": SDK_NAME}
    assert failures(span(BY_LIBRARY, name="anthropic.chat"), span(BY_SDK, **inner)) == [
        "NotFoundError"
    ]
    agent = span({"gen_ai.operation.name": "invoke_agent"})
    outer = below(agent, BY_LIBRARY, ago_s=60, took_ms=800, name="anthropic.chat")
    assert failures(agent, outer, below(agent, BY_SDK, **inner)) == ["NotFoundError"]


def test_failures_at_one_time_that_one_library_traces_are_as_many() -> None:
    name = "anthropic.chat"
    outer, inner = span(BY_LIBRARY, name=name), span(BY_LIBRARY, name=name, ago_s=59.9, took_ms=9)
    assert len(failures(outer, inner)) == 2


def test_two_ways_of_one_library_to_call_at_one_time_are_two_requests() -> None:
    calls = [
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **more}
        for more in ({"gen_ai.usage.output_tokens": 256}, {"error.type": "Timeout"})
    ]
    for call in calls:
        stream = span(call, name="ai.streamText.doStream")
        inner = span(call, name="ai.generateText.doGenerate", ago_s=59.9, took_ms=9)
        assert len(mapped(stream, inner).taken) == 2


def test_two_failures_at_one_time_that_two_libraries_trace_are_two() -> None:
    outer = [span(BY_LIBRARY, name="anthropic.chat", ago_s=60 + n / 100) for n in range(2)]
    inner: Json = {"ago_s": 59.9, "took_ms": 600, "name": SDK_NAME}
    assert len(failures(*outer, span(BY_SDK, **inner), span(BY_SDK, **inner))) == 2


def test_an_answer_that_a_cache_gives_later_is_a_request_of_its_own() -> None:
    assert len(mapped(span(SDK, ago_s=60), span(SDK, ago_s=30)).taken) == 2


def test_calls_at_one_time_to_which_a_server_gave_one_id_are_two_requests() -> None:
    # Ollama draws its ids from 999
    assert len(mapped(span(SDK), span(SDK, ago_s=59.9)).taken) == 2


def test_calls_side_by_side_with_the_same_tokens_are_two_requests() -> None:
    agent = span({"gen_ai.operation.name": "invoke_agent"})
    found = mapped(
        agent,
        below(agent, SDK | {"gen_ai.response.id": "msg_1"}),
        below(agent, SDK | {"gen_ai.response.id": "msg_2"}),
    )
    assert len(found.taken) == 2


def test_a_call_within_a_call_with_other_tokens_is_a_second_request() -> None:
    outer = span(LANGCHAIN)
    assert len(mapped(outer, below(outer, SDK | {"gen_ai.usage.input_tokens": 5})).taken) == 2


def test_a_call_that_the_sdk_alone_traces_has_its_reason_to_end() -> None:
    assert only(span(SDK)).request.finish_reason == "end_turn"


def test_a_tool_below_the_inner_span_is_a_step_of_the_request() -> None:
    outer = span(OPENINFERENCE)
    inner = below(outer, SDK)
    tool = below(
        inner, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}, ago_s=59.5
    )
    steps = only(outer, inner, tool).request.steps or []
    assert [step["name"] for step in steps] == ["weather"]


def test_a_span_without_tokens_around_a_call_with_them_is_no_second_request() -> None:
    """LlamaIndex records each prompt's completion around the chat that it becomes."""
    names = ("llm.provider", "llm.model_name", "openinference.span.kind")
    outer = span({name: OPENINFERENCE[name] for name in names} | {"output.value": "Bonjour"})
    found = only(outer, below(outer, OPENINFERENCE))
    assert (found.request.input_tokens, said(found)) == (20, ["Hi", "Bonjour"])


def test_a_span_without_tokens_around_several_calls_with_them_is_none_itself() -> None:
    outer = span({"gen_ai.operation.name": "chat"})
    calls = [SDK | {"gen_ai.response.id": id_} for id_ in ("msg_1", "msg_2")]
    assert len(mapped(outer, *(below(outer, call) for call in calls)).taken) == 2


def test_calls_that_stand_below_each_other_are_requests_all_the_same() -> None:
    one, other = span(OPENLLMETRY), span(OPENLLMETRY | {"gen_ai.response.id": "msg_2"})
    trace = one["traceId"]
    circle = [
        one | {"parentSpanId": other["spanId"]},
        other | {"parentSpanId": one["spanId"], "traceId": trace},
    ]
    assert len(mapped(*circle).taken) == 1
