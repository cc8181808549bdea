"""Routes of colleagues' notes on conversations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.deps import ActorDep, SessionDep
from api.reference import MISSING
from api.routes.review.conversations import reader
from core.conversations import service
from core.conversations.notes import MentionView, NewNote, NoteView
from core.conversations.queries import conversations
from core.conversations.queries import notes as queries
from core.database.paging import Items

router = APIRouter(
    prefix="/admin/ai/tuning/notes", tags=["Review: conversations"], dependencies=[Depends(reader)]
)


@router.get("", responses=MISSING)
def notes(
    session: SessionDep,
    actor: ActorDep,
    conversation_id: Annotated[str, Query(min_length=1, max_length=128)],
) -> Items[NoteView]:
    """List the notes on a conversation, oldest first."""
    id_ = conversations.get_id(session, conversation_id)
    return Items(items=queries.list_notes(session, id_, actor=actor))


@router.post("", status_code=201, responses=MISSING)
def add(new_note: NewNote, session: SessionDep, actor: ActorDep) -> NoteView:
    """Add a note; `@` with a full name or an email mentions a colleague."""
    return service.add_note(session, new_note, actor=actor)


@router.get("/mentions")
def mentions(session: SessionDep, actor: ActorDep) -> Items[MentionView]:
    """List the notes that mention the caller, newest first."""
    return Items(items=queries.list_mentions(session, actor=actor))


@router.delete("/{note_id}", status_code=204)
def delete(note_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a note of the caller."""
    service.delete_note(session, note_id, actor=actor)
