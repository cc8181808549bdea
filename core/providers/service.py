"""Change providers. Keys are write-only."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.network.outbound import checked_address
from core.platform import clock, crypto
from core.platform.config import config
from core.platform.ids import new_id
from core.providers import environment, queries
from core.providers.errors import FromEnvironment, NameTaken
from core.providers.models import ProviderRow
from core.providers.schemas import (
    Connection,
    KnownModel,
    NewProvider,
    ProviderChange,
    ProviderKind,
    ProviderSource,
    ProviderStatus,
    ProviderView,
)

# The packaged providers come and go: nobody else may stand in their place meanwhile.
RESERVED = (ProviderKind.LOCAL, ProviderKind.FAKE)


def add(session: Session, given: NewProvider, *, actor: Actor) -> ProviderView:
    """Store a provider.

    Raises NameTaken, or AddressRefused when the address is none.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    if given.name in RESERVED or any(it.connection.name == given.name for it in environment.given(config())):
        raise NameTaken
    # What was last seen of a provider that the environment gave, and no longer gives.
    session.execute(delete(ProviderRow).where(ProviderRow.name == given.name, ProviderRow.source != ProviderSource.SETTINGS))
    row = ProviderRow(
        id=new_id(),
        name=given.name,
        kind=given.kind,
        base_url=checked_address(given.base_url) if given.base_url else None,
        source=ProviderSource.SETTINGS,
    )
    row.secret = _sealed(row, given.secret)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise NameTaken from None
    session.refresh(row)
    after = {"name": row.name, "kind": row.kind, "base_url": row.base_url, "secret": given.secret}
    queries.recalled.tell(session)
    audit.record(session, "provider.add", actor, targets={"provider": row.name}, after=after)
    return _view(session, row)


def change(session: Session, provider_id: UUID, given: ProviderChange, *, actor: Actor) -> ProviderView:
    """Change address, key (null removes it) or whether the models are offered.

    A new address clears the key, unless a new key comes with it.

    Raises FromEnvironment for what the environment sets.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, provider_id)
    wanted = given.model_dump(exclude_unset=True)
    if row.source != ProviderSource.SETTINGS and wanted.keys() & {"base_url", "secret"}:
        raise FromEnvironment
    before = {"base_url": row.base_url, "is_active": row.is_active, "secret": bool(row.secret)}
    if "base_url" in wanted:
        address = checked_address(given.base_url) if given.base_url else None
        row.secret = row.secret if address == row.base_url else None
        row.base_url = address
    if "secret" in wanted:
        row.secret = _sealed(row, given.secret)
    if given.is_active is not None:
        row.is_active = given.is_active
    if wanted.keys() & {"base_url", "secret"}:
        row.status, row.status_detail, row.checked_at, row.models = ProviderStatus.UNTESTED, None, None, []
    after = {"base_url": row.base_url, "is_active": row.is_active, "secret": bool(row.secret)}
    queries.recalled.tell(session)
    audit.record(session, "provider.change", actor, targets={"provider": row.name}, before=before, after=after)
    return _view(session, row)


def remove(session: Session, provider_id: UUID, *, actor: Actor) -> None:
    """Remove a provider and its key; raise FromEnvironment for one that the environment gives."""
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, provider_id)
    if row.source != ProviderSource.SETTINGS:
        raise FromEnvironment
    queries.recalled.tell(session)
    audit.record(session, "provider.remove", actor, targets={"provider": row.name})
    session.delete(row)


def note_check(session: Session, asked: Connection, *, models: list[KnownModel] | None, detail: str | None) -> ProviderView:
    """Write down how a look at a provider ended: the models it listed, or what went wrong.

    Nothing is written when it has got another address or key meanwhile. Raises ProviderMissing when it is gone.
    """
    known = queries.get_known(session, asked.name)
    if known.connection != asked:
        return queries.view(known)
    status = ProviderStatus.FAILING if models is None else ProviderStatus.WORKING
    seen: dict[str, Any] = {"status": status, "status_detail": detail, "checked_at": clock.now()}
    if models is not None:
        seen["models"] = [asdict(model) for model in models]
    row = {
        "id": new_id(),
        "name": asked.name,
        "kind": known.connection.kind,
        "base_url": known.connection.base_url,
        "source": known.source,
        **seen,
    }
    session.execute(insert(ProviderRow).values(**row).on_conflict_do_update(index_elements=["name"], set_=seen))
    session.expire_all()
    queries.recalled.tell(session)
    return queries.view(queries.get_known(session, asked.name))


def _sealed(row: ProviderRow, secret: str | None) -> bytes | None:
    return crypto.keyring().seal(secret, column=queries.SECRET_COLUMN, row=row.id) if secret else None


def _view(session: Session, row: ProviderRow) -> ProviderView:
    session.flush()
    return queries.view(queries.get_known(session, row.name))
