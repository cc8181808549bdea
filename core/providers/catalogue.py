"""The models that can be called. A model's id is `provider:name`; the name alone is enough while it is unique."""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy.orm import Session

from core.embedded import model_server
from core.platform.config import config
from core.providers import capabilities, prices, queries
from core.providers.errors import ModelMissing
from core.providers.queries import KnownProvider
from core.providers.schemas import Connection, KnownModel, ModelView, ProviderKind, Route
from core.providers.vendors.fake import CONTEXT_WINDOW, SCRIPTS


def list_models(session: Session) -> list[ModelView]:
    """Return every model of every active provider, in the providers' order, by name."""
    active = [known for known in queries.list_known(session) if known.is_active]
    return [model_view(known.connection, model) for known in active for model in _chat_models(known)]


def find_route(session: Session, model_id: str) -> Route:
    """Return a model and the way to it.

    Raises ModelMissing when no active provider has it, or a bare name is that of several. A provider of Settings may be asked for
    models that it has not listed.
    """
    prefix, _, name = model_id.partition(":")
    known = queries.recall_known(session, prefix) if name else None
    if known is not None and known.is_active:
        return _route(known, name)
    active = [known for known in queries.list_known(session) if known.is_active]
    found = [known for known in active if any(model.name == model_id for model in _chat_models(known))]
    if len(found) != 1:
        raise ModelMissing(_missing(model_id, found))
    return _route(found[0], model_id)


def _route(known: KnownProvider, name: str) -> Route:
    listed = next((model for model in _all_models(known) if model.name == name), None)
    if listed is None and known.connection.kind in (ProviderKind.LOCAL, ProviderKind.FAKE):
        raise ModelMissing(_missing(name, []))
    return Route(model_view(known.connection, listed or KnownModel(name)), known.connection)


def _missing(model_id: str, several: list[KnownProvider]) -> str:
    if several:
        names = ", ".join(f"{known.connection.name}:{model_id}" for known in several)
        return f"Several providers have a model of this name. Say which: {names}."
    return f"There is no model {model_id[:100]!r} here. GET /api/v1/models lists those that can be called."


def _chat_models(known: KnownProvider) -> list[KnownModel]:
    chat = [model for model in _all_models(known) if capabilities.is_chat(known.connection, model.name)]
    return sorted(chat, key=lambda model: model.name)


def _all_models(known: KnownProvider) -> Sequence[KnownModel]:
    match known.connection.kind:
        case ProviderKind.LOCAL:
            address = model_server.address(config().data)
            return [KnownModel(address.name, model_server.CONTEXT_WINDOW)] if address else []
        case ProviderKind.FAKE:
            return [KnownModel(name, CONTEXT_WINDOW) for name in SCRIPTS]
        case _:
            return known.models or [KnownModel(model.id, model.context_window) for model in prices.shortlist(known.connection)]


@lru_cache(maxsize=4096)
def model_view(connection: Connection, model: KnownModel) -> ModelView:
    """Return a provider's model with what is known of it."""
    window = model.context_window or prices.context_window_of(connection, model.name)
    return ModelView(
        id=f"{connection.name}:{model.name}",
        name=model.name,
        provider=connection.name,
        context_window=window,
        prices=prices.prices_of(connection, model.name),
        capabilities=capabilities.of_model(connection, model.name, window),
    )
