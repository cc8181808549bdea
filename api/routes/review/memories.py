"""Routes of memories: what the assistant remembers of users."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.routes.review.conversations import reader
from api.routes.review.documents import SearchText, Text
from api.watch_parameters import note_list
from core.database.db import Database, Session, transaction
from core.database.paging import SortedPage
from core.identity.schemas import Actor
from core.knowledge.memories import queries as memory_queries
from core.knowledge.memories import service as memory_service
from core.knowledge.schemas import MemoryKind
from core.knowledge.views import (
    MemoryFilter,
    MemoryStats,
    MemoryView,
)

NOT_IN_CSV = frozenset({"parts", "truncated"})
MEMORY_COLUMNS = tuple(name for name in MemoryView.model_fields if name not in NOT_IN_CSV)

router = APIRouter(
    prefix="/admin/ai/knowledge", tags=["Review: knowledge"], dependencies=[Depends(reader)]
)


async def memory_filter(
    q: SearchText = None,
    user_id: Annotated[
        str | None, Query(max_length=128, description="Ours, or the sender's own.")
    ] = None,
    kind: MemoryKind | Literal[""] | None = None,
    scope: Text = None,
) -> MemoryFilter:
    """Return the requested filters; an empty one does not apply."""
    return MemoryFilter(
        q or None, user_id or None, MemoryKind(kind) if kind else None, scope or None
    )


MemoriesDep = Annotated[MemoryFilter, Depends(memory_filter)]


@router.get("/memories", response_model=SortedPage[MemoryView])
def memories(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    filters: MemoriesDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[MemoryView] | StreamingResponse:
    """List the assistant's memories, filtered by user, kind and scope, or by a search."""
    if format == "csv":
        note_list(session, "memories", actor, None, **asdict(filters))
        return csv_response("memories", MEMORY_COLUMNS, _all_memories(filters, actor))
    after = memory_queries.LATEST_FIRST.read_cursor(cursor) if cursor else None
    return memory_queries.list_memories(
        session, ai, filters, window=window, after=after, actor=actor
    )


@router.get("/memories/stats")
def memory_stats(ai: AiSessionDep, actor: ActorDep) -> MemoryStats:
    """Return the number of memories by kind and by scope."""
    return memory_queries.memory_stats(ai, actor=actor)


@router.delete("/memories/{memory_key:path}", status_code=204)
def forget(memory_key: str, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete a memory."""
    memory_service.delete_memory(ai, memory_key, actor=actor)


def _all_memories(filters: MemoryFilter, actor: Actor) -> Iterator[MemoryView]:
    def read(
        core: Session, limit: int, after: UUID | None, *, whole: bool = False
    ) -> list[MemoryView]:
        with transaction(Database.AI) as ai:
            return memory_queries.list_memories_by_id(
                core, ai, filters, limit=limit, after=after, whole=whole, actor=actor
            )

    return rows_after(read, lambda row: row.id, partial(read, whole=True))
