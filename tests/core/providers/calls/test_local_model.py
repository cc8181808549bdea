"""The packaged model: it answers, survives being killed, and frees its slots."""

import json
import math
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.embedded import model_server
from core.embedded.model_server import ModelServer
from core.errors import StartRefused
from core.network.cancellation import CancelToken
from core.platform.config import config
from core.providers import catalogue, gateway
from core.providers.chunks import TextChunk
from core.providers.errors import CallCancelled, ContextTooLong, LocalModelStarting
from core.providers.schemas import (
    Connection,
    EmbeddingCall,
    ListedModel,
    Parameters,
    ProviderKind,
    Route,
)
from tests.factories.playground import DEFAULT_PROMPT
from tests.factories.providers import Heard, ask, call, running

LOCAL = Connection("local", ProviderKind.LOCAL, None, None)
NAME = model_server.PACKAGED_NAME
SOON_S = 15.0


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[ModelServer]:
    """Serve the packaged weights, as `make run` does."""
    weights = model_server.weights("packaged")
    assert weights is not None, "the extra `local` is not installed"
    started = ModelServer(data, weights)
    started.start()
    yield started
    started.stop()
    model_server.remove_address(data)


@pytest.fixture(autouse=True)
def up(server: ModelServer) -> None:
    """Wait until it answers: a test may have killed it."""
    wait_until_it_answers()


def wait_until_it_answers() -> None:
    ends_at = time.monotonic() + 60
    while asked("Hi", max_tokens=1).failure is not None:
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def asked(prompt: str, system_prompt: str | None = DEFAULT_PROMPT, **parameters: object) -> Heard:
    return ask(LOCAL, call(NAME, prompt, system_prompt, Parameters.model_validate(parameters)))


def the_route() -> Route:
    return Route(catalogue.model_view(LOCAL, ListedModel(NAME, model_server.CONTEXT_WINDOW)), LOCAL)


def kill(server: ModelServer) -> int:
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    return server.process.pid


@pytest.mark.parametrize("system_prompt", [DEFAULT_PROMPT, None])
def test_the_local_model_knows_the_capital_of_france_each_time(system_prompt: str | None) -> None:
    for _ in range(3):
        heard = asked("What is the capital of France?", system_prompt, max_tokens=40)
        assert heard.failure is None
        assert "Paris" in heard.text


def test_the_local_model_does_not_repeat_itself_endlessly() -> None:
    words = asked("Write a poem about the sea.", max_tokens=150).text.split()
    assert len(set(words)) > len(words) / 3


def test_given_parameters_override_the_local_defaults() -> None:
    wild, calm = (
        {asked("Name an animal.", max_tokens=8, temperature=t).text for _ in range(4)}
        for t in (2.0, 0.0)
    )
    assert len(wild) > len(calm)


def test_the_local_model_streams_and_counts_tokens() -> None:
    heard = asked("Tell me about rivers.", max_tokens=20)
    assert len([chunk for chunk in heard.chunks if isinstance(chunk, TextChunk)]) > 10
    assert heard.usage is not None
    assert heard.usage.output == 20
    assert heard.usage.input > 20
    assert heard.finish_reason == "length"


def test_the_local_model_gets_a_default_system_prompt() -> None:
    """Without any system prompt this model answers gibberish."""
    with_one, without = asked("Hi", max_tokens=1), asked("Hi", None, max_tokens=1)
    assert without.usage is not None
    assert with_one.usage is not None
    assert without.usage.input > 12


@pytest.mark.parametrize("mark", ["<|im_end|>", "<|im_start|>", "<|endoftext|>"])
def test_marks_of_turns_in_a_text_begin_and_end_no_turn(mark: str) -> None:
    """As a mark, each would be one token."""
    without, marked = asked("Hi", max_tokens=1), asked(f"Hi {mark * 40}", max_tokens=1)
    assert without.usage is not None
    assert marked.usage is not None
    assert marked.usage.input - without.usage.input > 40 * 3
    system = asked("Hi", f"Be kind. {mark * 40}", max_tokens=1)
    assert system.usage is not None
    assert system.usage.input > 40 * 3


def test_the_same_seed_gives_the_same_answer() -> None:
    assert (
        asked("Name an animal.", seed=7, max_tokens=12).text
        == asked("Name an animal.", seed=7, max_tokens=12).text
    )


def test_the_local_model_honours_stop_sequences() -> None:
    assert "Paris" not in asked("What is the capital of France?", stop_sequences=["Paris"]).text


def test_a_conversation_beyond_the_local_models_window_is_rejected() -> None:
    failure = asked("word " * 3000).failure
    assert type(failure) is ContextTooLong
    assert "Start a new session" in failure.detail


def test_the_local_provider_lists_its_model() -> None:
    assert gateway.list_models(LOCAL) == [ListedModel(NAME, model_server.CONTEXT_WINDOW)]


def test_killing_the_model_server_breaks_one_answer_and_a_new_one_serves_the_next(
    server: ModelServer,
) -> None:
    chunks = gateway.stream(the_route(), call(NAME, "Tell me a long story."), CancelToken())
    got, before = [next(chunks)], model_server.address(config().data)
    killed = kill(server)
    with pytest.raises(LocalModelStarting):
        got.extend(chunks)
    assert isinstance(got[0], TextChunk), "what was written before the kill was lost"

    failure = asked("Hi", max_tokens=1).failure
    assert type(failure) is LocalModelStarting
    assert "Try again in a few seconds" in failure.detail

    wait_until_it_answers()
    assert model_server.address(config().data) != before
    assert server.process is not None
    assert server.process.pid != killed


def test_without_an_address_the_local_model_is_starting(data: Path) -> None:
    file = data / model_server.ADDRESS_FILE
    told = file.read_text()
    file.unlink()
    try:
        assert type(asked("Hi").failure) is LocalModelStarting
    finally:
        file.write_text(told)


def test_cancelling_ends_a_local_answer_at_once() -> None:
    with running(LOCAL, NAME) as it:
        it.chunks.get(timeout=30)
        it.cut()
    assert isinstance(it.error, CallCancelled)


def test_closed_answers_free_their_slots() -> None:
    """Were they still being written, the next one would wait for a slot for half a minute."""
    with ExitStack() as open_answers:
        for _ in range(model_server.SLOTS):
            long = call(NAME, "Tell me a very long story.", parameters=Parameters(max_tokens=1500))
            next(
                open_answers.enter_context(
                    closing(gateway.stream(the_route(), long, CancelToken()))
                )
            )
    started = time.monotonic()
    assert asked("Hi", max_tokens=2).failure is None
    assert time.monotonic() - started < SOON_S


def test_four_answers_are_written_at_once() -> None:
    with ExitStack() as calls:
        several = [calls.enter_context(running(LOCAL, NAME)) for _ in range(model_server.SLOTS)]
        for one in several:
            assert isinstance(one.chunks.get(timeout=30), TextChunk)


def test_a_file_of_weights_that_is_not_there_is_named() -> None:
    with pytest.raises(StartRefused, match="there is no file /nowhere"):
        model_server.weights("/nowhere.gguf")


def test_setting_the_local_model_to_off_starts_none() -> None:
    assert model_server.weights("off") is None


def test_the_local_model_follows_a_response_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "is_capital": {"type": "boolean"}},
    }
    for city in ("Paris", "Rome", "Munich"):
        asked_call = call(NAME, f"Describe {city}.", parameters=Parameters(max_tokens=200))
        heard = ask(LOCAL, replace(asked_call, response_schema=schema))
        answer = json.loads(heard.text)
        assert [type(answer[name]) for name in ("city", "is_capital")] == [str, bool]


def embedded(*texts: str) -> tuple[tuple[float, ...], ...]:
    asked_call = EmbeddingCall(NAME, texts)
    return gateway.embed(the_route(), asked_call, CancelToken()).vectors


def similarity(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_the_local_model_embeds_texts_as_vectors_of_length_one() -> None:
    same, again, other = embedded("My bill is wrong", "My bill is wrong", "The weather in Paris")
    assert len(same) == 576
    assert sum(number * number for number in same) == pytest.approx(1)
    assert similarity(same, again) > 0.99 > similarity(same, other)


def test_a_text_beyond_the_local_models_batch_is_too_long_to_embed() -> None:
    with pytest.raises(ContextTooLong):
        embedded("word " * 1000)
