"""Routes of API keys."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep, WindowDep
from core.database.paging import Page
from core.identity.schemas import ApiKeyView, CreatedApiKey, NewApiKey
from core.identity.service import api_keys

router = APIRouter(prefix="/admin/api-keys", tags=["API keys"])


@router.get("")
def list_keys(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[ApiKeyView]:
    """List the keys, without their secrets."""
    all_keys = api_keys.list_keys(session, actor=actor)
    return window.page_of(all_keys)


@router.post("", status_code=201)
def create(new_key: NewApiKey, session: SessionDep, actor: ActorDep) -> CreatedApiKey:
    """Create a key; its secret is only in this response."""
    return api_keys.create(session, new_key, actor=actor)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Revoke a key."""
    api_keys.revoke(session, key_id, actor=actor)
