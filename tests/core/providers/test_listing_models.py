"""What a provider says it serves: asked politely, believed only as far as it makes sense."""

import time

import pytest

from core.providers import gateway
from core.providers.errors import KeyRefused, NotReached, Overloaded, ProviderUnreachable, TookTooLong, UnexpectedFormat
from core.providers.schemas import Connection, KnownModel, ProviderKind
from core.providers.vendors.pieces import MOST_MODELS
from tests.factories.providers import ANTHROPIC, OPENAI, both_vendors, connection
from tests.fake_vendor import KEY, MODELS, Literally, Vendor


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PAUSES_S", (0.0, 0.0))


def test_openais_list_has_names(vendor: Vendor) -> None:
    assert gateway.list_models(connection(vendor, OPENAI)) == [KnownModel(name) for name in MODELS]
    assert vendor.last.headers["authorization"] == f"Bearer {KEY}"


def test_anthropics_list_has_context_windows_too(vendor: Vendor) -> None:
    assert gateway.list_models(connection(vendor, ANTHROPIC)) == [KnownModel(name, 200_000) for name in MODELS]


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
def test_a_list_in_no_protocol_is_a_failure_with_advice(vendor: Vendor, kind: ProviderKind, answer: Literally) -> None:
    vendor.models = answer
    with pytest.raises(UnexpectedFormat, match="Check that the base URL is"):
        gateway.list_models(connection(vendor, kind))


@both_vendors
def test_names_that_cannot_be_kept_are_left_out(vendor: Vendor, kind: ProviderKind) -> None:
    names = [None, 5, "", "x" * 201, "nul\0", "half \ud83d", "good", "good", "llama3:8b", "vendor/model@v1"]
    vendor.models = Literally.json({"data": [{"id": name, "max_input_tokens": "lots"} for name in names]})
    assert gateway.list_models(connection(vendor, kind)) == [
        KnownModel(name) for name in ("good", "llama3:8b", "vendor/model@v1")
    ]


@both_vendors
def test_an_endless_list_is_read_to_a_limit(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = {"data": [{"id": f"m{number}"} for number in range(150)], "has_more": True, "last_id": "m149"}
    assert len(gateway.list_models(connection(vendor, kind))) == 150
    assert len(vendor.asked) <= MOST_MODELS // 150 + 1


@both_vendors
def test_a_bad_key_says_where_to_change_it(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = Literally.json({"error": {"type": "authentication_error", "message": "no such key"}}, 401)
    with pytest.raises(KeyRefused, match="Check it in Settings"):
        gateway.list_models(connection(vendor, kind))
    assert len(vendor.asked) == 1


@both_vendors
def test_what_may_pass_is_asked_three_times(vendor: Vendor, kind: ProviderKind) -> None:
    vendor.models = Literally.json({"error": {"message": "busy"}}, 503)
    with pytest.raises(Overloaded):
        gateway.list_models(connection(vendor, kind))
    assert len(vendor.asked) == 3


@both_vendors
def test_a_redirect_is_not_followed(vendor: Vendor, kind: ProviderKind) -> None:
    moved = Connection("moved", kind, f"{vendor.address}/moved", KEY)
    with pytest.raises(NotReached, match="redirects"):
        gateway.list_models(moved)
    assert vendor.asked == []


@both_vendors
def test_nobody_there_is_a_failure_with_advice(kind: ProviderKind, closed_port: int) -> None:
    with pytest.raises(ProviderUnreachable, match="Check the base URL"):
        gateway.list_models(Connection("gone", kind, f"http://127.0.0.1:{closed_port}", None))


@both_vendors
def test_a_list_that_drips_is_given_up(vendor: Vendor, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LIST_TIMEOUT_S", 0.3)
    vendor.models = "drip"
    started = time.monotonic()
    with pytest.raises(TookTooLong):
        gateway.list_models(connection(vendor, kind))
    assert time.monotonic() - started < 4


@both_vendors
def test_each_look_closes_its_connections(vendor: Vendor, kind: ProviderKind, clients: list[object]) -> None:
    gateway.list_models(connection(vendor, kind))
    assert [getattr(client, "is_closed", False) for client in clients] == [True]
