"""Spans of Strands Agents, with the attributes and events that version 1 has set."""

import json
from typing import Any

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.steps import MappedSpan
from tests.factories.spans import packed, pairs, span, unpacked

Json = dict[str, Any]
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "strands-agents",
    "session.id": "s-1",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 21,
    "gen_ai.usage.output_tokens": 7,
    "gen_ai.server.time_to_first_token": 644,
}
CALL = {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Paris"}}}
RESULT = {
    "toolResult": {
        "toolUseId": "c1",
        "status": "success",
        "content": [{"text": "sun"}, {"json": {"degrees": 20}}],
    }
}


def event(name: str, **attributes: Any) -> Json:  # noqa: ANN401  any JSON
    return {"name": f"gen_ai.{name}", "timeUnixNano": "1", "attributes": pairs(attributes)}


def parts(*given: Json) -> str:
    return json.dumps(list(given))


def mapped(*events: Json) -> MappedSpan:
    (found,) = mapping.mapped(unpacked(packed(span(CHAT, events=list(events))))).taken
    return found


def said(found: MappedSpan) -> list[tuple[str, str]]:
    assert found.exchange is not None
    return [(each.role, each.text) for each in found.exchange.asked + found.exchange.answered]


def test_messages_in_events_are_read_as_texts() -> None:
    found = mapped(
        event("system.message", content=parts({"text": "Be brief"})),
        event("user.message", content=parts({"text": "Hello"})),
        event("choice", finish_reason="end_turn", message=parts({"text": "Hello there"})),
    )
    assert said(found) == [
        ("system", "Be brief"),
        ("user", "Hello"),
        ("assistant", "Hello there"),
    ]
    assert (found.request.finish_reason, found.request.first_token_ms) == ("end_turn", 644)


def test_a_tool_that_the_model_called_and_its_result_are_read() -> None:
    called = mapped(
        event("user.message", content=parts({"text": "Weather?"})),
        event("choice", finish_reason="tool_use", message=parts(CALL)),
    )
    assert called.request.tool_calls == [
        {"id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
    ]
    answered = mapped(
        event("user.message", content=parts({"text": "Weather?"})),
        event("assistant.message", content=parts(CALL)),
        event("tool.message", content=parts(RESULT)),
        event("choice", message=parts({"text": "Sunny"})),
    )
    assert said(answered)[2:] == [("tool", 'sun\n{"degrees":20}'), ("assistant", "Sunny")]
    assert answered.exchange is not None
    assert answered.exchange.asked[2].answers == "c1"


def test_a_users_message_that_is_itself_a_json_list_stays_as_it_is() -> None:
    found = mapped(event("user.message", content="[1, 2]"), event("choice", message="[]"))
    assert said(found) == [("user", "[1, 2]"), ("assistant", "[]")]


def test_a_flat_message_that_is_itself_a_json_list_stays_as_it_is() -> None:
    flat = {
        "llm.request.type": "chat",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": '["a", "b"]',
    }
    (found,) = mapping.mapped(unpacked(packed(span(flat)))).taken
    assert said(found) == [("user", '["a", "b"]')]


def test_system_instructions_in_an_event_of_their_own_are_read() -> None:
    system = json.dumps([{"type": "text", "content": "Be brief"}])
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}])
    details = "client.inference.operation.details"
    found = mapped(
        event(details, **{"gen_ai.system_instructions": system}),
        event(details, **{"gen_ai.input.messages": asked}),
    )
    assert said(found) == [("system", "Be brief"), ("user", "Hello")]
