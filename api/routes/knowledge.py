"""Documents and memories, read by reviewers and changed by admins; and feedback."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_after, rows_by_cursor
from api.reference import CONFLICT
from api.routes.conversations import reader
from api.watch import PeriodDep, WatchedDep, note_list
from core.conversations.opinions import ConversationOpinion
from core.database.db import Database, Session, transaction
from core.database.paging import Cursor, Window
from core.identity.schemas import Actor
from core.knowledge import memory_list
from core.knowledge.answers import (
    DocumentChangeView,
    DocumentFilter,
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
from core.knowledge.documents import document_list, editing, folders
from core.knowledge.documents.bodies import DocumentBody, DocumentChangeBody, FolderBody, FolderReport, Proposal
from core.knowledge.feedback import feedback_figures, feedback_list
from core.knowledge.schemas import DocumentState, MemoryKind
from core.presentation.periods import Period, Watched

MARKS = frozenset({"parts", "truncated"})
DOCUMENT_COLUMNS = tuple(name for name in DocumentSummary.model_fields if name not in MARKS)
MEMORY_COLUMNS = tuple(name for name in MemoryView.model_fields if name not in MARKS)
FEEDBACK_COLUMNS = tuple(name for name in FeedbackView.model_fields if name not in MARKS)
Format = Literal["json", "csv"]
Words = Annotated[str | None, Query(max_length=500, description='Words; "in a row", or, -without.')]
Text = Annotated[str | None, Query(max_length=500)]

router = APIRouter(prefix="/admin/ai/knowledge", tags=["Review: knowledge"], dependencies=[Depends(reader)])


class DocumentList(BaseModel):
    """Documents, the one that changed last first; with `q`, the best match."""

    items: list[DocumentSummary]
    total_count: int
    limit: int
    offset: int


class DocumentChanges(BaseModel):
    """What people changed in a document, the last first."""

    items: list[DocumentChangeView]


class MemoryList(BaseModel):
    """Memories, the latest first."""

    items: list[MemoryView]
    total_count: int
    limit: int
    offset: int


class FeedbackList(BaseModel):
    """Feedback, the latest first."""

    items: list[FeedbackView]
    total_count: int
    limit: int
    offset: int


async def document_filter(
    q: Words = None, scope: Text = None, tag: Text = None, status: DocumentState | Literal[""] | None = None
) -> DocumentFilter:
    """Return which documents are wanted; an empty filter is none."""
    return DocumentFilter(q or None, scope or None, DocumentState(status) if status else None, tag or None)


async def memory_filter(
    q: Words = None,
    user_id: Annotated[str | None, Query(max_length=128, description="Ours, or the sender's own.")] = None,
    kind: MemoryKind | Literal[""] | None = None,
    scope: Text = None,
) -> MemoryFilter:
    """Return which memories are wanted; an empty filter is none."""
    return MemoryFilter(q or None, user_id or None, MemoryKind(kind) if kind else None, scope or None)


async def feedback_filter(
    rating: ConversationOpinion | Literal[""] | None = None,
    q: Annotated[str | None, Query(max_length=500, description="A piece of the comment, or of the edited answer.")] = None,
    has: Literal["comment", "edited_text", ""] | None = None,
) -> FeedbackFilter:
    """Return which feedback is wanted; an empty filter is none."""
    return FeedbackFilter(ConversationOpinion(rating) if rating else None, q or None, has or None)


DocumentsDep = Annotated[DocumentFilter, Depends(document_filter)]
MemoriesDep = Annotated[MemoryFilter, Depends(memory_filter)]
FeedbackDep = Annotated[FeedbackFilter, Depends(feedback_filter)]


@router.get("/documents", response_model=DocumentList)
def documents(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, wanted: DocumentsDep, window: WindowDep, format: Format = "json"
) -> DocumentList | StreamingResponse:
    """List documents, by scope, status and tag, or found by their words."""
    if format == "csv":
        note_list(session, "documents", actor, None, **asdict(wanted))
        return csv_response("documents", DOCUMENT_COLUMNS, _document_cells(wanted, actor))
    page = document_list.list_documents(ai, wanted, window=window, actor=actor)
    return DocumentList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/documents/stats")
def document_stats(ai: AiSessionDep, actor: ActorDep) -> DocumentStats:
    """Return how many documents there are, by scope and by tag."""
    return document_list.document_stats(ai, actor=actor)


@router.post("/documents", status_code=201, responses=CONFLICT)
def create(given: DocumentBody, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Make a document."""
    return editing.create_document(ai, given, actor=actor)


@router.post("/documents/proposals", status_code=201, responses=CONFLICT)
def propose(given: Proposal, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Propose a document: a draft, until an admin publishes it by its status."""
    return editing.propose_document(ai, given, actor=actor)


@router.post("/documents/folder")
def bring_in(given: FolderBody, ai: AiSessionDep, actor: ActorDep) -> FolderReport:
    """Make or change a document for each file of a folder of markdown."""
    return folders.bring_in(ai, given, actor=actor)


@router.get("/document-changes")
def document_changes(
    document: Annotated[str, Query(min_length=1, max_length=500, description="Ours, or the sender's own.")],
    ai: AiSessionDep,
    actor: ActorDep,
) -> DocumentChanges:
    """Return what people changed in a document, the last first; also of one that was deleted."""
    return DocumentChanges(items=document_list.list_changes(ai, document, actor=actor))


@router.get("/documents/{document_key:path}")
def document(document_key: str, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Return a document, whole, with what people changed in it."""
    return document_list.get_document(ai, document_key, actor=actor)


@router.put("/documents/{document_key:path}", responses=CONFLICT)
def change(document_key: str, given: DocumentChangeBody, ai: AiSessionDep, actor: ActorDep) -> DocumentView:
    """Change what is carried; a draft is published by its status."""
    return editing.change_document(ai, document_key, given, actor=actor)


@router.delete("/documents/{document_key:path}", status_code=204)
def delete(document_key: str, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete a document."""
    editing.delete_document(ai, document_key, actor=actor)


@router.get("/memories", response_model=MemoryList)
def memories(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, wanted: MemoriesDep, window: WindowDep, format: Format = "json"
) -> MemoryList | StreamingResponse:
    """List what the assistant remembers, by user, kind and scope, or found by its words."""
    if format == "csv":
        note_list(session, "memories", actor, None, **asdict(wanted))
        return csv_response("memories", MEMORY_COLUMNS, _memory_cells(wanted, actor))
    page = memory_list.list_memories(session, ai, wanted, window=window, actor=actor)
    return MemoryList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/memories/stats")
def memory_stats(ai: AiSessionDep, actor: ActorDep) -> MemoryStats:
    """Return how many memories there are, by kind and by scope."""
    return memory_list.memory_stats(ai, actor=actor)


@router.delete("/memories/{memory_key:path}", status_code=204)
def forget(memory_key: str, ai: AiSessionDep, actor: ActorDep) -> None:
    """Have the assistant's memory forget something."""
    memory_list.delete_memory(ai, memory_key, actor=actor)


@router.get("/feedback", response_model=FeedbackList)
def feedback(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    watched: WatchedDep,
    wanted: FeedbackDep,
    window: WindowDep,
    format: Format = "json",
) -> FeedbackList | StreamingResponse:
    """List what users thought, with the conversation that it is about; `release` is no filter of it."""
    if format == "csv":
        note_list(session, "feedback", actor, watched, period, rating=wanted.rating, q=wanted.q, has=wanted.has)
        return csv_response("feedback", FEEDBACK_COLUMNS, _feedback_cells(wanted, period, watched, actor))
    page = feedback_list.list_feedback(session, ai, wanted, period, watched, window=window, actor=actor)
    return FeedbackList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/feedback/stats")
def feedback_stats(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, period: PeriodDep, watched: WatchedDep, wanted: FeedbackDep
) -> FeedbackStats:
    """Return how many ratings were positive, with Wilson's interval: all together, by day and by model."""
    return feedback_figures.feedback_stats(session, ai, wanted, period, watched, actor=actor)


def _document_cells(wanted: DocumentFilter, actor: Actor) -> Iterator[list[object]]:
    def read(_core: Session, limit: int, after: UUID | None) -> list[DocumentSummary]:
        with transaction(Database.AI) as ai:
            return document_list.list_documents_by_id(ai, wanted, limit=limit, after=after, actor=actor)

    return (cells(each, DOCUMENT_COLUMNS) for each in rows_after(read, lambda each: each.id))


def _memory_cells(wanted: MemoryFilter, actor: Actor) -> Iterator[list[object]]:
    def read(core: Session, limit: int, after: UUID | None, *, whole: bool = False) -> list[MemoryView]:
        with transaction(Database.AI) as ai:
            return memory_list.list_memories_by_id(core, ai, wanted, limit=limit, after=after, whole=whole, actor=actor)

    return (cells(each, MEMORY_COLUMNS) for each in rows_after(read, lambda each: each.id, partial(read, whole=True)))


def _feedback_cells(wanted: FeedbackFilter, period: Period, watched: Watched, actor: Actor) -> Iterator[list[object]]:
    def read(core: Session, limit: int, after: Cursor | None, *, whole: bool = False) -> list[FeedbackView]:
        how: dict[str, Any] = {"window": Window(limit), "after": after, "whole": whole, "actor": actor, "count": False}
        with transaction(Database.AI) as ai:
            return feedback_list.list_feedback(core, ai, wanted, period, watched, **how).items

    return (cells(each, FEEDBACK_COLUMNS) for each in rows_by_cursor(read, partial(read, whole=True)))
