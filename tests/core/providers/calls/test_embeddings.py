"""Vectors of texts, from servers of OpenAI's protocol and from the fake provider."""

import json
import math
from typing import Any

import pytest
from openai.types import EmbeddingCreateParams
from pydantic import TypeAdapter

from core.network.cancellation import CancelToken
from core.providers import gateway
from core.providers.catalogue import model_view
from core.providers.chunks import Embeddings, Usage
from core.providers.errors import (
    CallCancelled,
    EmbeddingsNotSupported,
    ProviderKeyRejected,
    ProviderRateLimited,
    UnexpectedFormat,
)
from core.providers.schemas import Connection, EmbeddingCall, ListedModel, ProviderKind, Route
from core.providers.vendors.openai_request import embedding_request_of
from tests.factories.providers import ANTHROPIC, OPENAI, Impatient, connection
from tests.fake_vendor import Literally, Vendor

FAKE = Connection("fake", ProviderKind.FAKE, None, None)


def embed(
    to: Connection, *texts: str, model: str = "embedder", dimensions: int | None = None
) -> Embeddings:
    route = Route(model_view(to, ListedModel(model)), to)
    return gateway.embed(route, EmbeddingCall(model, texts, dimensions), Impatient())


def similarity(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_are_in_the_order_of_their_texts(vendor: Vendor) -> None:
    embeddings = embed(connection(vendor, OPENAI), "a", "bb", "ccc")
    assert embeddings == Embeddings(((1, 1), (2, 1), (3, 1)), Usage(input=13))


@pytest.mark.parametrize("dimensions", [None, 2])
def test_the_body_is_valid_for_openais_sdk(vendor: Vendor, dimensions: int | None) -> None:
    embed(connection(vendor, OPENAI), "a", "bb", dimensions=dimensions)
    body = vendor.last.body
    assert body == embedding_request_of(EmbeddingCall("embedder", ("a", "bb"), dimensions))
    assert TypeAdapter[Any](EmbeddingCreateParams).validate_python(body) == body
    assert ("dimensions" in body) is (dimensions is not None)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"index": 0, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": ["one"]}],
        [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [10**400]}],
        [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [math.nan]}],
        [{"index": 0, "embedding": [1]}, {"index": 1}],
        None,
    ],
)
def test_vectors_that_do_not_fit_the_texts_are_an_unexpected_format(
    vendor: Vendor, rows: object
) -> None:
    vendor.literal["odd"] = Literally.json({"data": rows})
    with pytest.raises(UnexpectedFormat):
        embed(connection(vendor, OPENAI), "a", "b", model="odd")


def test_vectors_of_other_dimensions_than_requested_are_an_unexpected_format(
    vendor: Vendor,
) -> None:
    with pytest.raises(UnexpectedFormat):
        embed(connection(vendor, OPENAI), "a", dimensions=3)


def test_a_transient_error_is_retried_and_then_raised(vendor: Vendor) -> None:
    with pytest.raises(ProviderRateLimited):
        embed(connection(vendor, OPENAI), "a", model="error?status=429")
    assert len(vendor.asked) == 3


def test_a_rejected_key_is_not_in_the_error(vendor: Vendor) -> None:
    vendor.literal["echo-key"] = Literally.json({"error": {"message": "bad key sk-123"}}, 401)
    with pytest.raises(ProviderKeyRejected) as raised:
        embed(connection(vendor, OPENAI, "sk-123"), "a", model="echo-key")
    assert "sk-123" not in raised.value.detail


def test_a_cancelled_call_embeds_nothing(vendor: Vendor) -> None:
    to, cancel_token = connection(vendor, OPENAI), CancelToken()
    cancel_token.cancel()
    with pytest.raises(CallCancelled):
        gateway.embed(
            Route(model_view(to, ListedModel("m")), to), EmbeddingCall("m", ("a",)), cancel_token
        )


@pytest.mark.parametrize(
    ("to", "model"),
    [
        (Connection("v", ANTHROPIC, None, "k"), "claude-opus-5"),
        (Connection("v", OPENAI, None, "k"), "gpt-5"),
        (FAKE, "plain"),
    ],
)
def test_a_model_without_embeddings_is_not_called(to: Connection, model: str) -> None:
    with pytest.raises(EmbeddingsNotSupported):
        embed(to, "a", model=model)


def test_openais_embedding_models_embed() -> None:
    to = Connection("v", OPENAI, None, "k")
    assert model_view(to, ListedModel("text-embedding-3-small")).capabilities.embeddings


def test_fake_vectors_are_always_the_same_and_similar_for_similar_texts() -> None:
    question, similar, other = embed(
        FAKE, "How do I reset my password", "reset my password please", "The weather in Paris"
    ).vectors
    assert embed(FAKE, "How do I reset my password").vectors == (question,)
    assert len(question) == 64
    assert math.hypot(*question) == pytest.approx(1)
    assert similarity(question, similar) > 0.5 > similarity(question, other)


@pytest.mark.parametrize("text", ["", " ", "a", "a " * 1000])
def test_a_fake_vector_has_the_length_one_and_the_requested_dimensions(text: str) -> None:
    vector = embed(FAKE, text, dimensions=3).vectors[0]
    assert len(vector) == 3
    assert math.hypot(*vector) == pytest.approx(1)


def test_fake_vectors_and_faults_may_be_scripted() -> None:
    assert embed(FAKE, '#fake {"vector": [0.5, -0.5]}\nany text').vectors == ((0.5, -0.5),)
    with pytest.raises(ProviderRateLimited):
        embed(FAKE, "a", "#fake " + json.dumps({"fault": "rate_limit"}))
    with pytest.raises(ProviderKeyRejected):
        embed(FAKE, "a", model="refusing")
