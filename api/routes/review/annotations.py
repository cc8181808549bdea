"""Routes of annotations: create, list, change, delete, history, drafts and adjudication."""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.reference import CONFLICT, MISSING
from api.routes.review.conversations import reader
from api.watch_parameters import EdgesDep, ExperimentArm, PromptVersion, note_list
from core.annotations.queries import annotation_list, tags
from core.annotations.queries.tags import TagView
from core.annotations.schemas import (
    AdjudicationDecision,
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationOrder,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
    ChangeView,
    NewAnnotation,
)
from core.annotations.service import adjudication, annotations, drafts
from core.annotations.service.drafts import DraftBody, DraftView
from core.conversations.errors import ConversationMissing, MessageMissing
from core.conversations.queries import conversations
from core.database.db import Database, Session, transaction
from core.database.paging import Items, Page, SortCursor, SortedPage, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

COLUMNS = tuple(AnnotationView.model_fields)
Key = Annotated[str | None, Query(max_length=128, description="Ours, or the sender's own.")]


async def annotator(actor: ActorDep) -> None:
    """Raise Forbidden without permission to annotate; core checks again."""
    require(actor, Permission.ANNOTATE)


async def decider(actor: ActorDep) -> None:
    """Raise Forbidden without permission to adjudicate; core checks again."""
    require(actor, Permission.DECIDE_REVIEWS)


router = APIRouter(
    prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(reader)]
)
writes = [Depends(annotator)]


class AnnotationWhole(AnnotationView):
    """An annotation with its changes."""

    changes: list[ChangeView]


def annotation_filter(
    session: SessionDep,
    edges: EdgesDep,
    status: AnnotationStatus | Literal[""] | None = None,
    type: AnnotationType | Literal[""] | None = None,
    severity: AnnotationSeverity | Literal[""] | None = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    author: Annotated[UUID | None, Query(description="The account of the author.")] = None,
    message_id: Key = None,
    conversation_id: Key = None,
    environment: Annotated[str | None, Query(max_length=200)] = None,
    prompt_version: PromptVersion = None,
    experiment_arm: ExperimentArm = None,
    applied_version: Annotated[
        str | None,
        Query(max_length=260, description="`name@7`, or `name` for all versions of a prompt."),
    ] = None,
) -> AnnotationFilter:
    """Return the requested filters; an empty one does not apply."""
    return AnnotationFilter(
        status=AnnotationStatus(status) if status else None,
        type=AnnotationType(type) if type else None,
        severity=AnnotationSeverity(severity) if severity else None,
        tag=tag or None,
        author=author,
        message_id=_message(session, message_id) if message_id else None,
        conversation_id=_conversation(session, conversation_id) if conversation_id else None,
        environment=environment or None,
        prompt_version=prompt_version or None,
        experiment_arm=experiment_arm or None,
        applied_version=applied_version or None,
        start=edges[0],
        end=edges[1],
    )


FilterDep = Annotated[AnnotationFilter, Depends(annotation_filter)]


@router.post("/annotations", status_code=201, dependencies=writes, responses=MISSING | CONFLICT)
def annotate(
    new_annotation: NewAnnotation, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> AnnotationView:
    """Annotate a message; messages of users can only be flagged."""
    return annotations.annotate(session, ai, new_annotation, actor=actor)


@router.get("/annotations", response_model=SortedPage[AnnotationView])
def list_annotations(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    filters: FilterDep,
    window: WindowDep,
    sort: AnnotationOrder = AnnotationOrder.NEWEST_FIRST,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[AnnotationView] | StreamingResponse:
    """List annotations; as CSV, all that match, newest first.

    In a blind review, reviewers see only their own until all are in.
    """
    if format == "csv":
        note_list(session, "annotations", actor, None, **vars(filters))
        return csv_response("annotations", COLUMNS, _all_annotations(filters, actor))
    after = annotation_list.sort_of(sort).read_cursor(cursor) if cursor else None
    return annotation_list.list_annotations(
        ai, filters, window, order=sort, after=after, actor=actor
    )


@router.get("/annotations/{annotation_id}")
def annotation(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> AnnotationWhole:
    """Return an annotation and its changes."""
    view = annotation_list.get_annotation(ai, annotation_id, actor=actor)
    changes = annotation_list.list_changes(ai, annotation_id, actor=actor)
    return AnnotationWhole.model_validate(view.model_dump() | {"changes": changes})


@router.get("/annotations/{annotation_id}/changes")
def annotation_changes(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> Items[ChangeView]:
    """Return the changes of an annotation, oldest first; admins also get those of deleted ones."""
    return Items(items=annotation_list.list_changes(ai, annotation_id, actor=actor))


@router.put("/annotations/{annotation_id}", dependencies=writes, responses=CONFLICT)
def change(
    annotation_id: UUID, change_body: AnnotationChangeBody, ai: AiSessionDep, actor: ActorDep
) -> AnnotationView:
    """Change the given fields: reviewers of their own, admins of any.

    Admins also set the status.
    """
    return annotations.change(ai, annotation_id, change_body, actor=actor)


@router.delete(
    "/annotations/{annotation_id}", status_code=204, dependencies=writes, responses=CONFLICT
)
def remove(annotation_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete an annotation: reviewers their own, admins any."""
    annotations.remove(ai, annotation_id, actor=actor)


@router.post(
    "/annotations/{annotation_id}/adjudicate",
    dependencies=[Depends(decider)],
    status_code=201,
    responses=CONFLICT,
)
def adjudicate(
    annotation_id: UUID, decision: AdjudicationDecision, ai: AiSessionDep, actor: ActorDep
) -> AnnotationView:
    """Decide between reviewers who disagree: this annotation applies, with the given changes.

    Not allowed for one of these reviewers.
    """
    return adjudication.adjudicate(ai, annotation_id, decision, actor=actor)


@router.get("/tags")
def list_tags(
    session: SessionDep, ai: AiSessionDep, actor: ActorDep, window: WindowDep
) -> Page[TagView]:
    """List the tags."""
    all_tags = tags.list_tags(session, ai, actor=actor)
    return window.page_of(all_tags)


@router.get("/drafts/{message_key:path}", dependencies=writes)
def draft(
    message_key: str, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> DraftView | None:
    """Return the caller's draft for a message, or null."""
    message_id, _, _ = conversations.get_place(session, message_key)
    return drafts.read(ai, message_id, actor=actor)


@router.put("/drafts/{message_key:path}", status_code=204, dependencies=writes)
def save_draft(
    message_key: str, draft_body: DraftBody, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> None:
    """Store the caller's draft for a message; others do not see it."""
    message_id, _, _ = conversations.get_place(session, message_key)
    drafts.save(ai, message_id, draft_body.fields, actor=actor, begun_at=draft_body.begun_at)


@router.delete("/drafts/{message_key:path}", status_code=204, dependencies=writes)
def drop_draft(message_key: str, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> None:
    """Delete the caller's draft for a message."""
    message_id, _, _ = conversations.get_place(session, message_key)
    drafts.drop(ai, message_id, actor=actor)


def _message(session: Session, id_text: str) -> UUID:
    try:
        return conversations.get_place(session, id_text)[0]
    except MessageMissing:
        return _key_or_none(id_text)


def _conversation(session: Session, id_text: str) -> UUID:
    try:
        return conversations.get_id(session, id_text)
    except ConversationMissing:
        return _key_or_none(id_text)


def _key_or_none(id_text: str) -> UUID:
    """Return the key of a message or conversation that may be deleted; its annotations remain."""
    try:
        return UUID(id_text)
    except ValueError:
        # Nothing has this key, so that the list is empty
        return UUID(int=0)


def _all_annotations(filters: AnnotationFilter, actor: Actor) -> Iterator[AnnotationView]:
    def read(_core: Session, limit: int, after: SortCursor | None) -> list[AnnotationView]:
        with transaction(Database.AI) as ai:
            return annotation_list.list_annotations(
                ai, filters, Window(limit), actor=actor, after=after, count=False
            ).items

    return rows_after(read, lambda row: (row.created_at, row.id))
