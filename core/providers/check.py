"""Check whether a provider responds, and list its models, between two transactions; and load the
SDKs of providers before their first calls.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from core.database import bus
from core.database.db import transaction
from core.errors import Failure, ProviderFailed
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.providers import gateway, packaged_prices
from core.providers.errors import ProviderMissing
from core.providers.provider_schemas import ProviderView
from core.providers.queries import configured
from core.providers.schemas import Connection
from core.providers.service import providers

log = logging.getLogger("attune.providers")


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


def keep_loaded() -> None:
    """Load the SDKs of active providers and their prices in the background, and of those that are
    added later.

    Else the first call does, and every call that begins in that second waits with it.
    """
    is_due = threading.Event()
    is_due.set()
    bus.subscribe(configured.CHANGED, lambda _hint: is_due.set())
    threading.Thread(target=_load_when, args=(is_due,), name="providers", daemon=True).start()


def _load_when(is_due: threading.Event) -> None:
    while is_due.wait():
        is_due.clear()
        with _survived("providers"):
            for connection in _active_connections():
                with _survived(connection.name):
                    gateway.provider(connection, gateway.SILENCE_TIMEOUT_S)
                    packaged_prices.prices_of(connection, "")  # reads the prices of all models


@contextmanager
def _survived(what: str) -> Iterator[None]:
    try:
        yield
    except Failure:
        pass  # the first call loads it, or says what is wrong
    except Exception:
        log.exception("%s could not be loaded", what)


def _active_connections() -> list[Connection]:
    with transaction() as session:
        providers_ = configured.list_configured(session)
        return [provider.connection for provider in providers_ if provider.is_active]


def check_all() -> None:
    """Check every active provider."""
    for connection in _active_connections():
        with suppress(ProviderMissing):  # it was removed meanwhile
            check(connection.name)


def check_row_as(provider_id: UUID, *, actor: Actor) -> ProviderView:
    """Check a provider by ID; the actor must manage providers. Raises ProviderMissing."""
    require(actor, Permission.MANAGE_PROVIDERS)
    with transaction() as session:
        name = configured.get_row(session, provider_id).name
    return check(name)
