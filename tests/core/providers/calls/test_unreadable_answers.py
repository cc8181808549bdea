"""Invalid responses, from a wrong address, a proxy or an unusual server, become errors
with advice.
"""

import logging
from typing import Any

import pytest

from core.network import outbound
from core.providers import gateway
from core.providers.errors import (
    AnswerIncomplete,
    AnswerTooLong,
    CallFailed,
    ProviderServerError,
    ProviderUnreachable,
    UnexpectedFormat,
)
from core.providers.schemas import ProviderKind
from tests.factories.providers import ANTHROPIC, OPENAI, Heard, ask, both_vendors, call, connection
from tests.fake_vendor import Literally, Vendor
from tests.vendor_streams import PIECE

START = {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}}
STOP = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"output_tokens": 3},
}
PAGE = b"<html><head><title>Welcome</title></head></html>"


def answered(vendor: Vendor, kind: ProviderKind, literally: Literally) -> Heard:
    vendor.literal["odd"] = literally
    return ask(connection(vendor, kind), call("odd"))


def delta(**facts: Any) -> dict[str, Any]:  # noqa: ANN401  members of the event
    return {"choices": [{"index": 0, "delta": facts, "finish_reason": None}]}


def said(text: str, kind: ProviderKind) -> dict[str, Any]:
    if kind is OPENAI:
        return delta(content=text)
    return {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    }


def whole(kind: ProviderKind, *events: dict[str, Any]) -> Literally:
    if kind is OPENAI:
        return Literally.events(
            *events, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        )
    return Literally.events(START, *events, STOP)


@both_vendors
@pytest.mark.parametrize(
    "literally",
    [
        Literally(PAGE, "text/html"),
        Literally(b""),
        Literally(b"data: [DONE]\n\n"),
        Literally(b'{"choices": []}', "application/json"),
        Literally(b"event: message_start\ndata: {not json\n\n"),
        Literally(b'event: message_start\ndata: "text"\n\n'),
        Literally(b"event: message_start\ndata: [1, 2]\n\n"),
        Literally(b"event: message_start\ndata: 17\n\n"),
        Literally(
            b'event: message_start\ndata: {"type": "message_start", "choices": 5, "message": '
            b"null}\n\n"
        ),
        Literally(
            b'event: message_start\ndata: {"type": "message_start", "choices": [null], '
            b'"message": 5}\n\n'
        ),
        Literally(b'event: message_start\ndata: "\xff\xfe"\n\n'),
        Literally(b"event: message_start\ndata: " + b'{"a":' * 100_000 + b"\n\n"),
        Literally(b"no gzip", headers={"content-encoding": "gzip"}),
    ],
)
def test_responses_outside_the_protocol_are_errors_with_advice(
    vendor: Vendor, kind: ProviderKind, literally: Literally
) -> None:
    failure = answered(vendor, kind, literally).failure
    assert isinstance(failure, (UnexpectedFormat, ProviderUnreachable))
    assert "Check" in failure.detail


@both_vendors
def test_text_before_an_invalid_event_is_kept(vendor: Vendor, kind: ProviderKind) -> None:
    good = Literally.events(
        *([START] if kind is ANTHROPIC else []), said("so far", kind)
    ).body.replace(b"data: [DONE]\n\n", b"")
    heard = answered(
        vendor, kind, Literally(good + b"event: content_block_delta\ndata: nonsense\n\n")
    )
    assert heard.text == "so far"
    assert type(heard.failure) is UnexpectedFormat


@both_vendors
def test_unparsable_responses_are_logged_without_the_prompt(
    vendor: Vendor, kind: ProviderKind, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.literal["odd"] = Literally(b"event: message_start\ndata: {not json\n\n")
    with caplog.at_level(logging.WARNING, "attune.providers"):
        ask(connection(vendor, kind), call("odd", prompt="a private question"))
    assert "could not be parsed" in caplog.text
    assert "a private question" not in caplog.text


def test_null_choices_and_empty_deltas_are_skipped(vendor: Vendor) -> None:
    heard = answered(
        vendor,
        OPENAI,
        whole(
            OPENAI, {"choices": None}, {"choices": []}, delta(content=None), delta(content="word")
        ),
    )
    assert (heard.text, heard.finish_reason) == ("word", "stop")


def test_content_in_parts_is_read_as_text(vendor: Vendor) -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Paris"}]
    assert answered(vendor, OPENAI, whole(OPENAI, delta(content=parts))).text == "Paris"


def test_a_refusal_is_read_as_text(vendor: Vendor) -> None:
    begun = delta(role="assistant", content="", refusal=None)
    parts = [delta(refusal=text) for text in ("I can't ", "help with that.")]
    heard = answered(vendor, OPENAI, whole(OPENAI, begun, *parts))
    assert (heard.text, heard.finish_reason) == ("I can't help with that.", "stop")


def test_unknown_events_are_skipped(vendor: Vendor) -> None:
    unknown = {"type": "something_new", "index": 0}
    thinking = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "hm"},
    }
    heard = answered(
        vendor, ANTHROPIC, whole(ANTHROPIC, unknown, thinking, said("Paris", ANTHROPIC))
    )
    assert (heard.text, heard.finish_reason) == ("Paris", "end_turn")


@pytest.mark.parametrize("odd", [5, ["Paris"], {"text": "Paris"}])
def test_texts_and_reasons_that_are_none_are_left_out(vendor: Vendor, odd: object) -> None:
    # The SDK validates no event: a list as a text was 500
    block, delta = {"type": "text", "text": odd}, {"type": "text_delta", "text": odd}
    begun = {"type": "content_block_start", "index": 0, "content_block": block}
    grown = {"type": "content_block_delta", "index": 0, "delta": delta}
    stop = {"type": "message_delta", "delta": {"stop_reason": odd}, "usage": {}}
    events = (begun, grown, said("Rome", ANTHROPIC), stop)
    heard = answered(vendor, ANTHROPIC, whole(ANTHROPIC, *events))
    assert (heard.failure, heard.text, heard.finish_reason) == (None, "Rome", "end_turn")


@both_vendors
def test_a_character_that_arrives_in_halves_is_whole_again(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = answered(vendor, kind, whole(kind, said("a \ud83d", kind), said("\ude00 b", kind)))
    assert heard.text == "a 😀 b"


@both_vendors
@pytest.mark.parametrize("broken", ["\ud83d word", "word \ude00", "\ude00\ud83d", "word\0"])
def test_half_a_character_never_reaches_the_database(
    vendor: Vendor, kind: ProviderKind, broken: str
) -> None:
    heard = answered(vendor, kind, whole(kind, said(broken, kind), said(" end", kind)))
    assert heard.failure is None
    assert heard.text.endswith(" end")
    assert "\0" not in heard.text
    heard.text.encode()


@both_vendors
def test_an_answer_beyond_the_limit_keeps_what_came_before(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "MAX_ANSWER_CHARS", len(PIECE) * 10)
    heard = ask(connection(vendor, kind), call("answer?chunks=5000&ms=1"))
    assert type(heard.failure) is AnswerTooLong
    assert "Lower max tokens" in heard.failure.detail
    assert heard.text == PIECE * 10
    assert vendor.is_idle(), "the vendor goes on writing what nobody reads"


@both_vendors
def test_an_endless_line_is_not_read_to_its_end(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "MAX_RESPONSE_BYTES", 100_000)
    failure = answered(
        vendor, kind, Literally(b"event: message_start\ndata: " + b"x" * 1_000_000)
    ).failure
    assert type(failure) is AnswerTooLong


@both_vendors
@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (
            b'{"error": "model not loaded"}',
            "application/json",
            "Provider message: model not loaded",
        ),
        (b'{"detail": "upstream is gone"}', "application/json", "Provider message:"),
        (b"plain words", "text/plain", "Provider message: plain words"),
        (b"two\n  lines", "text/plain", "Provider message: two lines"),
        (
            b'{"error": {"message": "NUL \\u0000 and \\ud83d"}}',
            "application/json",
            "Provider message: NUL and ?",
        ),
        (b"x" * 5000, "text/plain", "Provider message: " + "x" * 300),
        (PAGE, "text/html", "Try again in a minute."),
        (b"", "text/plain", "Try again in a minute."),
        (b"[1]", "application/json", "Try again in a minute."),
    ],
)
def test_error_messages_are_quoted_briefly_unless_they_are_html(
    vendor: Vendor, kind: ProviderKind, body: bytes, content_type: str, words: str
) -> None:
    failure: CallFailed | None = answered(vendor, kind, Literally(body, content_type, 500)).failure
    assert type(failure) is ProviderServerError
    assert words in failure.detail
    assert len(failure.detail) < 400
    assert "<html>" not in failure.detail


@both_vendors
def test_an_empty_answer_is_complete(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("answer?chunks=0"))
    assert (heard.text, heard.failure) == ("", None)
    assert heard.finish_reason in ("stop", "end_turn")


@both_vendors
def test_a_partial_protocol_is_an_incomplete_answer(vendor: Vendor, kind: ProviderKind) -> None:
    events = [delta(role="assistant", content="")] if kind is OPENAI else [START]
    assert type(answered(vendor, kind, Literally.events(*events)).failure) is AnswerIncomplete
