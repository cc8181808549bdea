"""Read providers: those of the environment merged with the rows of Settings."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cache.cache import Cache
from core.platform.config import config
from core.providers import encrypted_keys, environment
from core.providers.errors import ProviderMissing
from core.providers.models import ProviderRow
from core.providers.provider_schemas import ProviderSource, ProviderStatus, ProviderView
from core.providers.schemas import NO_LIMITS, CallLimits, Connection, ListedModel, ProviderKind

CHANGED = "providers changed"
provider_cache: Cache[str, "ConfiguredProvider | None"] = Cache(CHANGED, max_age_s=10.0)


@dataclass(frozen=True)
class LastCheck:
    """The row of a provider: whether it is active, its limits, and the result of its last check."""

    id: UUID
    is_active: bool
    status: ProviderStatus
    status_detail: str | None
    checked_at: datetime | None
    models: tuple[ListedModel, ...]
    limits: CallLimits


@dataclass(frozen=True)
class ConfiguredProvider:
    """A provider: its connection, its source and, when it has a row, its last check."""

    connection: Connection
    source: ProviderSource
    last_check: LastCheck | None

    @property
    def is_active(self) -> bool:
        """Whether its models are offered."""
        return self.last_check is None or self.last_check.is_active

    @property
    def models(self) -> tuple[ListedModel, ...]:
        """The models that it listed at its last check."""
        return self.last_check.models if self.last_check else ()

    @property
    def limits(self) -> CallLimits:
        """How many calls it gets."""
        return self.last_check.limits if self.last_check else NO_LIMITS


def list_configured(session: Session) -> list[ConfiguredProvider]:
    """Return all providers: preconfigured ones first, then those of Settings by name."""
    rows = {
        row.name: row for row in session.scalars(select(ProviderRow).order_by(ProviderRow.name))
    }
    preconfigured = [
        _with_row(provider, rows.pop(provider.connection.name, None))
        for provider in environment.preconfigured(config())
    ]
    return [
        *preconfigured,
        *(from_settings(row) for row in rows.values() if row.source == ProviderSource.SETTINGS),
    ]


def find_configured(session: Session, name: str) -> ConfiguredProvider | None:
    """Return a provider by its name, or None."""
    row = session.scalar(select(ProviderRow).where(ProviderRow.name == name))
    for provider in environment.preconfigured(config()):
        if provider.connection.name == name:
            return _with_row(provider, row)
    return from_settings(row) if row is not None and row.source == ProviderSource.SETTINGS else None


def from_settings(row: ProviderRow) -> ConfiguredProvider:
    """Return the provider of a row of Settings."""
    return ConfiguredProvider(connection_of(row), ProviderSource.SETTINGS, _last_check(row))


def _with_row(
    preconfigured: environment.PreconfiguredProvider, row: ProviderRow | None
) -> ConfiguredProvider:
    return ConfiguredProvider(
        preconfigured.connection,
        preconfigured.source,
        _last_check(row) if row is not None else None,
    )


def _last_check(row: ProviderRow) -> LastCheck:
    return LastCheck(
        id=row.id,
        is_active=row.is_active,
        status=ProviderStatus(row.status),
        status_detail=row.status_detail,
        checked_at=row.checked_at,
        models=tuple(ListedModel(**model) for model in row.models),
        limits=CallLimits(max_concurrent=row.max_concurrent, calls_per_minute=row.calls_per_minute),
    )


def find_configured_cached(session: Session, name: str) -> ConfiguredProvider | None:
    """Return a provider by its name from a cache of ten seconds, or None."""
    return provider_cache.get(name, lambda: find_configured(session, name))


def get_configured(session: Session, name: str) -> ConfiguredProvider:
    """Return a provider by its name; raise ProviderMissing."""
    provider = find_configured(session, name)
    if provider is None:
        raise ProviderMissing
    return provider


def get_row(session: Session, provider_id: UUID) -> ProviderRow:
    """Return a provider's row, locked until the transaction ends; raise ProviderMissing."""
    row = session.get(ProviderRow, provider_id, with_for_update=True)
    if row is None:
        raise ProviderMissing
    return row


def lock_limits(session: Session, name: str) -> CallLimits:
    """Return the present limits of a provider, whose row is locked until the transaction ends."""
    limits = select(ProviderRow.max_concurrent, ProviderRow.calls_per_minute)
    row = session.execute(limits.where(ProviderRow.name == name).with_for_update()).first()
    return CallLimits.model_validate(row._asdict()) if row else NO_LIMITS


def connection_of(row: ProviderRow) -> Connection:
    """Return the connection of a row, with its key decrypted."""
    key = encrypted_keys.open_key(row)
    return Connection(row.name, ProviderKind(row.kind), row.base_url, key)


def list_providers(session: Session) -> list[ProviderView]:
    """Return the views of all providers."""
    return [view(provider) for provider in list_configured(session)]


def view(provider: ConfiguredProvider) -> ProviderView:
    """Return the view of a provider, without its key."""
    last_check = provider.last_check
    return ProviderView(
        id=last_check.id if last_check else None,
        name=provider.connection.name,
        kind=provider.connection.kind,
        base_url=provider.connection.base_url,
        source=provider.source,
        has_secret=provider.connection.secret is not None,
        is_active=provider.is_active,
        status=last_check.status if last_check else ProviderStatus.UNTESTED,
        status_detail=last_check.status_detail if last_check else None,
        checked_at=last_check.checked_at if last_check else None,
        model_count=len(provider.models),
        **provider.limits.model_dump(),
    )
