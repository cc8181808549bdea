"""The fault table: what a vendor does wrong, the failure that it becomes, and what a person is told to do about it."""

import time
from datetime import timedelta
from email.utils import format_datetime

import pytest

from core.platform import clock
from core.providers import gateway
from core.providers.errors import (
    CallFailed,
    CallRefused,
    ContextTooLong,
    CreditUsedUp,
    Incomplete,
    KeyRefused,
    NothingThere,
    NotReached,
    Overloaded,
    ProviderUnreachable,
    ServerBroke,
    TookTooLong,
    TooManyCalls,
)
from core.providers.schemas import Connection, ProviderKind
from tests.factories.providers import ANTHROPIC, OPENAI, ask, both_vendors, call, connection
from tests.fake_vendor import PIECE, Literally, Vendor


def failed(vendor: Vendor, kind: ProviderKind, model: str) -> CallFailed:
    failure = ask(connection(vendor, kind), call(model)).failure
    assert failure is not None
    return failure


@both_vendors
def test_too_many_calls_then_good_is_asked_again_after_the_time_that_the_vendor_names(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&times=1&after=3"))
    assert heard.failure is None
    assert heard.text == PIECE * 5
    assert heard.waits == [3]
    assert len(vendor.asked) == 2


@both_vendors
def test_too_many_calls_for_good_fail_after_three_tries_and_say_how_long_to_wait(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&after=7"))
    assert type(heard.failure) is TooManyCalls
    assert heard.failure.facts == {"reason": "rate_limit", "retry_after_s": 7}
    assert "rate limit reached. Wait" in heard.failure.detail
    assert heard.waits == [7, 7]
    assert len(vendor.asked) == 3


@both_vendors
def test_nobody_waits_longer_than_a_person_does(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&after=3600"))
    assert type(heard.failure) is TooManyCalls
    assert heard.failure.facts["retry_after_s"] == 3600
    assert heard.waits == []
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("0.2", 1), ("-5", 1), ("1e300", 86_400), ("nan", None), ("inf", None), ("soon", None), ("", None)],
)
def test_a_strange_retry_after_does_no_harm(vendor: Vendor, after: str, seconds: int | None) -> None:
    body = b'{"error": {"type": "rate_limit_error"}}'
    vendor.literal["strange"] = Literally(body, "application/json", 429, {"retry-after": after})
    assert failed(vendor, OPENAI, "strange").facts.get("retry_after_s") == seconds


def test_a_retry_after_may_be_a_date(vendor: Vendor) -> None:
    headers = {"retry-after": format_datetime(clock.now() + timedelta(seconds=40), usegmt=True)}
    vendor.literal["dated"] = Literally(b"{}", "application/json", 429, headers)
    assert 30 < (failed(vendor, ANTHROPIC, "dated").retry_after_s or 0) <= 40


@both_vendors
def test_a_stream_that_is_cut_keeps_its_text_and_is_not_asked_again(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("cut?chunks=3"))
    assert type(heard.failure) is ProviderUnreachable
    assert heard.text == PIECE * 3
    assert "try again" in heard.failure.detail
    assert len(vendor.asked) == 1


@both_vendors
def test_a_stream_that_is_cut_before_its_first_word_is_asked_again(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("cut?chunks=0"))
    assert type(heard.failure) is ProviderUnreachable
    assert len(vendor.asked) == 3


@both_vendors
@pytest.mark.parametrize("model", ["silent?ms=900", "mute?ms=900"])
def test_a_first_word_that_takes_too_long_is_given_up(
    vendor: Vendor, kind: ProviderKind, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "SILENCE_TIMEOUT_S", 0.1)
    heard = ask(connection(vendor, kind), call(model))
    assert type(heard.failure) is TookTooLong
    assert "choose another model" in heard.failure.detail
    assert len(vendor.asked) == 1
    assert vendor.is_idle()


@both_vendors
def test_a_vendor_that_only_says_it_is_still_there_is_given_up_too(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "WHOLE_CALL_TIMEOUT_S", 0.3)
    started = time.monotonic()
    heard = ask(connection(vendor, kind), call("silent?ms=5000&pings=250"))
    assert type(heard.failure) is TookTooLong
    assert time.monotonic() - started < 4
    assert vendor.is_idle()


@both_vendors
def test_a_clean_end_without_an_end_mark_is_incomplete(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("unended?chunks=4"))
    assert type(heard.failure) is Incomplete
    assert heard.text == PIECE * 4
    assert heard.finish_reason is None
    assert heard.usage is None, "what was counted at the beginning is not what was used"
    assert "Try again" in heard.failure.detail


@both_vendors
@pytest.mark.parametrize(
    ("code", "failure", "advice"),
    [
        ("overloaded_error", Overloaded, "Try again in a minute"),
        ("server_error", ServerBroke, "Try again in a minute"),
        ("rate_limit_error", TooManyCalls, "rate limit reached. Wait"),
        ("invalid_request_error", CallRefused, "Change the message"),
        ("502", ServerBroke, "Try again in a minute"),
        ("429", TooManyCalls, "rate limit reached. Wait"),
    ],
)
def test_an_error_inside_the_stream_keeps_the_text_before_it(
    vendor: Vendor, kind: ProviderKind, code: str, failure: type[CallFailed], advice: str
) -> None:
    heard = ask(connection(vendor, kind), call(f"broken?chunks=2&code={code}"))
    assert type(heard.failure) is failure
    assert heard.text == PIECE * 2
    assert advice in heard.failure.detail
    assert "Provider message: the fake vendor broke" in heard.failure.detail
    assert len(vendor.asked) == 1


@both_vendors
@pytest.mark.parametrize(
    ("status", "failure", "advice", "tries"),
    [
        (400, CallRefused, "Change the message or parameters", 1),
        (401, KeyRefused, "Check it in Settings", 1),
        (402, CreditUsedUp, "Add credit there", 1),
        (403, KeyRefused, "Check it in Settings", 1),
        (404, NothingThere, "choose another model, or check the base URL", 1),
        (408, TookTooLong, "Try again", 1),
        (422, CallRefused, "Change the message or parameters", 1),
        (500, ServerBroke, "Try again in a minute", 3),
        (502, ServerBroke, "Try again in a minute", 3),
        (503, Overloaded, "Try again in a minute", 3),
        (504, TookTooLong, "Try again", 1),
        (529, Overloaded, "choose another model", 3),
    ],
)
def test_every_status_says_what_a_person_can_do(
    vendor: Vendor, kind: ProviderKind, status: int, failure: type[CallFailed], advice: str, tries: int
) -> None:
    heard = ask(connection(vendor, kind), call(f"error?status={status}&code=some_error"))
    assert type(heard.failure) is failure
    assert advice.lower() in heard.failure.detail.lower()
    assert heard.failure.detail.endswith("Provider message: the fake vendor says some_error")
    assert heard.failure.facts["reason"] == failure.reason
    assert len(vendor.asked) == tries


@both_vendors
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("context_length_exceeded", "Your input exceeds the context window of this model."),
        ("invalid_request_error", "This model's maximum context length is 8192 tokens. However, ..."),
        ("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
        ("invalid_request_error", "input length and `max_tokens` exceed context limit: 199000 + 20000 > 200000"),
        ("exceed_context_size_error", "the request exceeds the available context size, try increasing it"),
        ("BadRequestError", "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
    ],
)
def test_a_conversation_that_is_too_long_is_told_apart(vendor: Vendor, kind: ProviderKind, code: str, message: str) -> None:
    error = {"type": "invalid_request_error", "code": code, "message": message}
    vendor.literal["long"] = Literally.json({"type": "error", "error": error}, 400)
    failure = failed(vendor, kind, "long")
    assert type(failure) is ContextTooLong
    assert "Start a new session" in failure.detail


def test_a_quota_that_is_used_up_is_not_asked_again(vendor: Vendor) -> None:
    failure = failed(vendor, OPENAI, "error?status=429&code=insufficient_quota")
    assert type(failure) is CreditUsedUp
    assert len(vendor.asked) == 1


@both_vendors
def test_an_address_that_redirects_is_not_followed(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.literal["moved"] = Literally(b"", "text/plain", 307, {"location": f"{vendor.address}/v1/elsewhere"})
    failure = failed(vendor, kind, "moved")
    assert type(failure) is NotReached
    assert "redirects" in failure.detail
    assert len(vendor.asked) == 1


@both_vendors
def test_an_unknown_host_is_named(kind: ProviderKind) -> None:
    heard = ask(Connection("lost", kind, "http://no-such-host.invalid", None), call("any"))
    assert type(heard.failure) is ProviderUnreachable
    assert "no-such-host.invalid is not known here" in heard.failure.detail
    assert "Check the base URL" in heard.failure.detail


@both_vendors
def test_a_refused_connection_says_so_and_is_tried_three_times(kind: ProviderKind, closed_port: int) -> None:
    heard = ask(Connection("closed", kind, f"http://127.0.0.1:{closed_port}", None), call("any"))
    assert type(heard.failure) is ProviderUnreachable
    assert "Connection refused" in heard.failure.detail
    assert heard.waits == [0.5, 1.5]


@both_vendors
def test_an_address_beyond_reach_says_how_to_allow_it_and_is_tried_once(kind: ProviderKind) -> None:
    heard = ask(Connection("metadata", kind, "http://169.254.169.254", None), call("any"))
    assert type(heard.failure) is NotReached
    assert "Add it to ATTUNE_ALLOW_HOSTS" in heard.failure.detail
    assert heard.waits == []
