"""Check whether a provider responds, and list its models, between two transactions."""

from contextlib import suppress
from uuid import UUID

from core.database.db import transaction
from core.errors import ProviderFailed
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.providers import gateway
from core.providers.errors import ProviderMissing
from core.providers.queries import configured
from core.providers.schemas import ProviderView
from core.providers.service import providers


def check(name: str) -> ProviderView:
    """Ask a provider for its models and store the result; return its view."""
    with transaction() as session:
        connection = configured.get_configured(session, name).connection
    models, detail = None, None
    try:
        models = gateway.list_models(connection)
    except ProviderFailed as failure:
        detail = failure.detail
    with transaction() as session:
        return providers.record_check(session, connection, models=models, detail=detail)


def warm(name: str) -> None:
    """Load a provider's SDK, which takes a second, and check it for the first time."""
    with transaction() as session:
        connection = configured.get_configured(session, name).connection
    gateway.provider(connection, gateway.SILENCE_TIMEOUT_S)
    check(name)


def check_as(name: str, *, actor: Actor) -> ProviderView:
    """Check a provider by name; the actor must manage providers."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return check(name)


def check_all() -> None:
    """Check every active provider."""
    with transaction() as session:
        names = [
            provider.connection.name
            for provider in configured.list_configured(session)
            if provider.is_active
        ]
    for name in names:
        with suppress(ProviderMissing):  # it was removed meanwhile
            check(name)


def check_row_as(provider_id: UUID, *, actor: Actor) -> ProviderView:
    """Check a provider by ID; the actor must manage providers. Raises ProviderMissing."""
    require(actor, Permission.MANAGE_PROVIDERS)
    with transaction() as session:
        name = configured.get_row(session, provider_id).name
    return check(name)
