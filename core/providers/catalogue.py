"""The models that can be called.

A model's ID is `provider:name`; the name alone suffices while it is unique.
"""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy.orm import Session

from core.embedded import model_server
from core.platform.config import config
from core.providers import capabilities, packaged_prices
from core.providers.errors import ModelMissing
from core.providers.queries import configured
from core.providers.queries.configured import ConfiguredProvider
from core.providers.schemas import Connection, ListedModel, ModelView, ProviderKind, Route
from core.providers.vendors.fake import CONTEXT_WINDOW
from core.providers.vendors.fake_scripts import SCRIPTS


def list_models(session: Session) -> list[ModelView]:
    """Return every model of every active provider, in the providers' order, then by name."""
    active = [provider for provider in configured.list_configured(session) if provider.is_active]
    return [
        model_view(provider.connection, model)
        for provider in active
        for model in _chat_models(provider)
    ]


def find_route(session: Session, model_id: str) -> Route:
    """Return a model and the connection to its provider.

    Raises ModelMissing when no active provider has the model, or several have one of this name.
    Providers of Settings may be called with models that they do not list.
    """
    prefix, _, name = model_id.partition(":")
    provider = configured.find_configured_cached(session, prefix) if name else None
    if provider is not None and provider.is_active:
        return _route(provider, name)
    active = [provider for provider in configured.list_configured(session) if provider.is_active]
    candidates = [
        provider
        for provider in active
        if any(model.name == model_id for model in _chat_models(provider))
    ]
    if len(candidates) != 1:
        raise ModelMissing(_missing_detail(model_id, candidates))
    return _route(candidates[0], model_id)


def find_embedding_route(session: Session) -> Route | None:
    """Return the first model that is made for embeddings, or None.

    Servers that speak OpenAI's protocol may embed with any model, and a chat model's vectors say
    little: such models are only used by name. The fake provider stands in for one.
    """
    return next(
        (
            _route(provider, model.name)
            for provider in configured.list_configured(session)
            if provider.is_active
            for model in _all_models(provider)
            if "embed" in model.name.lower() or provider.connection.kind is ProviderKind.FAKE
        ),
        None,
    )


def _route(provider: ConfiguredProvider, name: str) -> Route:
    listed_model = next((model for model in _all_models(provider) if model.name == name), None)
    if listed_model is None and provider.connection.kind in (ProviderKind.LOCAL, ProviderKind.FAKE):
        raise ModelMissing(_missing_detail(name, []))
    return Route(
        model_view(provider.connection, listed_model or ListedModel(name)),
        provider.connection,
        provider.limits,
    )


def _missing_detail(model_id: str, candidates: list[ConfiguredProvider]) -> str:
    if candidates:
        names = ", ".join(f"{provider.connection.name}:{model_id}" for provider in candidates)
        return f"Several providers have a model with this name. Use one of: {names}."
    return f"Model {model_id[:100]!r} not found. Choose one from the list of models."


def _chat_models(provider: ConfiguredProvider) -> list[ListedModel]:
    chat = [
        model
        for model in _all_models(provider)
        if capabilities.is_chat(provider.connection, model.name)
    ]
    return sorted(chat, key=lambda model: model.name)


def _all_models(provider: ConfiguredProvider) -> Sequence[ListedModel]:
    match provider.connection.kind:
        case ProviderKind.LOCAL:
            address = model_server.address(config().data)
            return [ListedModel(address.name, model_server.CONTEXT_WINDOW)] if address else []
        case ProviderKind.FAKE:
            return [ListedModel(name, CONTEXT_WINDOW) for name in SCRIPTS]
        case _:
            return provider.models or [
                ListedModel(model.id, model.context_window)
                for model in packaged_prices.shortlist(provider.connection)
            ]


@lru_cache(maxsize=4096)
def model_view(connection: Connection, model: ListedModel) -> ModelView:
    """Return the view of a provider's model."""
    context_window = model.context_window or packaged_prices.context_window_of(
        connection, model.name
    )
    return ModelView(
        id=f"{connection.name}:{model.name}",
        name=model.name,
        provider=connection.name,
        context_window=context_window,
        prices=packaged_prices.prices_of(connection, model.name),
        capabilities=capabilities.of_model(connection, model.name, context_window),
    )
