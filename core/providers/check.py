"""Check whether a provider answers, and list its models: a call between two transactions."""

from contextlib import suppress
from uuid import UUID

from core.database.db import transaction
from core.errors import ProviderFailed
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.providers import gateway, queries, service
from core.providers.errors import ProviderMissing
from core.providers.schemas import ProviderView


def check(name: str) -> ProviderView:
    """Ask a provider for its models and write down how that ended."""
    with transaction() as session:
        connection = queries.get_known(session, name).connection
    models, detail = None, None
    try:
        models = gateway.list_models(connection)
    except ProviderFailed as failure:
        detail = failure.detail
    with transaction() as session:
        return service.note_check(session, connection, models=models, detail=detail)


def warm(name: str) -> None:
    """Load what a provider's calls need, and look at it for the first time."""
    with transaction() as session:
        connection = queries.get_known(session, name).connection
    gateway.provider(connection, gateway.SILENCE_TIMEOUT_S)
    check(name)


def check_as(name: str, *, actor: Actor) -> ProviderView:
    """Do the same because a person pressed "Test connection"."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return check(name)


def check_all() -> None:
    """Look at every provider that is offered."""
    with transaction() as session:
        names = [known.connection.name for known in queries.list_known(session) if known.is_active]
    for name in names:
        with suppress(ProviderMissing):  # somebody removed it meanwhile
            check(name)


def check_row_as(provider_id: UUID, *, actor: Actor) -> ProviderView:
    """Do the same for a provider that is named by its id."""
    require(actor, Permission.MANAGE_PROVIDERS)
    with transaction() as session:
        name = queries.get_row(session, provider_id).name
    return check(name)
