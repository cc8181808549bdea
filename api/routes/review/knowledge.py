"""Routes of documents and memories, read by reviewers and changed by admins; and of feedback."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import csv_response, rows_after, rows_by_cursor
from api.reference import CONFLICT
from api.routes.review.conversations import reader
from api.watch_parameters import PeriodDep, WatchedDep, note_list
from core.conversations.opinions import ConversationOpinion
from core.database.db import Database, Session, transaction
from core.database.paging import Cursor, CursorRefused, Items, SortedPage, Window
from core.identity.schemas import Actor
from core.knowledge.documents import folders
from core.knowledge.documents import queries as document_queries
from core.knowledge.documents import service as document_service
from core.knowledge.documents.schemas import (
    DocumentBody,
    DocumentChangeBody,
    FolderBody,
    FolderReport,
    Proposal,
)
from core.knowledge.feedback.queries import feedback_figures, feedback_list
from core.knowledge.memories import queries as memory_queries
from core.knowledge.memories import service as memory_service
from core.knowledge.schemas import DocumentState, MemoryKind
from core.knowledge.views import (
    DocumentChangeView,
    DocumentFilter,
    DocumentOrder,
    DocumentStats,
    DocumentSummary,
    DocumentView,
    FeedbackFilter,
    FeedbackStats,
    FeedbackView,
    MemoryFilter,
    MemoryStats,
    MemoryView,
)
from core.presentation.periods import Period, Watched

NOT_IN_CSV = frozenset({"parts", "truncated"})
DOCUMENT_COLUMNS = tuple(name for name in DocumentSummary.model_fields if name not in NOT_IN_CSV)
MEMORY_COLUMNS = tuple(name for name in MemoryView.model_fields if name not in NOT_IN_CSV)
FEEDBACK_COLUMNS = tuple(name for name in FeedbackView.model_fields if name not in NOT_IN_CSV)
Format = Literal["json", "csv"]
SearchText = Annotated[
    str | None, Query(max_length=500, description='Words; "in a row", or, -without.')
]
Text = Annotated[str | None, Query(max_length=500)]

router = APIRouter(
    prefix="/admin/ai/knowledge", tags=["Review: knowledge"], dependencies=[Depends(reader)]
)


async def document_filter(
    q: SearchText = None,
    scope: Text = None,
    tag: Text = None,
    status: DocumentState | Literal[""] | None = None,
) -> DocumentFilter:
    """Return the requested filters; an empty one does not apply."""
    return DocumentFilter(
        q or None, scope or None, DocumentState(status) if status else None, tag or None
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


async def feedback_filter(
    rating: ConversationOpinion | Literal[""] | None = None,
    q: Annotated[
        str | None,
        Query(max_length=500, description="A part of the comment, or of the edited answer."),
    ] = None,
    has: Literal["comment", "edited_text", ""] | None = None,
) -> FeedbackFilter:
    """Return the requested filters; an empty one does not apply."""
    return FeedbackFilter(ConversationOpinion(rating) if rating else None, q or None, has or None)


DocumentsDep = Annotated[DocumentFilter, Depends(document_filter)]
MemoriesDep = Annotated[MemoryFilter, Depends(memory_filter)]
FeedbackDep = Annotated[FeedbackFilter, Depends(feedback_filter)]


@router.get("/documents", response_model=SortedPage[DocumentSummary])
def documents(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    filters: DocumentsDep,
    window: WindowDep,
    sort: DocumentOrder | None = None,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[DocumentSummary] | StreamingResponse:
    """List documents, filtered by scope, status and tag, or by a search.

    Without `sort`, the best match of a search is first (and there is no cursor), else the latest
    change. The CSV is by ID.
    """
    if format == "csv":
        note_list(session, "documents", actor, None, **asdict(filters))
        return csv_response("documents", DOCUMENT_COLUMNS, _all_documents(filters, actor))
    order = sort or (None if filters.q else DocumentOrder.LATEST_FIRST)
    if cursor and order is None:
        raise CursorRefused
    after = document_queries.sort_of(order).read_cursor(cursor) if cursor and order else None
    return document_queries.list_documents(
        ai, filters, order, window=window, after=after, actor=actor
    )


@router.get("/documents/stats")
def document_stats(ai: AiSessionDep, actor: ActorDep) -> DocumentStats:
    """Return the number of documents by scope and by tag."""
    return document_queries.document_stats(ai, actor=actor)


@router.post("/documents", status_code=201, responses=CONFLICT)
def create(new_document: DocumentBody, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Create a document."""
    return document_service.create_document(ai, new_document, actor=actor)


@router.post("/documents/proposals", status_code=201, responses=CONFLICT)
def propose(proposal: Proposal, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Propose a document: a draft, until an admin publishes it by changing its status."""
    return document_service.propose_document(ai, proposal, actor=actor)


@router.post("/documents/folder")
def bring_in(folder: FolderBody, ai: AiSessionDep, actor: ActorDep) -> FolderReport:
    """Create or change a document for each Markdown file of a folder."""
    return folders.bring_in(ai, folder, actor=actor)


@router.get("/document-changes")
def document_changes(
    document: Annotated[
        str, Query(min_length=1, max_length=500, description="Ours, or the sender's own.")
    ],
    ai: AiSessionDep,
    actor: ActorDep,
) -> Items[DocumentChangeView]:
    """Return the changes that people made to a document, newest first; also of a deleted one."""
    return Items(items=document_queries.list_changes(ai, document, actor=actor))


@router.get("/documents/{document_key:path}")
def document(document_key: str, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Return a complete document with the changes that people made."""
    return document_queries.get_document(ai, document_key, actor=actor)


@router.put("/documents/{document_key:path}", responses=CONFLICT)
def change(
    document_key: str, change_body: DocumentChangeBody, ai: AiSessionDep, actor: ActorDep
) -> DocumentView:
    """Change the given fields; changing the status publishes a draft."""
    return document_service.change_document(ai, document_key, change_body, actor=actor)


@router.delete("/documents/{document_key:path}", status_code=204)
def delete(document_key: str, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete a document."""
    document_service.delete_document(ai, document_key, actor=actor)


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


@router.get("/feedback", response_model=SortedPage[FeedbackView])
def feedback(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FeedbackDep,
    window: WindowDep,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[FeedbackView] | StreamingResponse:
    """List feedback with its conversations; the filter `release` does not apply."""
    if format == "csv":
        note_list(session, "feedback", actor, watched, period, **asdict(filters))
        rows = _all_feedback(filters, period, watched, actor)
        return csv_response("feedback", FEEDBACK_COLUMNS, rows)
    after = Cursor.read(cursor) if cursor else None
    return feedback_list.list_feedback(
        session, ai, filters, period, watched, window=window, after=after, actor=actor
    )


@router.get("/feedback/stats")
def feedback_stats(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    filters: FeedbackDep,
) -> FeedbackStats:
    """Return the share of positive ratings with its 95% interval, by day and by model."""
    return feedback_figures.feedback_stats(session, ai, filters, period, watched, actor=actor)


def _all_documents(filters: DocumentFilter, actor: Actor) -> Iterator[DocumentSummary]:
    def read(_core: Session, limit: int, after: UUID | None) -> list[DocumentSummary]:
        with transaction(Database.AI) as ai:
            return document_queries.list_documents_by_id(
                ai, filters, limit=limit, after=after, actor=actor
            )

    return rows_after(read, lambda row: row.id)


def _all_memories(filters: MemoryFilter, actor: Actor) -> Iterator[MemoryView]:
    def read(
        core: Session, limit: int, after: UUID | None, *, whole: bool = False
    ) -> list[MemoryView]:
        with transaction(Database.AI) as ai:
            return memory_queries.list_memories_by_id(
                core, ai, filters, limit=limit, after=after, whole=whole, actor=actor
            )

    return rows_after(read, lambda row: row.id, partial(read, whole=True))


def _all_feedback(
    filters: FeedbackFilter, period: Period, watched: Watched, actor: Actor
) -> Iterator[FeedbackView]:
    def read(
        core: Session, limit: int, after: Cursor | None, *, whole: bool = False
    ) -> list[FeedbackView]:
        arguments: dict[str, Any] = {
            "window": Window(limit),
            "after": after,
            "whole": whole,
            "actor": actor,
            "count": False,
        }
        with transaction(Database.AI) as ai:
            found = feedback_list.list_feedback(core, ai, filters, period, watched, **arguments)
        return found.items

    return rows_by_cursor(read, partial(read, whole=True))
