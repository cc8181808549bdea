"""Spans of LiteLLM, with the attributes that version 1.110 has set."""

import json
from decimal import Decimal

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.steps import MappedSpan
from tests.factories.spans import packed, span, unpacked

CALL = {
    "llm.request.type": "completion",
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 21,
    "gen_ai.usage.output_tokens": 7,
    "gen_ai.cost.total_cost": 0.0001175,
    "gen_ai.cost.input_cost": 4.75e-05,
    "llm.user": "u-7",
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]
    ),
    "gen_ai.response.finish_reasons": '["tool_calls"]',
    "gen_ai.completion.0.function_call.name": "weather",
    "gen_ai.completion.0.function_call.arguments": '{"city": "Paris"}',
}


def mapped() -> MappedSpan:
    (found,) = mapping.mapped(unpacked(packed(span(CALL)))).taken
    return found


def test_a_request_has_the_cost_that_litellm_reports_and_its_user() -> None:
    request = mapped().request
    assert (request.cost_usd, request.user_id) == (Decimal("0.0001175"), "u-7")


def test_a_list_of_reasons_to_end_is_read_where_it_is_a_text() -> None:
    assert mapped().request.finish_reason == "tool_calls"


def test_a_tool_that_the_model_called_is_read_beside_its_empty_message() -> None:
    found = mapped()
    assert found.request.tool_calls == [{"name": "weather", "arguments": {"city": "Paris"}}]
    assert found.exchange is not None
    assert [said.text for said in found.exchange.asked] == ["Weather?"]
