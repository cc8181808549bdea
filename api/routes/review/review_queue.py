"""Routes of the review queue: list, claim, release, skip and complete items."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic.config import JsonDict

from api.deps import ActorDep, AiSessionDep, CursorText, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_after
from api.reference import CONFLICT, MISSING
from api.routes.review.annotations import annotator, decider
from api.watch_parameters import note_list
from core.annotations import settings
from core.annotations.queries import review_items
from core.annotations.queries.review_items import QueueCounts
from core.annotations.schemas import (
    AnnotationView,
    BulkBody,
    BulkDone,
    ItemState,
    QueueItemView,
    ReviewRequest,
    ReviewVerdict,
)
from core.annotations.service import adjudication, enqueue, leases, review_outcomes
from core.annotations.service.adjudication import ItemDecision
from core.annotations.settings import ReviewSettings
from core.database import settings as stored
from core.database.db import Database, Session, transaction
from core.database.paging import Items, SortedPage
from core.identity.schemas import Actor

router = APIRouter(
    prefix="/admin/ai/tuning", tags=["Review: queue"], dependencies=[Depends(annotator)]
)
COLUMNS = tuple(QueueItemView.model_fields)
VERDICT_EXAMPLE: JsonDict = {"example": {"annotation_type": "approved"}}


@router.get("/queue", response_model=SortedPage[QueueItemView])
def items(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    window: WindowDep,
    state: ItemState = ItemState.WAITING,
    mine: Annotated[bool, Query(description="Only items leased to the caller.")] = False,
    cursor: CursorText = None,
    format: Format = "json",
) -> SortedPage[QueueItemView] | StreamingResponse:
    """List items: waiting (without those that the caller skipped), to adjudicate, or done; as CSV,
    all of them.
    """
    if format == "csv":
        note_list(session, "queue", actor, None, state=state, mine=mine)
        return csv_response("review-queue", COLUMNS, _all_items(state, actor, is_mine=mine))
    after = review_items.sort_of(state).read_cursor(cursor) if cursor else None
    return review_items.list_items(ai, state, window, after=after, actor=actor, is_mine=mine)


@router.get("/queue/counters")
def counters(session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> QueueCounts:
    """Return how many items wait, since when, how many of them the caller can get, and how many
    the caller completed today.
    """
    return review_items.counters(session, ai, actor=actor)


@router.post("/queue", status_code=201, responses=MISSING | CONFLICT)
def ask_for(
    request: ReviewRequest, session: SessionDep, ai: AiSessionDep, actor: ActorDep
) -> QueueItemView:
    """Add a message to the queue; one that waits there moves up, a reviewed one stays unchanged."""
    return enqueue.request_review(session, ai, request, actor=actor)


@router.post(
    "/queue/claim",
    response_model=QueueItemView,
    responses={204: {"description": "The queue is empty."}},
)
def claim(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    resume: Annotated[
        bool, Query(description="Return an item that is already leased to the caller first.")
    ] = False,
) -> QueueItemView | Response:
    """Lease the next item to the caller for some minutes; 204 when the queue is empty."""
    item = leases.lease_next(
        ai, stored.read(session, ReviewSettings), actor=actor, is_resuming=resume
    )
    return item or Response(status_code=204)


@router.post("/queue/bulk")
def bulk(selection: BulkBody, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> BulkDone:
    """Approve or skip several items, except those that are done or leased to others."""
    return review_outcomes.act_on_many(
        ai, selection, stored.read(session, ReviewSettings), actor=actor
    )


@router.get("/queue/{item_id}")
def item(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> QueueItemView:
    """Return an item."""
    return review_items.get_item(ai, item_id, actor=actor)


@router.get("/queue/{item_id}/opinions", dependencies=[Depends(decider)])
def opinions(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> Items[AnnotationView]:
    """Return the annotations of an item's reviewers, for adjudication."""
    return Items(items=adjudication.list_opinions(ai, item_id, actor=actor))


@router.post("/queue/{item_id}/adjudicate", dependencies=[Depends(decider)], responses=CONFLICT)
def adjudicate_item(
    item_id: UUID, decision: ItemDecision, ai: AiSessionDep, actor: ActorDep
) -> QueueItemView:
    """Decide between reviewers who disagree: by a verdict of the caller's own, or, with null, that
    neither annotation applies.

    To accept one of them, see `POST annotations/{id}/adjudicate`.
    """
    return adjudication.decide(ai, item_id, decision, actor=actor)


@router.post("/queue/{item_id}/release", status_code=204, responses=CONFLICT)
def release(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Give up the lease of an item."""
    leases.release(ai, item_id, actor=actor)


@router.post("/queue/{item_id}/skip", status_code=204, responses=CONFLICT)
def skip(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Leave an item to others; the caller does not get it again."""
    review_outcomes.skip_item(ai, item_id, actor=actor)


@router.post("/queue/{item_id}/done", responses=CONFLICT)
def done(
    item_id: UUID,
    ai: AiSessionDep,
    actor: ActorDep,
    verdict: Annotated[ReviewVerdict | None, Body(json_schema_extra=VERDICT_EXAMPLE)] = None,
) -> QueueItemView:
    """Complete an item, with a verdict, or without a body after it was annotated."""
    return review_outcomes.complete(ai, item_id, verdict, actor=actor)


@router.post("/queue/{item_id}/undo", responses=CONFLICT)
def undo(item_id: UUID, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> QueueItemView:
    """Undo the caller's completion or skip, and lease the item to the caller again; or the caller's
    adjudication, and have it wait for one again.
    """
    return review_outcomes.take_back(ai, item_id, stored.read(session, ReviewSettings), actor=actor)


@router.get("/settings")
def review_settings(session: SessionDep, actor: ActorDep) -> ReviewSettings:
    """Return the review settings: guidelines, tags, sample shares and lease time."""
    return settings.read(session, actor=actor)


@router.put("/settings", dependencies=[Depends(decider)])
def change_settings(
    changes: ReviewSettings, session: SessionDep, actor: ActorDep
) -> ReviewSettings:
    """Change the review settings; fields that are left out stay."""
    return settings.change(session, changes, actor=actor)


def _all_items(state: ItemState, actor: Actor, *, is_mine: bool) -> Iterator[QueueItemView]:
    def read(_core: Session, limit: int, after: UUID | None) -> list[QueueItemView]:
        with transaction(Database.AI) as ai:
            return review_items.list_items_by_id(
                ai, state, limit=limit, after=after, actor=actor, is_mine=is_mine
            )

    return rows_after(read, lambda row: row.id)
