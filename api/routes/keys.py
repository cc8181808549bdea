"""API keys of programs."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from core.identity import keys
from core.identity.schemas import ApiKeyView, MadeApiKey, NewApiKey

router = APIRouter(prefix="/admin/api-keys", tags=["API keys"])


class KeyList(BaseModel):
    """Keys that are not revoked, the newest first."""

    items: list[ApiKeyView]
    total_count: int
    limit: int
    offset: int


@router.get("")
def list_keys(session: SessionDep, actor: ActorDep, window: WindowDep) -> KeyList:
    """List the keys, without what they are."""
    found = keys.list_keys(session, actor=actor)
    return KeyList(items=window.of(found), total_count=len(found), limit=window.limit, offset=window.offset)


@router.post("", status_code=201)
def make(given: NewApiKey, session: SessionDep, actor: ActorDep) -> MadeApiKey:
    """Make a key; it is shown this once."""
    return keys.make(session, given, actor=actor)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """End a key."""
    keys.revoke(session, key_id, actor=actor)
