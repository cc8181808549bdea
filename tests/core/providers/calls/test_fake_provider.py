"""The fake provider: deterministic answers, with delays and errors on request."""

import time

import pytest

from core.network.cancellation import CancelToken
from core.providers import gateway
from core.providers.chunks import TextChunk
from core.providers.errors import (
    AnswerIncomplete,
    CallCancelled,
    CallFailed,
    ProviderKeyRejected,
    ProviderServerError,
)
from core.providers.schemas import Connection, ListedModel, ProviderKind
from core.providers.vendors.fake_scripts import LABEL, SCRIPTS
from tests.factories.providers import Heard, ask, call, route, running

FAKE = Connection("fake", ProviderKind.FAKE, None, None)


def asked(
    model: str, prompt: str = "Hello there", system_prompt: str | None = "Be brief."
) -> Heard:
    return ask(FAKE, call(model, prompt, system_prompt))


def test_echo_returns_the_message_and_the_prompt() -> None:
    heard = asked("echo")
    assert heard.text == f"{LABEL} Hello there (prompt: Be brief.)"
    assert heard.finish_reason == "stop"


def test_the_same_question_gets_the_same_answer() -> None:
    assert asked("steady").chunks == asked("steady").chunks


@pytest.mark.parametrize("model", [name for name in SCRIPTS if name != "refusing"])
def test_every_answer_is_labelled_as_fake(model: str) -> None:
    assert asked(model).text.startswith(LABEL)


def test_the_fake_provider_counts_words_as_tokens() -> None:
    usage = asked("echo", "one two three", "four five").usage
    assert usage is not None
    assert (usage.input, usage.output) == (5, 5)


@pytest.mark.parametrize(
    ("model", "failure", "pieces"),
    [
        ("refusing", ProviderKeyRejected, 0),
        ("failing", ProviderServerError, 5),
        ("cut", AnswerIncomplete, 6),
    ],
)
def test_requested_faults_occur_after_the_text_before_them(
    model: str, failure: type[CallFailed], pieces: int
) -> None:
    heard = asked(model)
    assert type(heard.failure) is failure
    assert len([chunk for chunk in heard.chunks if isinstance(chunk, TextChunk)]) == pieces


def test_the_first_line_overrides_the_script() -> None:
    heard = asked("echo", '#fake {"words": 3, "fail_after": 2}\nnot echoed')
    assert heard.text.startswith(f"{LABEL} the")
    assert type(heard.failure) is ProviderServerError


def test_requested_delays_are_applied() -> None:
    started = time.monotonic()
    ordered = call("echo", '#fake {"words": 10, "rate": 100, "delay_s": 0.1}\n')
    chunks = list(gateway.stream(route(FAKE, "echo"), ordered, CancelToken()))
    assert time.monotonic() - started >= 0.2
    assert len([chunk for chunk in chunks if isinstance(chunk, TextChunk)]) == 11


@pytest.mark.parametrize(
    "order",
    [
        "no json",
        "[]",
        "null",
        '{"words": "many"}',
        '{"words": 1000000000000}',
        '{"words": -1}',
        '{"rate": -1}',
        '{"rate": 1e999}',
        '{"delay_s": 1e12}',
        '{"unknown": 1}',
        '{"text": "a", "json": {}}',
        '{"tool_calls": [{"arguments": {}}]}',
        '{"fault": "unheard of"}',
        '{"usage": {"input": -1}}',
        '{"then": [{"unknown": 1}]}',
    ],
)
def test_an_invalid_script_is_echoed_as_text(order: str) -> None:
    heard = asked("echo", f"#fake {order}\nHello")
    assert heard.failure is None
    assert "Hello" in heard.text
    assert "#fake" in heard.text


def test_cancelling_ends_its_delay_and_its_text() -> None:
    for model in ("slow", "steady"):
        with running(FAKE, model) as it:
            it.cut()
        assert isinstance(it.error, CallCancelled)


def test_the_fake_provider_lists_its_scripts() -> None:
    assert [model.name for model in gateway.list_models(FAKE)] == list(SCRIPTS)
    assert all(
        isinstance(model, ListedModel) and model.context_window
        for model in gateway.list_models(FAKE)
    )


def test_an_empty_fake_answer_is_complete() -> None:
    assert asked("echo", "", None).text.split() == [*LABEL.split(), "(prompt:", "none)"]
