"""Errors of vendors: the error class that each becomes, and its advice."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from core.platform import clock
from core.providers import gateway
from core.providers.errors import (
    AnswerIncomplete,
    CallFailed,
    ContextTooLong,
    ProviderKeyRejected,
    ProviderMisconfigured,
    ProviderModelMissing,
    ProviderOutOfCredit,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderServerError,
    ProviderTimedOut,
    ProviderUnreachable,
    RequestRejected,
)
from core.providers.schemas import Connection, ProviderKind
from tests.factories.providers import ANTHROPIC, OPENAI, ask, both_vendors, call, connection
from tests.fake_vendor import Literally, Vendor
from tests.faults.program import until
from tests.vendor_streams import PIECE


def failed(vendor: Vendor, kind: ProviderKind, model: str) -> CallFailed:
    failure = ask(connection(vendor, kind), call(model)).failure
    assert failure is not None
    return failure


@both_vendors
def test_a_rate_limited_call_is_retried_after_the_vendors_wait(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&times=1&after=3"))
    assert heard.failure is None
    assert heard.text == PIECE * 5
    assert heard.waits == [3]
    assert len(vendor.asked) == 2


@both_vendors
def test_a_permanently_rate_limited_call_fails_after_three_attempts_with_the_wait(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&after=7"))
    assert type(heard.failure) is ProviderRateLimited
    assert heard.failure.facts == {"reason": "rate_limit", "retry_after_s": 7}
    assert "rate limit reached. Wait" in heard.failure.detail
    assert heard.waits == [7, 7]
    assert len(vendor.asked) == 3


@both_vendors
def test_a_call_is_not_retried_when_the_vendor_asks_for_a_long_wait(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("error?status=429&after=3600"))
    assert type(heard.failure) is ProviderRateLimited
    assert heard.failure.facts["retry_after_s"] == 3600
    assert heard.waits == []
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("0.2", 1),
        ("-5", 1),
        ("1e300", 86_400),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2026 07:28:00 +99999999999999999999", None),
    ],
)
def test_an_invalid_retry_after_is_ignored(vendor: Vendor, after: str, seconds: int | None) -> None:
    body = b'{"error": {"type": "rate_limit_error"}}'
    vendor.literal["strange"] = Literally(body, "application/json", 429, {"retry-after": after})
    assert failed(vendor, OPENAI, "strange").facts.get("retry_after_s") == seconds


@both_vendors
@pytest.mark.parametrize("charset", ["bz2", "hex", "punycode"])
def test_an_error_is_read_whatever_charset_it_names(
    vendor: Vendor, kind: ProviderKind, charset: str
) -> None:
    # `bz2` and `hex` ended as an internal error; `punycode` took minutes for a megabyte
    body = b'{"error": {"message": "No."}}'
    vendor.literal["strange"] = Literally(body, f"application/json; charset={charset}", 400)
    failure = failed(vendor, kind, "strange")
    assert isinstance(failure, RequestRejected)
    assert failure.detail.endswith("Provider message: No.")


def test_a_retry_after_may_be_a_date(vendor: Vendor) -> None:
    headers = {"retry-after": format_datetime(clock.now() + timedelta(seconds=40), usegmt=True)}
    vendor.literal["dated"] = Literally(b"{}", "application/json", 429, headers)
    assert 30 < (failed(vendor, ANTHROPIC, "dated").retry_after_s or 0) <= 40


@both_vendors
def test_a_stream_that_breaks_keeps_its_text_and_is_not_retried(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("cut?chunks=3"))
    assert type(heard.failure) is ProviderUnreachable
    assert heard.text == PIECE * 3
    assert "try again" in heard.failure.detail
    assert len(vendor.asked) == 1


@both_vendors
def test_a_stream_that_breaks_before_its_first_word_is_retried(
    vendor: Vendor, kind: ProviderKind
) -> None:
    heard = ask(connection(vendor, kind), call("cut?chunks=0"))
    assert type(heard.failure) is ProviderUnreachable
    assert len(vendor.asked) == 3


@both_vendors
@pytest.mark.parametrize("model", ["silent?ms=60000", "mute?ms=60000"])
def test_a_late_first_word_times_out(
    vendor: Vendor, kind: ProviderKind, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "SILENCE_TIMEOUT_S", 0.2)
    heard = ask(connection(vendor, kind), call(model))
    assert type(heard.failure) is ProviderTimedOut
    assert "choose another model" in heard.failure.detail
    until(lambda: bool(vendor.asked), 10)  # which a busy vendor notes late
    assert (len(vendor.asked), heard.waits) == (1, [])
    assert vendor.is_idle()


@both_vendors
def test_a_stream_of_keep_alives_times_out(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "WHOLE_CALL_TIMEOUT_S", 0.3)
    heard = ask(connection(vendor, kind), call("silent?ms=60000&pings=3000"))
    assert type(heard.failure) is ProviderTimedOut
    assert vendor.is_idle()


@both_vendors
def test_a_stream_without_an_end_event_is_incomplete(vendor: Vendor, kind: ProviderKind) -> None:
    heard = ask(connection(vendor, kind), call("unended?chunks=4"))
    assert type(heard.failure) is AnswerIncomplete
    assert heard.text == PIECE * 4
    assert heard.finish_reason is None
    assert heard.usage is None, "what was counted at the beginning is not what was used"
    assert "Try again" in heard.failure.detail


@both_vendors
@pytest.mark.parametrize(
    ("code", "failure", "advice"),
    [
        ("overloaded_error", ProviderOverloaded, "Try again in a minute"),
        ("server_error", ProviderServerError, "Try again in a minute"),
        ("rate_limit_error", ProviderRateLimited, "rate limit reached. Wait"),
        ("invalid_request_error", RequestRejected, "Change the message"),
        ("502", ProviderServerError, "Try again in a minute"),
        ("429", ProviderRateLimited, "rate limit reached. Wait"),
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
        (400, RequestRejected, "Change the message or parameters", 1),
        (401, ProviderKeyRejected, "Check it in Settings", 1),
        (402, ProviderOutOfCredit, "Add credit there", 1),
        (403, ProviderKeyRejected, "Check it in Settings", 1),
        (404, ProviderModelMissing, "choose another model, or check the base URL", 1),
        (408, ProviderTimedOut, "Try again", 1),
        (422, RequestRejected, "Change the message or parameters", 1),
        (500, ProviderServerError, "Try again in a minute", 3),
        (502, ProviderServerError, "Try again in a minute", 3),
        (503, ProviderOverloaded, "Try again in a minute", 3),
        (504, ProviderTimedOut, "Try again", 1),
        (529, ProviderOverloaded, "choose another model", 3),
    ],
)
def test_every_error_status_has_advice(
    vendor: Vendor,
    kind: ProviderKind,
    status: int,
    failure: type[CallFailed],
    advice: str,
    tries: int,
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
        (
            "invalid_request_error",
            "This model's maximum context length is 8192 tokens. However, ...",
        ),
        ("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
        (
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 199000 + 20000 > 200000",
        ),
        (
            "exceed_context_size_error",
            "the request exceeds the available context size, try increasing it",
        ),
        (
            "BadRequestError",
            "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        ),
    ],
)
def test_a_too_long_conversation_has_its_own_error(
    vendor: Vendor, kind: ProviderKind, code: str, message: str
) -> None:
    error = {"type": "invalid_request_error", "code": code, "message": message}
    vendor.literal["long"] = Literally.json({"type": "error", "error": error}, 400)
    failure = failed(vendor, kind, "long")
    assert type(failure) is ContextTooLong
    assert "Start a new session" in failure.detail


def test_an_exhausted_quota_is_not_retried(vendor: Vendor) -> None:
    failure = failed(vendor, OPENAI, "error?status=429&code=insufficient_quota")
    assert type(failure) is ProviderOutOfCredit
    assert len(vendor.asked) == 1


@both_vendors
def test_an_address_that_redirects_is_not_followed(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.literal["moved"] = Literally(
        b"", "text/plain", 307, {"location": f"{vendor.address}/v1/elsewhere"}
    )
    failure = failed(vendor, kind, "moved")
    assert type(failure) is ProviderMisconfigured
    assert "redirects" in failure.detail
    assert len(vendor.asked) == 1


@both_vendors
def test_an_unknown_host_is_named(kind: ProviderKind) -> None:
    heard = ask(Connection("lost", kind, "http://no-such-host.invalid", None), call("any"))
    assert type(heard.failure) is ProviderUnreachable
    assert "no-such-host.invalid cannot be resolved" in heard.failure.detail
    assert "Check the base URL" in heard.failure.detail


@both_vendors
def test_a_refused_connection_is_reported_after_three_attempts(
    kind: ProviderKind, closed_port: int
) -> None:
    heard = ask(Connection("closed", kind, f"http://127.0.0.1:{closed_port}", None), call("any"))
    assert type(heard.failure) is ProviderUnreachable
    assert "Connection refused" in heard.failure.detail
    assert heard.waits == [0.5, 1.5]


@both_vendors
def test_a_forbidden_address_is_reported_with_advice_after_one_attempt(kind: ProviderKind) -> None:
    heard = ask(Connection("metadata", kind, "http://169.254.169.254", None), call("any"))
    assert type(heard.failure) is ProviderMisconfigured
    assert "Add it to ATTUNE_ALLOW_HOSTS" in heard.failure.detail
    assert heard.waits == []
