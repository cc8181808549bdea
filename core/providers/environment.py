"""Providers that need no setup: the packaged model, those with keys in the environment, and the fake."""

from dataclasses import dataclass

from core.embedded import model_server
from core.network.outbound import checked_address
from core.platform.config import Config
from core.providers.schemas import Connection, ProviderKind, ProviderSource


@dataclass(frozen=True)
class Given:
    """A provider that is there without a row of its own making."""

    connection: Connection
    source: ProviderSource


def given(config: Config) -> list[Given]:
    """Return them, the packaged model first."""
    found = [_local(config), _openai(config), _anthropic(config), _ollama(config), _fake(config)]
    return [provider for provider in found if provider is not None]


def _local(config: Config) -> Given | None:
    if model_server.address(config.data) is None:
        return None
    return Given(Connection("local", ProviderKind.LOCAL, None, None), ProviderSource.PACKAGED)


def _openai(config: Config) -> Given | None:
    if config.openai_api_key is None:
        return None
    secret = config.openai_api_key.get_secret_value()
    return Given(Connection("openai", ProviderKind.OPENAI, None, secret), ProviderSource.ENVIRONMENT)


def _anthropic(config: Config) -> Given | None:
    if config.anthropic_api_key is None:
        return None
    secret = config.anthropic_api_key.get_secret_value()
    return Given(Connection("anthropic", ProviderKind.ANTHROPIC, None, secret), ProviderSource.ENVIRONMENT)


def _ollama(config: Config) -> Given | None:
    if config.ollama_endpoint is None:
        return None
    address = checked_address(config.ollama_endpoint)
    base_url = address if address.endswith("/v1") else f"{address}/v1"
    return Given(Connection("ollama", ProviderKind.OPENAI, base_url, None), ProviderSource.ENVIRONMENT)


def _fake(config: Config) -> Given | None:
    if not config.attune_fake_provider:
        return None
    return Given(Connection("fake", ProviderKind.FAKE, None, None), ProviderSource.PACKAGED)
