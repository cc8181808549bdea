"""Spans of the Vercel AI SDK, with the attributes that its versions 5 to 7 have set."""

import json
from typing import Any

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.schemas import RequestStatus
from tests.factories.spans import packed, span, unpacked

ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
]
CALLED = [
    *ASKED,
    {
        "role": "assistant",
        "content": [
            {
                "type": "tool-call",
                "toolCallId": "c1",
                "toolName": "weather",
                "input": {"city": "Paris"},
            }
        ],
    },
    {
        "role": "tool",
        "content": [
            {
                "type": "tool-result",
                "toolCallId": "c1",
                "toolName": "weather",
                "output": {"type": "json", "value": {"sun": True}},
            }
        ],
    },
]
ABOUT = {"ai.telemetry.metadata.userId": "u1", "ai.telemetry.metadata.sessionId": "s1"}
FUNCTION = {"ai.operationId": "ai.generateText", "ai.response.text": "Sunny.", **ABOUT}
CALL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.provider": "openai.responses",
    "ai.model.id": "gpt-4o",
    **ABOUT,
    "gen_ai.system": "openai.responses",
    "gen_ai.request.model": "gpt-4o",
}
FIRST = {
    **CALL,
    "ai.prompt.messages": json.dumps(ASKED),
    "ai.response.finishReason": "tool-calls",
    "ai.response.toolCalls": json.dumps(
        [{"toolCallId": "c1", "toolName": "weather", "input": '{"city":"Paris"}'}]
    ),
    "ai.response.model": "gpt-4o-2026",
    "ai.usage.promptTokens": 10,
    "ai.usage.completionTokens": 5,
}
SECOND = {
    **CALL,
    "ai.operationId": "ai.streamText.doStream",
    "ai.prompt.messages": json.dumps(CALLED),
    "ai.response.finishReason": "stop",
    "ai.response.msToFirstChunk": 41.6,
    "ai.response.text": "Sunny.",
    "ai.response.model": "gpt-4o-2026",
    "ai.usage.inputTokens": 30,
    "ai.usage.inputTokenDetails.cacheReadTokens": 8,
    "ai.usage.inputTokenDetails.cacheWriteTokens": 2,
    "ai.usage.outputTokens": 6,
    "ai.usage.outputTokenDetails.reasoningTokens": 3,
    "ai.usage.totalTokens": 36,
}
TOOL = {
    "ai.operationId": "ai.toolCall",
    "ai.toolCall.name": "weather",
    "ai.toolCall.id": "c1",
    "ai.toolCall.args": '{"city":"Paris"}',
    "ai.toolCall.result": '{"sun":true}',
}


def mapped(*given: dict[str, Any]) -> Mapped:
    return mapping.mapped(unpacked(packed(*given)))


def below(outer: dict[str, Any], *given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return spans below another, one ten seconds after the other."""
    return [
        span(each, trace=outer["traceId"], parent=outer["spanId"], ago_s=50 - 10 * place)
        for place, each in enumerate(given)
    ]


def test_calls_of_models_are_requests_and_the_function_around_them_is_none() -> None:
    outer = span(FUNCTION)
    found = mapped(outer, *below(outer, FIRST, SECOND))
    first, second = (each.request for each in found.taken)
    assert (first.provider, first.model, first.operation) == ("openai", "gpt-4o-2026", "chat")
    assert (first.user_id, first.conversation_id) == ("u1", "s1")
    assert (first.input_tokens, first.output_tokens) == (10, 5)
    assert first.finish_reason == "tool-calls"
    assert (second.input_tokens, second.output_tokens, second.total_tokens) == (30, 6, 36)
    assert (second.cached_tokens, second.cache_write_tokens, second.reasoning_tokens) == (8, 2, 3)
    assert second.first_token_ms == 42
    assert "Paris" not in str(first.extra)


def test_tools_are_called_by_the_request_that_asked_for_them() -> None:
    outer = span(FUNCTION)
    [request] = [each.request for each in mapped(outer, *below(outer, FIRST, TOOL)).taken]
    [call] = request.tool_calls or []
    assert {name: call[name] for name in ("id", "name", "arguments", "result")} == {
        "id": "c1",
        "name": "weather",
        "arguments": {"city": "Paris"},
        "result": {"sun": True},
    }
    assert [step["name"] for step in request.steps or []] == ["weather"]


def test_a_conversation_has_its_messages_calls_and_results() -> None:
    [taken] = mapped(span(SECOND)).taken
    assert taken.exchange is not None
    assert [(said.role, said.text) for said in taken.exchange.asked] == [
        ("system", "Be brief."),
        ("user", "Weather in Paris?"),
        ("assistant", ""),
        ("tool", '{"sun":true}'),
    ]
    assert taken.exchange.asked[2].tool_calls == [
        {"id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
    ]
    assert taken.exchange.asked[3].answers == "c1"
    assert [said.text for said in taken.exchange.answered] == ["Sunny."]


def test_a_history_that_is_sent_back_is_known_again() -> None:
    first, second = (each.exchange for each in mapped(span(FIRST), span(SECOND, ago_s=50)).taken)
    assert first is not None
    assert second is not None
    assert first.names[0] + first.names[1] == second.names[0][:3]


def test_embeddings_count_their_tokens_and_keep_no_vector() -> None:
    sent = {
        "ai.operationId": "ai.embed.doEmbed",
        "ai.model.provider": "openai.embedding",
        "ai.model.id": "text-embedding-3-small",
        "ai.embeddings": ["[0.25,0.5]"],
        "ai.usage.tokens": 4,
    }
    [request] = [each.request for each in mapped(span(sent)).taken]
    assert (request.operation, request.provider, request.model, request.input_tokens) == (
        "embeddings",
        "openai",
        "text-embedding-3-small",
        4,
    )
    assert "0.25" not in str(request.extra)


def test_a_call_that_failed_is_an_error() -> None:
    [request] = [
        each.request for each in mapped(span(CALL, status={"code": 2, "message": "boom"})).taken
    ]
    assert (request.status, request.error_message) == (RequestStatus.ERROR, "boom")


SEVEN = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "text-embedding-3-small",
}


def test_the_span_around_a_call_of_version_7_counts_no_second_request() -> None:
    outer = span(SEVEN)
    found = mapped(outer, *below(outer, {**SEVEN, "gen_ai.usage.input_tokens": 4}))
    assert [each.request.input_tokens for each in found.taken] == [4]
    assert not found.dropped


def test_a_call_with_tokens_of_its_own_counts_beside_one_below_it() -> None:
    outer = span({**SEVEN, "gen_ai.usage.input_tokens": 9})
    found = mapped(outer, *below(outer, {**SEVEN, "gen_ai.usage.input_tokens": 4}))
    assert [each.request.input_tokens for each in found.taken] == [9, 4]


def test_the_first_token_of_version_7_is_in_its_own_attribute() -> None:
    sent = {**SEVEN, "gen_ai.client.operation.time_to_first_chunk": 0.058}
    [request] = [each.request for each in mapped(span(sent)).taken]
    assert request.first_token_ms == 58
