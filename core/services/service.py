"""Register, change and remove services. Tokens and callback secrets are write-only."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.database.settings import check_unchanged
from core.errors import Conflict
from core.executions.service import service_calls
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.network.allowed_addresses import checked_address
from core.platform import clock, crypto
from core.platform.ids import new_id
from core.services import queries, signatures
from core.services.models import Service
from core.services.schemas import (
    CreatedService,
    NewService,
    ServiceChange,
    ServiceStatus,
    ServiceView,
)

AUDITED = ("name", "chat_url", "upload_url", "is_active", "production")
# Callbacks may be frequent, and each write of the same row would wait for the one before.
CALLBACK_NOTED_EVERY = timedelta(minutes=1)
# Long enough to give a service its new secret without losing a callback
PREVIOUS_SECRET_KEPT = timedelta(hours=24)


def add(session: Session, new_service: NewService, *, actor: Actor) -> CreatedService:
    """Store a service; raise Forbidden or AddressRefused."""
    require(actor, Permission.MANAGE_PROVIDERS)
    upload = new_service.upload_url
    row = Service(
        id=new_id(),
        name=new_service.name,
        chat_url=checked_address(new_service.chat_url),
        upload_url=checked_address(upload) if upload else None,
        is_active=new_service.is_active,
        production=new_service.production,
    )
    _set_token(row, new_service.token)
    secret = _set_new_secret(row)
    _deactivate_others(session, row)
    _store(session, row)
    session.refresh(row)
    after = {**_audited(row), "token": True}
    audit.record(session, "service.add", actor, targets={"service": row.name}, after=after)
    return _created(row, secret)


def change(
    session: Session,
    service_id: UUID,
    change: ServiceChange,
    *,
    actor: Actor,
    loaded: ServiceView | None = None,
) -> ServiceView:
    """Change fields of a service; a new address clears the token unless a new one is given.

    Raises Forbidden, ServiceMissing, AddressRefused, or SettingsChanged when a form was loaded with
    other values than are stored now.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, service_id)
    check_unchanged(row, loaded, change.model_fields_set - {"token"})
    before = _audited(row)
    _set_addresses(row, change)
    if change.token is not None:
        _set_token(row, change.token)
        row.status, row.status_detail = ServiceStatus.UNTESTED, None
    row.name = change.name or row.name
    row.production = row.production if change.production is None else change.production
    row.is_active = row.is_active if change.is_active is None else change.is_active
    row.updated_at = clock.now()
    # Flushed first, this row would be the second active one, which a unique index refuses
    with session.no_autoflush:
        _deactivate_others(session, row)
    _store(session, row)
    audit.record(
        session,
        "service.change",
        actor,
        targets={"service": row.name},
        before=before,
        after={**_audited(row), "token": row.token is not None},
    )
    return queries.view(row)


def rotate_secret(session: Session, service_id: UUID, *, actor: Actor) -> CreatedService:
    """Replace the callback secret, which is accepted for another 24 hours; one that was replaced
    before ends now. Raises Forbidden or ServiceMissing.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, service_id)
    row.previous_secret = row.callback_secret
    row.previous_secret_until = clock.now() + PREVIOUS_SECRET_KEPT
    secret = _set_new_secret(row)
    row.updated_at = clock.now()
    audit.record(session, "service.rotate_secret", actor, targets={"service": row.name})
    return _created(row, secret)


def end_previous_secret(session: Session, service_id: UUID, *, actor: Actor) -> ServiceView:
    """Refuse callbacks that are signed with the replaced secret from now on.

    Raises Forbidden or ServiceMissing.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, service_id)
    row.previous_secret, row.previous_secret_until = None, None
    row.updated_at = clock.now()
    audit.record(session, "service.end_previous_secret", actor, targets={"service": row.name})
    return queries.view(row)


def remove(session: Session, service_id: UUID, *, actor: Actor) -> None:
    """Remove a service and fail its pending jobs; raise Forbidden or ServiceMissing."""
    require(actor, Permission.MANAGE_PROVIDERS)
    service_calls.fail_all_of(session, service_id)
    row = queries.get_row(session, service_id)
    audit.record(session, "service.remove", actor, targets={"service": row.name})
    session.delete(row)


def record_job(
    session: Session, service_id: UUID, *, status: ServiceStatus, detail: str | None
) -> None:
    """Store whether a service took the last job, unless it has been removed."""
    stored = update(Service).where(Service.id == service_id)
    session.execute(stored.values(status=status, status_detail=detail, checked_at=clock.now()))


def note_callback(session: Session, service_id: UUID) -> None:
    """Store that a service has sent a signed callback, at most once a minute."""
    now = clock.now()
    is_old = or_(
        Service.last_callback_at.is_(None),
        Service.last_callback_at < now - CALLBACK_NOTED_EVERY,
    )
    noted = update(Service).where(Service.id == service_id, is_old)
    session.execute(noted.values(last_callback_at=now))


def _set_addresses(row: Service, change: ServiceChange) -> None:
    """Set new addresses: a token must not be sent to another address than it was entered for."""
    chat = checked_address(change.chat_url) if change.chat_url else row.chat_url
    upload = row.upload_url
    if "upload_url" in change.model_fields_set:
        upload = checked_address(change.upload_url) if change.upload_url else None
    if (chat, upload) == (row.chat_url, row.upload_url):
        return
    if chat != row.chat_url or upload not in (None, row.upload_url):
        row.token = None
    row.chat_url, row.upload_url = chat, upload
    row.status, row.status_detail, row.checked_at = ServiceStatus.UNTESTED, None, None


def _set_token(row: Service, token: str) -> None:
    row.token = crypto.keyring().seal(token, column=queries.TOKEN, row=row.id)


def _set_new_secret(row: Service) -> str:
    secret = signatures.new_secret()
    row.callback_secret = crypto.keyring().seal(secret, column=queries.SECRET, row=row.id)
    return secret


def _deactivate_others(session: Session, row: Service) -> None:
    if row.is_active:
        others = update(Service).where(Service.is_active, Service.id != row.id)
        session.execute(others.values(is_active=False, updated_at=clock.now()))


def _store(session: Session, row: Service) -> None:
    # Another one may have become active at the same time
    with refuse_duplicates(Conflict), session.begin_nested():
        session.add(row)


def _audited(row: Service) -> dict[str, object]:
    return {name: getattr(row, name) for name in AUDITED}


def _created(row: Service, secret: str) -> CreatedService:
    return CreatedService(**queries.view(row).model_dump(), callback_secret=secret)
