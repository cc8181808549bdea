"""Preconfigured providers: the packaged model, those of the environment, and the fake provider."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded import model_server
from core.errors import StartRefused
from core.platform.config import config
from core.providers import environment
from core.providers.provider_schemas import ProviderSource
from core.providers.schemas import Connection, ProviderKind
from tests.core.providers.conftest import Configure


@pytest.fixture
def local_is_up(data: Path) -> Iterator[None]:
    (data / model_server.ADDRESS_FILE).write_text(
        json.dumps({"url": "http://127.0.0.1:1", "key": "k", "name": "tiny"})
    )
    yield
    model_server.remove_address(data)


def given() -> dict[str, Connection]:
    return {it.connection.name: it.connection for it in environment.preconfigured(config())}


def test_the_local_provider_is_missing_until_the_model_server_is_up(configure: Configure) -> None:
    configure(ATTUNE_FAKE_PROVIDER="0")
    assert given() == {}


@pytest.mark.usefixtures("local_is_up")
def test_the_local_provider_exists_once_the_model_server_is_up(configure: Configure) -> None:
    configure(ATTUNE_FAKE_PROVIDER="0")
    assert given() == {"local": Connection("local", ProviderKind.LOCAL, None, None)}


@pytest.mark.usefixtures("local_is_up")
def test_preconfigured_providers_have_a_fixed_order(configure: Configure) -> None:
    configure(
        OPENAI_API_KEY="sk-a", ANTHROPIC_API_KEY="sk-b", OLLAMA_ENDPOINT="http://localhost:11434"
    )
    assert list(given()) == ["local", "openai", "anthropic", "ollama", "fake"]


def test_the_fake_provider_exists_only_when_enabled(configure: Configure) -> None:
    configure(ATTUNE_FAKE_PROVIDER="1")
    assert given()["fake"].kind is ProviderKind.FAKE
    configure(ATTUNE_FAKE_PROVIDER="0")
    assert "fake" not in given()


def test_a_key_in_the_environment_adds_its_vendor(configure: Configure) -> None:
    configure(OPENAI_API_KEY="sk-a", ANTHROPIC_API_KEY=" sk-b\n")
    assert given()["openai"] == Connection("openai", ProviderKind.OPENAI, None, "sk-a")
    assert given()["anthropic"] == Connection("anthropic", ProviderKind.ANTHROPIC, None, "sk-b")
    sources = {it.connection.name: it.source for it in environment.preconfigured(config())}
    assert sources["openai"] is ProviderSource.ENVIRONMENT


def test_an_empty_key_adds_no_vendor(configure: Configure) -> None:
    configure(OPENAI_API_KEY="", ANTHROPIC_API_KEY="  ")
    assert given().keys() == {"fake"}


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "nul\x01"])
def test_a_key_that_no_header_can_hold_prevents_the_start_without_being_shown(
    configure: Configure, key: str
) -> None:
    configure(OPENAI_API_KEY=key)
    with pytest.raises(
        StartRefused, match="OPENAI_API_KEY: must be a key without spaces"
    ) as refused:
        config()
    assert key not in refused.value.detail


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("https://ollama.example.com/v1/", "https://ollama.example.com/v1"),
    ],
)
def test_an_address_of_ollamas_may_be_written_with_or_without_its_path(
    configure: Configure, endpoint: str, address: str
) -> None:
    configure(OLLAMA_ENDPOINT=endpoint)
    assert given()["ollama"] == Connection("ollama", ProviderKind.OPENAI, address, None)


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost:11434",
        "ftp://localhost",
        "http://",
        "http://[::1",
        "http://h:99999",
        "http://user:key@host",
        "http://h?a",
    ],
)
def test_an_invalid_address_prevents_the_start(configure: Configure, endpoint: str) -> None:
    configure(OLLAMA_ENDPOINT=endpoint)
    with pytest.raises(StartRefused, match="OLLAMA_ENDPOINT"):
        config()
