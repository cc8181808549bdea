"""Attribute names of all dialects and versions of spans; each span becomes one request."""

import json
from decimal import Decimal
from typing import Any

import pytest

from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.mapping import Mapped
from core.ai_metrics.schemas import NewRequest, RequestStatus
from tests.factories.spans import CHAT, as_json, from_json, packed, span, unpacked

NEW = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4",
    "gen_ai.response.model": "claude-sonnet-4-5",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cache_read.input_tokens": 40,
    "gen_ai.usage.cache_creation.input_tokens": 8,
    "gen_ai.usage.reasoning.output_tokens": 5,
    "gen_ai.response.time_to_first_chunk": 0.25,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.conversation.id": "c-1",
    "user.id": "u-1",
}
OLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.usage.prompt_tokens": 100,
    "gen_ai.usage.completion_tokens": 20,
    "gen_ai.usage.cache_read_input_tokens": 40,
    "gen_ai.usage.cache_creation_input_tokens": 8,
    "gen_ai.usage.reasoning_tokens": 5,
    "gen_ai.response.time_to_first_chunk": 0.25,
    "llm.finish_reason": "stop",
    "session.id": "c-1",
    "enduser.id": "u-1",
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "anthropic",
    "llm.model_name": "claude-sonnet-4-5",
    "llm.token_count.prompt": 100,
    "llm.token_count.completion": 20,
    "llm.token_count.total": 120,
    "llm.token_count.prompt_details.cache_read": 40,
    "llm.token_count.prompt_details.cache_write": 8,
    "llm.token_count.completion_details.reasoning": 5,
    "gen_ai.response.time_to_first_chunk": 0.25,
    "llm.finish_reason": "stop",
    "session.id": "c-1",
    "user.id": "u-1",
}


def mapped(*given: dict[str, Any], **more: Any) -> Mapped:  # noqa: ANN401  the resource
    return otlp.mapped(unpacked(packed(*given, **more)))


def only(*given: dict[str, Any], **more: Any) -> NewRequest:  # noqa: ANN401  the resource
    [taken] = mapped(*given, **more).taken
    return taken.request


@pytest.mark.parametrize(
    "attributes", [NEW, OLD, OPENINFERENCE], ids=["new", "old", "openinference"]
)
def test_each_dialect_says_the_same(attributes: dict[str, Any]) -> None:
    sent = span(attributes, took_ms=1500)
    request = only(sent)
    assert otlp.mapped(from_json(as_json(sent))).taken[0].request == request
    assert (request.provider, request.model, request.operation) == (
        "anthropic",
        "claude-sonnet-4-5",
        "chat",
    )
    assert (request.input_tokens, request.output_tokens) == (100, 20)
    assert (request.cached_tokens, request.cache_write_tokens, request.reasoning_tokens) == (
        40,
        8,
        5,
    )
    assert (request.first_token_ms, request.total_latency_ms, request.finish_reason) == (
        250,
        1500,
        "stop",
    )
    assert (request.conversation_id, request.user_id, request.status) == (
        "c-1",
        "u-1",
        RequestStatus.OK,
    )
    assert (request.app, request.release, request.environment) == ("shop", "1.4", "production")
    assert request.extra == {"span_name": "chat gpt-4o"}


@pytest.mark.parametrize("prefix", ["gen_ai.prompt", "langfuse.observation.prompt"])
def test_a_span_names_its_prompt(prefix: str) -> None:
    request = only(span({**CHAT, f"{prefix}.name": "support", f"{prefix}.version": 7}))
    assert (request.prompt_name, request.prompt_version) == ("support", "7")
    assert request.extra == {"span_name": "chat gpt-4o"}


@pytest.mark.parametrize("conversation", ["session_id", "chat_id"])
def test_association_properties_of_openllmetry_name_conversation_and_user(
    conversation: str,
) -> None:
    prefix = "traceloop.association.properties"
    request = only(span({**CHAT, f"{prefix}.{conversation}": "c-1", f"{prefix}.user_id": "u-1"}))
    assert (request.conversation_id, request.user_id) == ("c-1", "u-1")
    assert request.extra == {"span_name": "chat gpt-4o"}


@pytest.mark.parametrize("sent", ["OpenAI", "openai", "OPENAI"])
def test_a_provider_is_one_however_libraries_write_it(sent: str) -> None:
    assert only(span(CHAT | {"gen_ai.system": sent})).provider == "openai"


def test_the_newest_name_wins() -> None:
    request = only(
        span(
            {
                **OLD,
                **NEW,
                "gen_ai.usage.prompt_tokens": 7,
                "gen_ai.system": "other",
                "enduser.id": "x",
            }
        )
    )
    assert (request.input_tokens, request.provider, request.user_id) == (100, "anthropic", "u-1")


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        *(
            ({"gen_ai.operation.name": name}, name)
            for name in ("chat", "generate_content", "text_completion", "embeddings")
        ),
        ({"openinference.span.kind": "LLM"}, "chat"),
        ({"llm.request.type": "completion"}, "text_completion"),
        ({"llm.request.type": "chat"}, "chat"),
        ({"gen_ai.operation.name": "execute_tool"}, None),
        ({"gen_ai.operation.name": 7}, None),
        ({"openinference.span.kind": "CHAIN"}, None),
        ({"gen_ai.request.model": "gpt-4o"}, None),
        ({}, None),
    ],
)
def test_which_spans_are_requests(attributes: dict[str, Any], operation: str | None) -> None:
    result = mapped(span(attributes))
    assert [taken.request.operation for taken in result.taken] == ([operation] if operation else [])
    assert result.dropped.total() == (0 if operation else 1)


def test_what_nobody_asked_for_is_kept_beside_the_columns() -> None:
    extra = only(
        span(
            CHAT
            | {
                "gen_ai.request.temperature": 0.5,
                "server.port": 443,
                "tags": ["a", {"b": True}],
                "none": "",
            }
        )
    ).extra
    kept = {
        "gen_ai.request.temperature": 0.5,
        "server.port": 443,
        "tags": ["a", {"b": True}],
        "none": "",
    }
    assert extra == {"span_name": "chat gpt-4o", **kept}


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (-1, None),
        (2**31, None),
        (1.5, None),
        ("many", None),
        (True, None),
        ([12], None),
    ],
)
def test_counts_come_in_many_forms(given: object, tokens: int | None) -> None:
    assert only(span(CHAT | {"gen_ai.usage.input_tokens": given})).input_tokens == tokens


def test_a_count_that_is_none_gives_way_to_an_older_name() -> None:
    assert (
        only(
            span(CHAT | {"gen_ai.usage.input_tokens": "?", "llm.token_count.prompt": 3})
        ).input_tokens
        == 3
    )


@pytest.mark.parametrize(
    ("attributes", "cost"),
    [
        ({"llm.cost.total": 0.0125}, Decimal("0.0125")),
        ({"llm.cost.prompt": 0.01, "llm.cost.completion": 0.002}, Decimal("0.012")),
        ({"llm.cost.total": -1.0}, None),
        ({"llm.cost.total": float("nan")}, None),
        ({"llm.cost.total": 1e9}, None),
        ({"llm.cost.total": "free"}, None),
        ({"llm.cost.total": "1e1000000"}, None),
        ({}, None),
    ],
)
def test_a_cost_that_the_sender_reports(attributes: dict[str, Any], cost: Decimal | None) -> None:
    assert only(span(CHAT | attributes)).cost_usd == cost


def thrown(kind: str, words: str) -> dict[str, Any]:
    pairs = {"exception.type": kind, "exception.message": words}.items()
    return {
        "name": "exception",
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in pairs],
    }


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"attributes_": {"error.type": "timeout"}}, ("timeout", None)),
        ({"status": {"code": 2, "message": "too slow"}}, ("_OTHER", "too slow")),
        (
            {"status": {"code": 2}, "events": [thrown("a.RateLimited", "slow down")]},
            ("a.RateLimited", "slow down"),
        ),
        (
            {"status": {"code": 2, "message": "m"}, "attributes_": {"error.type": "429"}},
            ("429", "m"),
        ),
        ({"events": [thrown("Handled", "and gone on")]}, (None, None)),
        ({"status": {"code": 1, "message": "fine"}}, (None, None)),
    ],
)
def test_how_a_request_failed(more: dict[str, Any], error: tuple[str | None, str | None]) -> None:
    request = only(span(CHAT | more.pop("attributes_", {}), **more))
    assert (request.error_type, request.error_message) == error
    assert request.status == (RequestStatus.ERROR if error[0] else RequestStatus.OK)


def test_the_first_token_may_be_an_event() -> None:
    sent = span(OPENINFERENCE | {"gen_ai.response.time_to_first_chunk": ""})
    at = int(sent["startTimeUnixNano"]) + 123_000_000
    sent["events"] = [{"name": "First Token Stream Event", "timeUnixNano": str(at)}]
    assert only(sent).first_token_ms == 123


def test_a_model_that_never_answered_is_the_one_that_was_ordered() -> None:
    given = {
        "openinference.span.kind": "LLM",
        "llm.invocation_parameters": json.dumps({"model": "gpt-5"}),
    }
    assert only(span(given)).model == "gpt-5"
    assert (
        only(span({"openinference.span.kind": "LLM", "llm.invocation_parameters": "{"})).model
        == "unknown"
    )


def test_ids_come_from_the_nearest_span_that_has_them() -> None:
    trace, root = "ab" * 16, "cd" * 8
    agent = span({"session.id": "s", "user.id": "u"}, trace=trace, id_=root)
    request = only(agent, span(CHAT | {"user.id": 7}, trace=trace, parent=root))
    assert (request.conversation_id, request.user_id) == ("s", "7")


def test_texts_are_cut_to_their_columns_and_ids_are_not() -> None:
    request = only(
        span(CHAT | {"gen_ai.response.model": "m" * 900, "error.type": "e" * 900}),
        resource={"service.name": "a" * 900},
    )
    assert (len(request.model), len(request.error_type or ""), len(request.app or "")) == (
        200,
        500,
        500,
    )
    result = mapped(span(CHAT | {"user.id": "u" * 129}), span())
    assert (len(result.taken), list(result.refused)) == (1, ["user.id has at most 128 characters."])


@pytest.mark.parametrize(
    ("end", "latency"), [("0", None), ("-1", None), ("18446744073709551615", 2**31 - 1)]
)
def test_ends_that_cannot_be(end: str, latency: int | None) -> None:
    sent = span(CHAT) | {"endTimeUnixNano": end if end != "-1" else "0"}
    assert only(sent).total_latency_ms == latency


def test_spans_that_are_their_own_parents_end_nowhere() -> None:
    trace, one, two = "ab" * 16, "01" * 8, "02" * 8
    circle = [
        span(CHAT, trace=trace, id_=one, parent=two),
        span({}, trace=trace, id_=two, parent=one),
    ]
    assert len(mapped(*circle, span(CHAT, trace=trace, id_="03" * 8, parent="03" * 8)).taken) == 2
