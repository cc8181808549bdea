"""API keys are in no exception, log line or printed object, whatever a vendor returns."""

import io
import logging
import traceback
from pathlib import Path

import pytest

from core.embedded.model_server import Address, ModelServerSettings
from core.platform import logs
from core.platform.config import LogFormat
from core.providers import gateway
from core.providers.errors import CallFailed
from core.providers.provider_schemas import NewProvider, ProviderChange
from core.providers.schemas import ProviderKind
from tests.factories.providers import (
    ANTHROPIC,
    OPENAI,
    WEATHER,
    Impatient,
    ask,
    both_vendors,
    call,
    connection,
    route,
)
from tests.fake_vendor import KEY, Literally, Vendor

ODD_KEY = "myoddsecret"  # of no shape that a filter of logs could know
FAULTS = (
    "error?status=401",
    "error?status=429",
    "error?status=500",
    "cut?chunks=2",
    "broken?chunks=1",
    "unended",
    "odd",
    "repeats",
)


def repeating(key: str) -> Literally:
    return Literally.json(
        {"error": {"type": "invalid_request_error", "message": f"the key {key} is bad, {key}!"}},
        401,
    )


def everything_of(error: BaseException) -> str:
    """Return all that could be printed of an exception, and of those it came from."""
    parts = [repr(error), str(error), repr(vars(error))]
    return "\n".join([*parts, *traceback.format_exception(error)])


@both_vendors
@pytest.mark.parametrize("model", FAULTS)
@pytest.mark.parametrize("key", [KEY, ODD_KEY])
def test_no_failure_shows_the_key(vendor: Vendor, kind: ProviderKind, model: str, key: str) -> None:
    vendor.literal["odd"] = Literally(b"event: message_start\ndata: {nonsense\n\n")
    vendor.literal["repeats"] = repeating(key)
    failure = ask(connection(vendor, kind, key), call(model)).failure
    assert failure is not None
    assert vendor.last.headers["authorization"] == f"Bearer {key}"
    assert key not in everything_of(failure)


@both_vendors
def test_a_vendor_that_repeats_the_key_is_quoted_without_it(
    vendor: Vendor, kind: ProviderKind
) -> None:
    vendor.literal["repeats"] = repeating(ODD_KEY)
    failure = ask(connection(vendor, kind, ODD_KEY), call("repeats")).failure
    assert failure is not None
    assert failure.detail.endswith("Provider message: the key ••• is bad, •••!")


@both_vendors
def test_a_list_that_fails_shows_no_key_either(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = repeating(ODD_KEY)
    with pytest.raises(CallFailed) as failed:
        gateway.list_models(connection(vendor, kind, ODD_KEY))
    assert ODD_KEY not in everything_of(failed.value)
    assert "•••" in failed.value.detail


@both_vendors
@pytest.mark.parametrize("model", FAULTS)
def test_no_log_line_shows_the_key_or_the_question(
    vendor: Vendor, kind: ProviderKind, model: str
) -> None:
    written = io.StringIO()
    before = logging.root.handlers, logging.root.level
    logs.set_up(LogFormat.JSON, written)
    try:
        vendor.literal["odd"] = Literally(b"event: message_start\ndata: {nonsense\n\n")
        vendor.literal["repeats"] = repeating(ODD_KEY)
        ask(connection(vendor, kind, ODD_KEY), call(model, prompt="a private question"))
    finally:
        logging.root.handlers, logging.root.level = before
    assert ODD_KEY not in written.getvalue()
    assert "a private question" not in written.getvalue()


def test_nothing_that_holds_a_key_prints_it(vendor: Vendor) -> None:
    to = connection(vendor, OPENAI, ODD_KEY)
    holders = [
        to,
        route(to, "m"),
        gateway.provider(to, 1.0),
        gateway.provider(connection(vendor, ANTHROPIC, ODD_KEY), 1.0),
        NewProvider(name="mine", kind=OPENAI, secret=ODD_KEY),
        ProviderChange(secret=ODD_KEY),
        Address("http://127.0.0.1:1", ODD_KEY, "m"),
        ModelServerSettings(str(Path("weights")), "m", ODD_KEY, 1),
    ]
    for holder in holders:
        assert ODD_KEY not in f"{holder!r} {holder!s}"


@both_vendors
def test_tracebacks_of_unexpected_errors_show_no_key(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner logs what nobody foresaw with its traceback."""

    def breaks(_text: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(gateway, "storable", breaks)
    asked = call("tool", tools=(WEATHER,))
    with pytest.raises(ZeroDivisionError) as broken:
        list(
            gateway.stream(
                route(connection(vendor, kind, ODD_KEY), asked.model), asked, Impatient()
            )
        )
    assert ODD_KEY not in everything_of(broken.value)
