"""Model lists of providers: retried, limited and validated."""

import time

import pytest

from core.providers import gateway
from core.providers.errors import (
    ProviderKeyRejected,
    ProviderMisconfigured,
    ProviderOverloaded,
    ProviderTimedOut,
    ProviderUnreachable,
    UnexpectedFormat,
)
from core.providers.schemas import Connection, ListedModel, ProviderKind
from core.providers.vendors.streamed_tool_calls import MAX_MODELS
from tests.factories.providers import ANTHROPIC, OPENAI, both_vendors, connection
from tests.fake_vendor import KEY, MODELS, Literally, Vendor


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "RETRY_WAITS_S", (0.0, 0.0))


def test_openais_list_has_names(vendor: Vendor) -> None:
    assert gateway.list_models(connection(vendor, OPENAI)) == [ListedModel(name) for name in MODELS]
    assert vendor.last.headers["authorization"] == f"Bearer {KEY}"


def test_anthropics_list_has_context_windows_too(vendor: Vendor) -> None:
    assert gateway.list_models(connection(vendor, ANTHROPIC)) == [
        ListedModel(name, 200_000) for name in MODELS
    ]


def test_an_empty_list_of_ollamas_is_no_models(vendor: Vendor) -> None:
    vendor.models = {"object": "list", "data": None}
    assert gateway.list_models(connection(vendor, OPENAI)) == []


@both_vendors
@pytest.mark.parametrize(
    "answer",
    [
        Literally(b"<html>Welcome to Ollama</html>", "text/html"),
        Literally(b"null", "application/json"),
        Literally(b"{broken", "application/json"),
        Literally(b"", "application/json"),
        Literally.json([1, 2]),
        Literally.json({"data": "none"}),
        Literally.json({"data": [17]}),
        Literally.json({"data": {"id": "x"}}),
    ],
)
def test_an_invalid_model_list_is_an_error_with_advice(
    vendor: Vendor, kind: ProviderKind, answer: Literally
) -> None:
    vendor.models = answer
    with pytest.raises(UnexpectedFormat, match="Check that the base URL is"):
        gateway.list_models(connection(vendor, kind))


@both_vendors
def test_model_names_that_cannot_be_stored_are_left_out(vendor: Vendor, kind: ProviderKind) -> None:
    names = [
        None,
        5,
        "",
        "x" * 201,
        "nul\0",
        "half \ud83d",
        "good",
        "good",
        "llama3:8b",
        "vendor/model@v1",
    ]
    vendor.models = Literally.json(
        {"data": [{"id": name, "max_input_tokens": "lots"} for name in names]}
    )
    assert gateway.list_models(connection(vendor, kind)) == [
        ListedModel(name) for name in ("good", "llama3:8b", "vendor/model@v1")
    ]


@both_vendors
def test_an_endless_list_is_read_to_a_limit(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = {
        "data": [{"id": f"m{number}"} for number in range(150)],
        "has_more": True,
        "last_id": "m149",
    }
    assert len(gateway.list_models(connection(vendor, kind))) == 150
    assert len(vendor.asked) <= MAX_MODELS // 150 + 1


def test_anthropics_list_is_read_page_by_page(vendor: Vendor) -> None:
    vendor.models = {"data": [{"id": "a"}], "has_more": True, "last_id": "a"}
    vendor.models_after["a"] = {"data": [{"id": "b"}], "has_more": False, "last_id": "b"}
    assert gateway.list_models(connection(vendor, ANTHROPIC)) == [
        ListedModel("a"),
        ListedModel("b"),
    ]


@both_vendors
def test_models_beyond_the_limit_take_no_time(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = {"data": [{"id": f"m{number}"} for number in range(50_000)]}
    began_at = time.thread_time()
    assert len(gateway.list_models(connection(vendor, kind))) == MAX_MODELS
    # An object of the SDK for each takes 2.5 s
    assert time.thread_time() - began_at < 1


@both_vendors
def test_a_rejected_key_is_reported_with_the_place_to_change_it(
    vendor: Vendor, kind: ProviderKind
) -> None:
    vendor.models = Literally.json(
        {"error": {"type": "authentication_error", "message": "no such key"}}, 401
    )
    with pytest.raises(ProviderKeyRejected, match="Check it in Settings"):
        gateway.list_models(connection(vendor, kind))
    assert len(vendor.asked) == 1


@both_vendors
def test_transient_errors_of_model_lists_are_retried_twice(
    vendor: Vendor, kind: ProviderKind
) -> None:
    vendor.models = Literally.json({"error": {"message": "busy"}}, 503)
    with pytest.raises(ProviderOverloaded):
        gateway.list_models(connection(vendor, kind))
    assert len(vendor.asked) == 3


@both_vendors
def test_a_redirect_is_not_followed(vendor: Vendor, kind: ProviderKind) -> None:
    moved = Connection("moved", kind, f"{vendor.address}/moved", KEY)
    with pytest.raises(ProviderMisconfigured, match="redirects"):
        gateway.list_models(moved)
    assert vendor.asked == []


@both_vendors
def test_an_unreachable_provider_is_an_error_with_advice(
    kind: ProviderKind, closed_port: int
) -> None:
    with pytest.raises(ProviderUnreachable, match="Check the base URL"):
        gateway.list_models(Connection("gone", kind, f"http://127.0.0.1:{closed_port}", None))


@both_vendors
def test_a_slow_model_list_times_out(
    vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "LIST_TIMEOUT_S", 0.3)
    vendor.models = "drip"
    with pytest.raises(ProviderTimedOut):  # of a list that never ends
        gateway.list_models(connection(vendor, kind))


@both_vendors
def test_listing_models_closes_its_connections(
    vendor: Vendor, kind: ProviderKind, clients: list[object]
) -> None:
    gateway.list_models(connection(vendor, kind))
    assert [getattr(client, "is_closed", False) for client in clients] == [True]
