"""Annotations: create, list, change, delete, history, and the decision between reviewers."""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.exports import cells, csv_response, rows_by_cursor
from api.reference import CONFLICT, MISSING
from api.routes.conversations import reader
from api.watch import EdgesDep, note_list
from core.annotations import annotations, tags
from core.annotations.review_queue import adjudication, drafts
from core.annotations.review_queue.drafts import DraftBody, DraftView
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
    ChangeView,
    Decision,
    NewAnnotation,
)
from core.annotations.tags import TagView
from core.conversations import queries as conversations
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Database, Session, transaction
from core.database.paging import Cursor, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

COLUMNS = tuple(AnnotationView.model_fields)
Key = Annotated[str | None, Query(max_length=128, description="Ours, or the sender's own.")]


async def annotator(actor: ActorDep) -> None:
    """Refuse at the door who does not review; core asks again."""
    require(actor, Permission.ANNOTATE)


async def decider(actor: ActorDep) -> None:
    """Refuse at the door who does not decide between reviewers; core asks again."""
    require(actor, Permission.DECIDE_REVIEWS)


router = APIRouter(prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(reader)])
writes = [Depends(annotator)]


class AnnotationList(BaseModel):
    """Annotations, the newest first."""

    items: list[AnnotationView]
    total_count: int
    limit: int
    offset: int


class AnnotationWhole(AnnotationView):
    """An annotation, and what has been changed of it."""

    changes: list[ChangeView]


class ChangeList(BaseModel):
    """What has been changed of an annotation, the first first; without `after`, it was deleted."""

    items: list[ChangeView]


class TagList(BaseModel):
    """Tags: those that admins offer, then others that annotations have."""

    items: list[TagView]
    total_count: int
    limit: int
    offset: int


def annotation_filter(
    session: SessionDep,
    edges: EdgesDep,
    status: AnnotationStatus | Literal[""] | None = None,
    type: AnnotationType | Literal[""] | None = None,
    severity: AnnotationSeverity | Literal[""] | None = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    author: Annotated[UUID | None, Query(description="An account.")] = None,
    message_id: Key = None,
    conversation_id: Key = None,
    environment: Annotated[str | None, Query(max_length=200)] = None,
) -> AnnotationFilter:
    """Return which annotations are wanted; an empty filter is none."""
    return AnnotationFilter(
        status=AnnotationStatus(status) if status else None,
        type=AnnotationType(type) if type else None,
        severity=AnnotationSeverity(severity) if severity else None,
        tag=tag or None,
        author=author,
        message_id=_message(session, message_id) if message_id else None,
        conversation_id=_conversation(session, conversation_id) if conversation_id else None,
        environment=environment or None,
        start=edges[0],
        end=edges[1],
    )


WantedDep = Annotated[AnnotationFilter, Depends(annotation_filter)]


@router.post("/annotations", status_code=201, dependencies=writes, responses=MISSING | CONFLICT)
def annotate(given: NewAnnotation, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> AnnotationView:
    """Say something of a message; of a user's message, only a flag."""
    return annotations.annotate(session, ai, given, actor=actor)


@router.get("/annotations", response_model=AnnotationList)
def list_annotations(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    wanted: WantedDep,
    window: WindowDep,
    format: Literal["json", "csv"] = "json",
) -> AnnotationList | StreamingResponse:
    """List annotations; as CSV, every one that matches. Of a message that several review, each sees his own until all are in."""
    if format == "csv":
        note_list(session, "annotations", actor, None, **vars(wanted))
        return csv_response("annotations", COLUMNS, _cells(wanted, actor))
    page = annotations.list_annotations(ai, wanted, window, actor=actor)
    return AnnotationList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/annotations/{annotation_id}")
def annotation(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> AnnotationWhole:
    """Return an annotation and its history."""
    found = annotations.get_annotation(ai, annotation_id, actor=actor)
    changes = annotations.list_changes(ai, annotation_id, actor=actor)
    return AnnotationWhole.model_validate(found.model_dump() | {"changes": changes})


@router.get("/annotations/{annotation_id}/changes")
def annotation_changes(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> ChangeList:
    """Return what has been changed of an annotation, the first first; admins see it of a deleted one, too."""
    return ChangeList(items=annotations.list_changes(ai, annotation_id, actor=actor))


@router.put("/annotations/{annotation_id}", dependencies=writes, responses=CONFLICT)
def change(annotation_id: UUID, given: AnnotationChangeBody, ai: AiSessionDep, actor: ActorDep) -> AnnotationView:
    """Change what is given: one's own, or for admins anybody's; admins take it from pending to reviewed to applied."""
    return annotations.change(ai, annotation_id, given, actor=actor)


@router.delete("/annotations/{annotation_id}", status_code=204, dependencies=writes, responses=CONFLICT)
def remove(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete an annotation: one's own, or for admins anybody's."""
    annotations.remove(ai, annotation_id, actor=actor)


@router.post("/annotations/{annotation_id}/adjudicate", dependencies=[Depends(decider)], status_code=201, responses=CONFLICT)
def adjudicate(annotation_id: UUID, given: Decision, ai: AiSessionDep, actor: ActorDep) -> AnnotationView:
    """Decide between reviewers who disagree: this annotation holds, but for what is given. Not by one of them."""
    return adjudication.adjudicate(ai, annotation_id, given, actor=actor)


@router.get("/tags")
def list_tags(session: SessionDep, ai: AiSessionDep, actor: ActorDep, window: WindowDep) -> TagList:
    """List the tags that there are."""
    found = tags.list_tags(session, ai, actor=actor)
    return TagList(items=window.of(found), total_count=len(found), limit=window.limit, offset=window.offset)


@router.get("/drafts/{message_key:path}", dependencies=writes)
def draft(message_key: str, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> DraftView | None:
    """Return one's own draft of a message, or null."""
    message_id, _, _ = conversations.get_place(session, message_key)
    return drafts.read(ai, message_id, actor=actor)


@router.put("/drafts/{message_key:path}", status_code=204, dependencies=writes)
def save_draft(message_key: str, given: DraftBody, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> None:
    """Keep what one has written so far of a message; nobody else sees it."""
    message_id, _, _ = conversations.get_place(session, message_key)
    drafts.save(ai, message_id, given.fields, actor=actor, begun_at=given.begun_at)


@router.delete("/drafts/{message_key:path}", status_code=204, dependencies=writes)
def drop_draft(message_key: str, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> None:
    """Throw one's draft away."""
    message_id, _, _ = conversations.get_place(session, message_key)
    drafts.drop(ai, message_id, actor=actor)


def _message(session: Session, given: str) -> UUID:
    try:
        return conversations.get_place(session, given)[0]
    except MessageMissing:
        return _own_or_none(given)


def _conversation(session: Session, given: str) -> UUID:
    try:
        return conversations.get_id(session, given)
    except ConversationMissing:
        return _own_or_none(given)


def _own_or_none(given: str) -> UUID:
    """Return our id of what may be gone since: its annotations stay."""
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)


def _cells(wanted: AnnotationFilter, actor: Actor) -> Iterator[list[object]]:
    def read(_core: Session, limit: int, after: Cursor | None) -> list[AnnotationView]:
        with transaction(Database.AI) as ai:
            return annotations.list_annotations(ai, wanted, Window(limit), actor=actor, after=after, count=False).items

    return (cells(each, COLUMNS) for each in rows_by_cursor(read))
