"""Models that can be called, and their providers."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.database.paging import Window
from core.identity.permissions import Permission, require
from core.providers import catalogue, check, queries, service
from core.providers.schemas import ModelView, NewProvider, ProviderChange, ProviderView

router = APIRouter(tags=["Models"])


class ModelList(BaseModel):
    """Every model that can be called."""

    items: list[ModelView]
    total_count: int


class ProviderList(BaseModel):
    """Providers."""

    items: list[ProviderView]
    total_count: int
    limit: int
    offset: int


@router.get("/models")
def models(session: SessionDep, actor: ActorDep) -> ModelList:
    """List the models that can be called."""
    require(actor, Permission.RUN_MODELS)
    items = catalogue.list_models(session)
    return ModelList(items=items, total_count=len(items))


@router.get("/models/{model_id:path}")
def model(model_id: str, session: SessionDep, actor: ActorDep) -> ModelView:
    """Return one model."""
    require(actor, Permission.RUN_MODELS)
    return catalogue.find_route(session, model_id).model


@router.get("/providers/status")
def status(session: SessionDep, actor: ActorDep, window: WindowDep) -> ProviderList:
    """Say how the providers were when they were last looked at."""
    require(actor, Permission.RUN_MODELS)
    return _page(queries.list_providers(session), window)


@router.get("/admin/providers")
def providers(session: SessionDep, actor: ActorDep, window: WindowDep) -> ProviderList:
    """List the providers, without their keys."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return _page(queries.list_providers(session), window)


@router.post("/admin/providers", status_code=201, responses=CONFLICT)
def add(given: NewProvider, session: SessionDep, actor: ActorDep) -> ProviderView:
    """Add a provider; its key is stored encrypted and never shown again."""
    return service.add(session, given, actor=actor)


@router.patch("/admin/providers/{provider_id}", responses=CONFLICT)
def change(provider_id: UUID, given: ProviderChange, session: SessionDep, actor: ActorDep) -> ProviderView:
    """Change a provider; a new address clears the key."""
    return service.change(session, provider_id, given, actor=actor)


@router.delete("/admin/providers/{provider_id}", status_code=204, responses=CONFLICT)
def remove(provider_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a provider and its key."""
    service.remove(session, provider_id, actor=actor)


@router.post("/admin/providers/{provider_id}/test")
def test(provider_id: UUID, actor: ActorDep) -> ProviderView:
    """Ask the provider what it serves, now."""
    return check.check_row_as(provider_id, actor=actor)


def _page(found: list[ProviderView], window: Window) -> ProviderList:
    return ProviderList(items=window.of(found), total_count=len(found), limit=window.limit, offset=window.offset)
