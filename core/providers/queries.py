"""Read providers, merged with those of the environment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cache.recall import Recall
from core.platform import crypto
from core.platform.config import config
from core.providers import environment
from core.providers.errors import ProviderMissing
from core.providers.models import ProviderRow
from core.providers.schemas import (
    Connection,
    KnownModel,
    ProviderKind,
    ProviderSource,
    ProviderStatus,
    ProviderView,
)

recalled: Recall[str, "KnownProvider | None"] = Recall("providers changed", for_s=10.0)
SECRET_COLUMN = "providers.secret"  # noqa: S105  the column's name


@dataclass(frozen=True)
class SeenProvider:
    """What was last seen of a provider, and decided about it."""

    id: UUID
    is_active: bool
    status: ProviderStatus
    status_detail: str | None
    checked_at: datetime | None
    models: tuple[KnownModel, ...]


@dataclass(frozen=True)
class KnownProvider:
    """A provider: how to reach it, and what was last seen of it."""

    connection: Connection
    source: ProviderSource
    seen: SeenProvider | None

    @property
    def is_active(self) -> bool:
        """Whether its models are offered."""
        return self.seen is None or self.seen.is_active

    @property
    def models(self) -> tuple[KnownModel, ...]:
        """What it said it serves, when it was last asked."""
        return self.seen.models if self.seen else ()


def list_known(session: Session) -> list[KnownProvider]:
    """Return all providers: the given ones first, then those of Settings by name."""
    rows = {row.name: row for row in session.scalars(select(ProviderRow).order_by(ProviderRow.name))}
    given = [_given(it, rows.pop(it.connection.name, None)) for it in environment.given(config())]
    return [*given, *(known_of(row) for row in rows.values() if row.source == ProviderSource.SETTINGS)]


def find_known(session: Session, name: str) -> KnownProvider | None:
    """Return one provider by its name."""
    row = session.scalar(select(ProviderRow).where(ProviderRow.name == name))
    for it in environment.given(config()):
        if it.connection.name == name:
            return _given(it, row)
    return known_of(row) if row is not None and row.source == ProviderSource.SETTINGS else None


def known_of(row: ProviderRow) -> KnownProvider:
    """Return the provider of a row of Settings."""
    return KnownProvider(connection_of(row), ProviderSource.SETTINGS, _seen(row))


def _given(given: environment.Given, row: ProviderRow | None) -> KnownProvider:
    return KnownProvider(given.connection, given.source, _seen(row) if row is not None else None)


def _seen(row: ProviderRow) -> SeenProvider:
    models = tuple(KnownModel(**model) for model in row.models)
    return SeenProvider(row.id, row.is_active, ProviderStatus(row.status), row.status_detail, row.checked_at, models)


def recall_known(session: Session, name: str) -> KnownProvider | None:
    """Return one provider as it was a moment ago: what every call asks for."""
    return recalled.get(name, lambda: find_known(session, name))


def get_known(session: Session, name: str) -> KnownProvider:
    """Return one provider by its name; raise ProviderMissing."""
    found = find_known(session, name)
    if found is None:
        raise ProviderMissing
    return found


def get_row(session: Session, provider_id: UUID) -> ProviderRow:
    """Return a provider's row, held until the transaction ends; raise ProviderMissing."""
    row = session.get(ProviderRow, provider_id, with_for_update=True)
    if row is None:
        raise ProviderMissing
    return row


def connection_of(row: ProviderRow) -> Connection:
    """Return how to reach the provider of a row."""
    secret = crypto.keyring().open(row.secret, column=SECRET_COLUMN, row=row.id) if row.secret else None
    return Connection(row.name, ProviderKind(row.kind), row.base_url, secret)


def list_providers(session: Session) -> list[ProviderView]:
    """Return all providers as pages and the API show them."""
    return [view(known) for known in list_known(session)]


def view(known: KnownProvider) -> ProviderView:
    """Return a provider without its key."""
    seen = known.seen
    return ProviderView(
        id=seen.id if seen else None,
        name=known.connection.name,
        kind=known.connection.kind,
        base_url=known.connection.base_url,
        source=known.source,
        has_secret=known.connection.secret is not None,
        is_active=known.is_active,
        status=seen.status if seen else ProviderStatus.UNTESTED,
        status_detail=seen.status_detail if seen else None,
        checked_at=seen.checked_at if seen else None,
        model_count=len(known.models),
    )
