"""Keys of programs."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep
from core.identity import keys
from core.identity.schemas import ApiKeyView, MadeApiKey, NewApiKey

router = APIRouter(prefix="/admin/api-keys", tags=["API keys"])


class KeyList(BaseModel):
    """Every key that is not revoked."""

    items: list[ApiKeyView]
    total_count: int


@router.get("")
def list_keys(session: SessionDep, actor: ActorDep) -> KeyList:
    """List the keys, without what they are."""
    items = keys.list_keys(session, actor=actor)
    return KeyList(items=items, total_count=len(items))


@router.post("", status_code=201)
def make(given: NewApiKey, session: SessionDep, actor: ActorDep) -> MadeApiKey:
    """Make a key; it is shown this once."""
    return keys.make(session, given, actor=actor)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """End a key."""
    keys.revoke(session, key_id, actor=actor)
