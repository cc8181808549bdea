"""Changes of providers. Keys are write-only."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.database.settings import check_unchanged
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.network.allowed_addresses import checked_address
from core.platform import clock
from core.platform.config import config
from core.platform.ids import new_id
from core.providers import encrypted_keys, environment
from core.providers.errors import ProviderFromEnvironment, ProviderNameTaken
from core.providers.models import ProviderRow
from core.providers.provider_schemas import (
    NewProvider,
    ProviderChange,
    ProviderSource,
    ProviderStatus,
    ProviderView,
)
from core.providers.queries import configured
from core.providers.schemas import CallLimits, Connection, ListedModel, ProviderKind

# Reserved even while a packaged provider is not available.
RESERVED = (ProviderKind.LOCAL, ProviderKind.FAKE, "service")


def add(session: Session, new_provider: NewProvider, *, actor: Actor) -> ProviderView:
    """Store a provider.

    Raises ProviderNameTaken, or AddressRefused when `base_url` is not allowed.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    if new_provider.name in RESERVED or any(
        provider.connection.name == new_provider.name
        for provider in environment.preconfigured(config())
    ):
        raise ProviderNameTaken
    # The last check of a provider of this name that is no longer set by the environment.
    session.execute(
        delete(ProviderRow).where(
            ProviderRow.name == new_provider.name, ProviderRow.source != ProviderSource.SETTINGS
        )
    )
    row = ProviderRow(
        id=new_id(),
        name=new_provider.name,
        kind=new_provider.kind,
        base_url=checked_address(new_provider.base_url) if new_provider.base_url else None,
        source=ProviderSource.SETTINGS,
        max_concurrent=new_provider.max_concurrent,
        calls_per_minute=new_provider.calls_per_minute,
    )
    row.secret = encrypted_keys.seal(row, new_provider.secret)
    with refuse_duplicates(ProviderNameTaken), session.begin_nested():
        session.add(row)
    session.refresh(row)
    after = {
        "name": row.name,
        "kind": row.kind,
        "base_url": row.base_url,
        "secret": new_provider.secret,
        **_limits(row),
    }
    configured.provider_cache.clear_after_commit(session)
    audit.record(session, "provider.add", actor, targets={"provider": row.name}, after=after)
    return _view(session, row)


def change(
    session: Session,
    provider_id: UUID,
    change: ProviderChange,
    *,
    actor: Actor,
    loaded: ProviderView | None = None,
) -> ProviderView:
    """Change address, key (null removes it), limits or whether the models are offered.

    A new address removes the key, unless a new key is part of the change. Raises
    ProviderFromEnvironment for fields that the environment sets, or SettingsChanged when a form was
    loaded with other values than are stored now.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    row = configured.get_row(session, provider_id)
    new_values = change.model_dump(exclude_unset=True)
    # A form never holds the stored key, so there is nothing to compare it with.
    check_unchanged(row, loaded, new_values.keys() - {"secret"})
    if row.source != ProviderSource.SETTINGS and new_values.keys() & {"base_url", "secret"}:
        raise ProviderFromEnvironment
    before = _facts(row)
    if "base_url" in new_values:
        address = checked_address(change.base_url) if change.base_url else None
        # A key is only ever sent to the address that it was entered for.
        row.secret = row.secret if address == row.base_url else None
        row.base_url = address
    if "secret" in new_values:
        row.secret = encrypted_keys.seal(row, change.secret)
    if change.is_active is not None:
        row.is_active = change.is_active
    if new_values.keys() & {"base_url", "secret"}:
        row.status, row.status_detail, row.checked_at, row.models = (
            ProviderStatus.UNTESTED,
            None,
            None,
            [],
        )
    for limit in new_values.keys() & CallLimits.model_fields.keys():
        setattr(row, limit, new_values[limit])
    after = _facts(row)
    configured.provider_cache.clear_after_commit(session)
    audit.record(
        session,
        "provider.change",
        actor,
        targets={"provider": row.name},
        before=before,
        after=after,
    )
    return _view(session, row)


def remove(session: Session, provider_id: UUID, *, actor: Actor) -> None:
    """Remove a provider and its key; raise ProviderFromEnvironment for a preconfigured one."""
    require(actor, Permission.MANAGE_PROVIDERS)
    row = configured.get_row(session, provider_id)
    if row.source != ProviderSource.SETTINGS:
        raise ProviderFromEnvironment
    configured.provider_cache.clear_after_commit(session)
    audit.record(session, "provider.remove", actor, targets={"provider": row.name})
    session.delete(row)


def record_check(
    session: Session, checked: Connection, *, models: list[ListedModel] | None, detail: str | None
) -> ProviderView:
    """Store the result of a check: the listed models, or the error's `detail`.

    Nothing is stored when the address or key has changed meanwhile. Raises ProviderMissing when it
    was removed.
    """
    provider = configured.get_configured(session, checked.name)
    # The check ran outside a transaction, so an administrator may have changed the provider.
    if provider.connection != checked:
        return configured.view(provider)
    status = ProviderStatus.FAILING if models is None else ProviderStatus.WORKING
    result: dict[str, Any] = {"status": status, "status_detail": detail, "checked_at": clock.now()}
    if models is not None:
        result["models"] = [asdict(model) for model in models]
    row = {
        "id": new_id(),
        "name": checked.name,
        "kind": provider.connection.kind,
        "base_url": provider.connection.base_url,
        "source": provider.source,
        **result,
    }
    session.execute(
        insert(ProviderRow)
        .values(**row)
        .on_conflict_do_update(index_elements=["name"], set_=result)
    )
    # The session may hold the row as it was before this statement
    session.expire_all()
    configured.provider_cache.clear_after_commit(session)
    return configured.view(configured.get_configured(session, checked.name))


def _facts(row: ProviderRow) -> dict[str, object]:
    return {
        "base_url": row.base_url,
        "is_active": row.is_active,
        "secret": bool(row.secret),
        **_limits(row),
    }


def _limits(row: ProviderRow) -> dict[str, int]:
    limits = {"max_concurrent": row.max_concurrent, "calls_per_minute": row.calls_per_minute}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _view(session: Session, row: ProviderRow) -> ProviderView:
    session.flush()
    return configured.view(configured.get_configured(session, row.name))
