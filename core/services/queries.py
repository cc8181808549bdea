"""Read services; secrets only for calls and signatures."""

from collections.abc import Callable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock, crypto
from core.services.errors import ServiceMissing
from core.services.models import Service
from core.services.schemas import (
    ActiveService,
    ServiceConnection,
    ServiceStatus,
    ServiceView,
    VerifiedService,
)

TOKEN, SECRET = "services.token", "services.callback_secret"


def list_services(session: Session, *, actor: Actor) -> list[ServiceView]:
    """Return all services, the active one first, then by name; raise Forbidden."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return list_all(session)


def list_all(session: Session) -> list[ServiceView]:
    """Return all services to choose from, the active one first, then by name."""
    rows = select(Service).order_by(Service.is_active.desc(), Service.name, Service.id)
    return [view(row) for row in session.scalars(rows)]


def find_service(session: Session, service_id: UUID | None) -> ServiceView | None:
    """Return a service without locking it, or None."""
    row = session.get(Service, service_id) if service_id else None
    return view(row) if row else None


def get_service(session: Session, service_id: UUID) -> ServiceView:
    """Return a service without locking it; raise ServiceMissing."""
    found = find_service(session, service_id)
    if found is None:
        raise ServiceMissing
    return found


def get_row(session: Session, service_id: UUID) -> Service:
    """Return a row, locked until the transaction ends; raise ServiceMissing."""
    row = session.get(Service, service_id, with_for_update=True)
    if row is None:
        raise ServiceMissing
    return row


def get_active(session: Session, *, actor: Actor) -> ActiveService:
    """Return the service that answers in the playground; raise Forbidden or ServiceMissing."""
    require(actor, Permission.RUN_MODELS)
    row = find_active(session)
    if row is None:
        raise ServiceMissing
    return ActiveService(
        service_name=row.name,
        chat_url=row.chat_url,
        upload_url=row.upload_url,
        is_active=row.is_active,
        has_valid_token=row.has_valid_token,
        updated_at=row.updated_at,
    )


def find_active(session: Session) -> ServiceView | None:
    """Return the active service, or None."""
    row = session.scalar(select(Service).where(Service.is_active))
    return view(row) if row else None


def find_pending(session: Session, execution_id: UUID) -> tuple[Execution, Service] | None:
    """Return a pending execution with its service, or None when it has ended."""
    query = (
        select(Execution, Service)
        .join(Service, Service.id == Execution.service_id)
        .where(Execution.id == execution_id, Execution.status == ExecutionStatus.PENDING)
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def find_signer(session: Session, has_signed: Callable[[str], bool]) -> VerifiedService | None:
    """Return the service for whose secret `has_signed` is true, or None."""
    # A callback does not name its service: the secret that has signed it does
    for row in session.scalars(select(Service).order_by(Service.is_active.desc())):
        if any(has_signed(secret) for secret in _secrets(row)):
            return VerifiedService(row.id, row.production)
    return None


def _secrets(row: Service) -> Iterator[str]:
    """Yield the secrets that callbacks may be signed with now."""
    keyring = crypto.keyring()
    yield keyring.open(row.callback_secret, column=SECRET, row=row.id)
    if row.previous_secret is not None and _has_previous(row):
        yield keyring.open(row.previous_secret, column=SECRET, row=row.id)


def _has_previous(row: Service) -> bool:
    until = row.previous_secret_until
    return until is not None and clock.now() < until


def connection(row: Service) -> ServiceConnection:
    """Return where jobs of a service are sent, with its token."""
    token = crypto.keyring().open(row.token, column=TOKEN, row=row.id) if row.token else None
    return ServiceConnection(row.id, row.name, row.chat_url, token, row.upload_url)


def view(row: Service) -> ServiceView:
    status = ServiceStatus(row.status)
    return ServiceView(
        id=row.id,
        name=row.name,
        chat_url=row.chat_url,
        upload_url=row.upload_url,
        is_active=row.is_active,
        production=row.production,
        has_valid_token=row.token is not None and status is not ServiceStatus.UNAUTHORIZED,
        status=status,
        status_detail=row.status_detail,
        checked_at=row.checked_at,
        last_callback_at=row.last_callback_at,
        previous_secret_until=row.previous_secret_until if _has_previous(row) else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
