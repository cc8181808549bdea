"""Routes of documents, read by reviewers and changed by admins."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.reference import CONFLICT, MISSING
from api.routes.review.conversations import reader
from api.watch_parameters import note_list
from core.conversations.queries import conversations
from core.database.db import Database, Session, transaction
from core.database.paging import LARGEST_PAGE, CursorRefused, Page, SortedPage, Window
from core.errors import NotFound
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
from core.knowledge.schemas import DocumentState
from core.knowledge.views import (
    DocumentChangeView,
    DocumentFilter,
    DocumentOrder,
    DocumentStats,
    DocumentSummary,
    DocumentView,
)

DOCUMENT_COLUMNS = tuple(name for name in DocumentSummary.model_fields if name != "parts")
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


DocumentsDep = Annotated[DocumentFilter, Depends(document_filter)]


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


@router.post("/documents/proposals", status_code=201, responses=MISSING | CONFLICT)
def propose(
    proposal: Proposal, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> DocumentView:
    """Propose a document: a draft, until an admin publishes it by changing its status."""
    message = _key(proposal.message_id, lambda it: conversations.get_place(session, it)[0])
    conversation = _key(proposal.conversation_id, lambda it: conversations.get_id(session, it))
    keys = {"message_id": message, "conversation_id": conversation}
    return document_service.propose_document(ai, proposal.model_copy(update=keys), actor=actor)


def _key(given: UUID | str | None, find: Callable[[str], UUID]) -> UUID | None:
    if given is None:
        return None
    try:
        return find(str(given))
    except NotFound:
        if isinstance(given, UUID):
            return given  # Attune's, of what is no longer stored
        raise


@router.post("/documents/folder")
def bring_in(folder: FolderBody, ai: AiSessionDep, actor: ActorDep) -> FolderReport:
    """Create or change a document for each Markdown file of a folder."""
    return folders.bring_in(ai, folder, actor=actor)


# Not below /documents, where a path with "changes" at its end could be an ID
@router.get("/document-changes")
def document_changes(
    document: Annotated[
        str, Query(min_length=1, max_length=500, description="Ours, or the sender's own.")
    ],
    ai: AiSessionDep,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Page[DocumentChangeView]:
    """Return the changes that people made to a document, newest first; also of a deleted one."""
    return document_queries.list_changes(ai, document, Window(limit, offset), actor=actor)


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


def _all_documents(filters: DocumentFilter, actor: Actor) -> Iterator[DocumentSummary]:
    def read(_core: Session, limit: int, after: UUID | None) -> list[DocumentSummary]:
        with transaction(Database.AI) as ai:
            return document_queries.list_documents_by_id(
                ai, filters, limit=limit, after=after, actor=actor
            )

    return rows_after(read, lambda row: row.id)
