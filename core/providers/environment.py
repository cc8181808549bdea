"""Preconfigured providers: the packaged model, those with keys, and the fake provider."""

from dataclasses import dataclass

from core.embedded import model_server
from core.network.allowed_addresses import checked_address
from core.platform.config import Config
from core.providers.provider_schemas import ProviderSource
from core.providers.schemas import Connection, ProviderKind


@dataclass(frozen=True)
class PreconfiguredProvider:
    """A provider that needs no row in the database."""

    connection: Connection
    source: ProviderSource


def preconfigured(config: Config) -> list[PreconfiguredProvider]:
    """Return the preconfigured providers, the packaged model first."""
    providers = [
        _local(config),
        _openai(config),
        _anthropic(config),
        _ollama(config),
        _fake(config),
    ]
    return [provider for provider in providers if provider is not None]


def _local(config: Config) -> PreconfiguredProvider | None:
    if model_server.address(config.data) is None:
        return None
    return PreconfiguredProvider(
        Connection("local", ProviderKind.LOCAL, None, None), ProviderSource.PACKAGED
    )


def _openai(config: Config) -> PreconfiguredProvider | None:
    if config.openai_api_key is None:
        return None
    secret = config.openai_api_key.get_secret_value()
    return PreconfiguredProvider(
        Connection("openai", ProviderKind.OPENAI, None, secret), ProviderSource.ENVIRONMENT
    )


def _anthropic(config: Config) -> PreconfiguredProvider | None:
    if config.anthropic_api_key is None:
        return None
    secret = config.anthropic_api_key.get_secret_value()
    return PreconfiguredProvider(
        Connection("anthropic", ProviderKind.ANTHROPIC, None, secret), ProviderSource.ENVIRONMENT
    )


def _ollama(config: Config) -> PreconfiguredProvider | None:
    if config.ollama_endpoint is None:
        return None
    address = checked_address(config.ollama_endpoint)
    base_url = address if address.endswith("/v1") else f"{address}/v1"
    return PreconfiguredProvider(
        Connection("ollama", ProviderKind.OPENAI, base_url, None), ProviderSource.ENVIRONMENT
    )


def _fake(config: Config) -> PreconfiguredProvider | None:
    if not config.attune_fake_provider:
        return None
    return PreconfiguredProvider(
        Connection("fake", ProviderKind.FAKE, None, None), ProviderSource.PACKAGED
    )
