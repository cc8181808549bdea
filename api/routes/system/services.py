"""Routes of services, which answer jobs by callback."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.database.paging import Page
from core.services import check, queries, service
from core.services.schemas import CreatedService, NewService, ServiceChange, ServiceView

router = APIRouter(prefix="/admin/services", tags=["Services"])


@router.get("")
def list_services(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[ServiceView]:
    """List services without their secrets, the active one first."""
    return window.page_of(queries.list_services(session, actor=actor))


@router.post("", status_code=201, responses=CONFLICT)
def add(new_service: NewService, session: SessionDep, actor: ActorDep) -> CreatedService:
    """Add a service; `callback_secret` is shown this once. An active one replaces the active one.

    A private address must be in ATTUNE_ALLOW_HOSTS, or on loopback with Attune.
    """
    return service.add(session, new_service, actor=actor)


@router.patch("/{service_id}", responses=CONFLICT)
def change(
    service_id: UUID, change: ServiceChange, session: SessionDep, actor: ActorDep
) -> ServiceView:
    """Change fields of a service. A new address clears the token unless a new one is given."""
    return service.change(session, service_id, change, actor=actor)


@router.post("/{service_id}/test")
def test_service(service_id: UUID, actor: ActorDep) -> ServiceView:
    """Send a test job: `status` says whether the service took it; its callback changes nothing."""
    return check.check_as(service_id, actor=actor)


@router.post("/{service_id}/rotate-secret")
def rotate_secret(service_id: UUID, session: SessionDep, actor: ActorDep) -> CreatedService:
    """Replace the callback secret, shown this once; the old one is accepted for 24 more hours."""
    return service.rotate_secret(session, service_id, actor=actor)


@router.delete("/{service_id}/previous-secret")
def end_previous_secret(service_id: UUID, session: SessionDep, actor: ActorDep) -> ServiceView:
    """Refuse the replaced callback secret from now on, for example when it has leaked."""
    return service.end_previous_secret(session, service_id, actor=actor)


@router.delete("/{service_id}", status_code=204)
def remove(service_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a service with its secrets; its pending jobs fail, its answers are kept."""
    service.remove(session, service_id, actor=actor)
