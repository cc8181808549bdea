"""Delete memories."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.database.db import Database
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.ingest.external_ids import id_of
from core.knowledge.errors import MemoryMissing
from core.knowledge.memories.queries import memories


def delete_memory(ai: Session, given: str, *, actor: Actor) -> None:
    """Delete a memory; raise MemoryMissing."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    id_ = id_of(ai, memories, "memory", given)
    gone = ai.execute(
        delete(memories).where(memories.c.id == id_).returning(memories.c.user_id, memories.c.kind)
    ).one_or_none()
    if gone is None:
        raise MemoryMissing
    targets = {
        "memory": str(id_),
        "user": str(gone.user_id) if gone.user_id else None,
        "kind": gone.kind,
    }
    audit.record(ai, "memory.delete", actor, targets=targets, database=Database.AI)
