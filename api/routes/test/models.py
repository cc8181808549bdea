"""Routes of models and their providers."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.database.paging import CountedItems, Page
from core.identity.permissions import Permission, require
from core.providers import catalogue, check
from core.providers.provider_schemas import NewProvider, ProviderChange, ProviderView
from core.providers.queries import configured
from core.providers.schemas import ModelView
from core.providers.service import providers as service

router = APIRouter(tags=["Models"])
callable_models = APIRouter(tags=["Models"])  # for API keys with the scope execute, too


@callable_models.get("/models")
def models(session: SessionDep, actor: ActorDep) -> CountedItems[ModelView]:
    """List the models that can be called."""
    require(actor, Permission.RUN_MODELS)
    items = catalogue.list_models(session)
    return CountedItems(items=items, total_count=len(items))


@callable_models.get("/models/{model_id:path}")
def model(model_id: str, session: SessionDep, actor: ActorDep) -> ModelView:
    """Return one model."""
    require(actor, Permission.RUN_MODELS)
    return catalogue.find_route(session, model_id).model


@router.get("/providers/status")
def status(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[ProviderView]:
    """Return the providers with the results of their last checks."""
    require(actor, Permission.RUN_MODELS)
    return window.page_of(configured.list_providers(session))


@router.get("/admin/providers")
def providers(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[ProviderView]:
    """List the providers, without their keys."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return window.page_of(configured.list_providers(session))


@router.post("/admin/providers", status_code=201, responses=CONFLICT)
def add(new_provider: NewProvider, session: SessionDep, actor: ActorDep) -> ProviderView:
    """Add a provider; its key is encrypted and never shown again."""
    return service.add(session, new_provider, actor=actor)


@router.patch("/admin/providers/{provider_id}", responses=CONFLICT)
def change(
    provider_id: UUID, change: ProviderChange, session: SessionDep, actor: ActorDep
) -> ProviderView:
    """Change a provider; a new address removes the key."""
    return service.change(session, provider_id, change, actor=actor)


@router.delete("/admin/providers/{provider_id}", status_code=204, responses=CONFLICT)
def remove(provider_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a provider and its key."""
    service.remove(session, provider_id, actor=actor)


@router.post("/admin/providers/{provider_id}/test")
def test(provider_id: UUID, actor: ActorDep) -> ProviderView:
    """Ask the provider for its models now."""
    return check.check_row_as(provider_id, actor=actor)
