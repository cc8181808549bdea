"""Spans of embeddings, as OpenInference and OpenLLMetry send them."""

from typing import Any

import pytest

from core.ai_metrics.otlp import mapping
from core.ai_metrics.otlp.steps import MappedSpan
from tests.factories.spans import packed, span, unpacked

OPENINFERENCE = {
    "openinference.span.kind": "EMBEDDING",
    "llm.system": "openai",
    "input.value": '{"model": "text-embedding-3-small", "input": "some text"}',
    "output.value": '{"data":[{"embedding":[0.1,0.1]}]}',
    "embedding.model_name": "text-embedding-3-small",
    "embedding.embeddings.0.embedding.text": "some text",
    "embedding.embeddings.0.embedding.vector": [0.1, 0.1],
    "llm.token_count.prompt": 5,
    "llm.token_count.total": 5,
}
OPENLLMETRY = {
    "llm.request.type": "embedding",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "text-embedding-3-small",
    "gen_ai.prompt.0.content": "some text",
    "gen_ai.usage.input_tokens": 5,
}


def mapped(*given: dict[str, Any]) -> list[MappedSpan]:
    return mapping.mapped(unpacked(packed(*given))).taken


@pytest.mark.parametrize("attributes", [OPENINFERENCE, OPENLLMETRY])
def test_an_embedding_is_a_request_without_a_conversation(attributes: dict[str, Any]) -> None:
    (found,) = mapped(span(attributes))
    request = found.request
    assert (request.operation, request.model) == ("embeddings", "text-embedding-3-small")
    assert (request.input_tokens, request.output_tokens) == (5, None)
    assert (found.exchange, request.conversation_id) == (None, None)


@pytest.mark.parametrize("attributes", [OPENINFERENCE, OPENLLMETRY])
def test_texts_and_vectors_of_an_embedding_are_not_kept(attributes: dict[str, Any]) -> None:
    (found,) = mapped(span(attributes))
    assert "some text" not in str(found.request.extra)
    assert "0.1" not in str(found.request.extra)


def test_a_span_without_tokens_around_an_embedding_is_no_second_request() -> None:
    outer = span(
        {"openinference.span.kind": "EMBEDDING", "input.value": "some text"}, ago_s=60, took_ms=900
    )
    inner = span(OPENINFERENCE, trace=outer["traceId"], parent=outer["spanId"], ago_s=59.9)
    assert [each.request.input_tokens for each in mapped(outer, inner)] == [5]
