"""Every SELECT on providers, merged with those that the environment gives."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import crypto
from core.config import config
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
from core.recall import Recall

recalled: Recall[str, "Known | None"] = Recall("providers changed", for_s=10.0)
SECRET_COLUMN = "providers.secret"  # noqa: S105  the column's name


@dataclass(frozen=True)
class Known:
    """A provider: how to reach it, and what is known of it."""

    connection: Connection
    source: ProviderSource
    row: ProviderRow | None

    @property
    def is_active(self) -> bool:
        """Whether its models are offered."""
        return self.row is None or self.row.is_active

    @property
    def models(self) -> list[KnownModel]:
        """What it said it serves, when it was last asked."""
        return [KnownModel(**model) for model in (self.row.models if self.row else [])]


def list_known(session: Session) -> list[Known]:
    """Return all providers: the given ones first, then those of Settings by name."""
    rows = {row.name: row for row in session.scalars(select(ProviderRow).order_by(ProviderRow.name))}
    given = [Known(it.connection, it.source, rows.get(it.connection.name)) for it in environment.given(config())]
    taken = {it.connection.name for it in given}
    own = [row for row in rows.values() if row.source == ProviderSource.SETTINGS and row.name not in taken]
    return [*given, *(Known(connection_of(row), ProviderSource.SETTINGS, row) for row in own)]


def find_known(session: Session, name: str) -> Known | None:
    """Return one provider by its name."""
    row = session.scalar(select(ProviderRow).where(ProviderRow.name == name))
    given = next((it for it in environment.given(config()) if it.connection.name == name), None)
    if given is not None:
        return Known(given.connection, given.source, row)
    is_own = row is not None and row.source == ProviderSource.SETTINGS
    return Known(connection_of(row), ProviderSource.SETTINGS, row) if row is not None and is_own else None


def recall_known(session: Session, name: str) -> Known | None:
    """Return one provider as it was a moment ago: what every call asks for."""
    return recalled.get(name, lambda: find_known(session, name))


def get_known(session: Session, name: str) -> Known:
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


def view(known: Known) -> ProviderView:
    """Return a provider without its key."""
    row = known.row
    return ProviderView(
        id=row.id if row else None,
        name=known.connection.name,
        kind=known.connection.kind,
        base_url=known.connection.base_url,
        source=known.source,
        has_secret=known.connection.secret is not None,
        is_active=known.is_active,
        status=ProviderStatus(row.status) if row else ProviderStatus.UNTESTED,
        status_detail=row.status_detail if row else None,
        checked_at=row.checked_at if row else None,
        model_count=len(known.models),
    )
