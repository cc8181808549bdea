"""The review queue: list, claim, release, skip and complete items."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel
from pydantic.config import JsonDict

from api.deps import ActorDep, AiSessionDep, SessionDep, WindowDep
from api.reference import CONFLICT, MISSING
from api.routes.annotations import annotator, decider
from core.annotations import settings
from core.annotations.review_queue import adjudication, leases, queue, sampling_rules
from core.annotations.review_queue import undo as retracting
from core.annotations.review_queue.queue import Counters
from core.annotations.schemas import AnnotationView, AskedFor, BulkBody, BulkDone, ItemState, QueueItemView, ReviewVerdict
from core.annotations.settings import Review
from core.database import settings as stored

router = APIRouter(prefix="/admin/ai/tuning", tags=["Review: queue"], dependencies=[Depends(annotator)])
SAID: JsonDict = {"example": {"annotation_type": "approved"}}


class ItemList(BaseModel):
    """Items of the queue, in the order in which they are lent."""

    items: list[QueueItemView]
    total_count: int
    limit: int
    offset: int


class OpinionList(BaseModel):
    """What the reviewers of an item have said."""

    items: list[AnnotationView]


@router.get("/queue")
def items(
    ai: AiSessionDep,
    actor: ActorDep,
    window: WindowDep,
    state: ItemState = ItemState.WAITING,
    mine: Annotated[bool, Query(description="Only what I hold.")] = False,
) -> ItemList:
    """List what waits and why, without what one has passed; or what waits for a decision, or is done."""
    page = queue.list_items(ai, state, window, actor=actor, is_mine=mine)
    return ItemList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.get("/queue/counters")
def counters(session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> Counters:
    """Return how much waits, since when, and how much of it one has done today."""
    return queue.counters(session, ai, actor=actor)


@router.post("/queue", status_code=201, responses=MISSING | CONFLICT)
def ask_for(given: AskedFor, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> QueueItemView:
    """Put a message into the queue; one that has been there stays as it is."""
    return sampling_rules.ask_for(session, ai, given, actor=actor)


@router.post("/queue/claim", response_model=QueueItemView, responses={204: {"description": "Nothing waits."}})
def claim(
    session: SessionDep,
    ai: AiSessionDep,
    actor: ActorDep,
    resume: Annotated[bool, Query(description="First again what I hold already.")] = False,
) -> QueueItemView | Response:
    """Lend the next item for some minutes, to nobody else meanwhile; 204 when nothing waits."""
    found = leases.claim(ai, stored.read(session, Review), actor=actor, is_resuming=resume)
    return found or Response(status_code=204)


@router.post("/queue/bulk")
def bulk(given: BulkBody, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> BulkDone:
    """Approve or skip a selection; what others have, or have done meanwhile, is left."""
    return queue.act_on_many(ai, given, stored.read(session, Review), actor=actor)


@router.get("/queue/{item_id}")
def item(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> QueueItemView:
    """Return an item."""
    return queue.get_item(ai, item_id, actor=actor)


@router.get("/queue/{item_id}/opinions", dependencies=[Depends(decider)])
def opinions(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> OpinionList:
    """Return what the reviewers of an item have said, for whoever decides between them."""
    return OpinionList(items=adjudication.list_opinions(ai, item_id, actor=actor))


@router.post("/queue/{item_id}/release", status_code=204, responses=CONFLICT)
def release(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Give an item back."""
    leases.release(ai, item_id, actor=actor)


@router.post("/queue/{item_id}/skip", status_code=204, responses=CONFLICT)
def skip(item_id: UUID, ai: AiSessionDep, actor: ActorDep) -> None:
    """Leave an item to others: one does not get it again."""
    leases.skip(ai, item_id, actor=actor)


@router.post("/queue/{item_id}/done", responses=CONFLICT)
def done(
    item_id: UUID,
    ai: AiSessionDep,
    actor: ActorDep,
    verdict: Annotated[ReviewVerdict | None, Body(json_schema_extra=SAID)] = None,
) -> QueueItemView:
    """Be done with an item: with what one says of its message, or, without a body, after it has been annotated."""
    return leases.done(ai, item_id, verdict, actor=actor)


@router.post("/queue/{item_id}/undo", responses=CONFLICT)
def undo(item_id: UUID, session: SessionDep, ai: AiSessionDep, actor: ActorDep) -> QueueItemView:
    """Take back one's own done or skip, as long as nobody has gone on from it; one has the item again."""
    return retracting.take_back(ai, item_id, stored.read(session, Review), actor=actor)


@router.get("/settings")
def review_settings(session: SessionDep, actor: ActorDep) -> Review:
    """Return how this workspace reviews: guidelines, tags, shares, and the time for an item."""
    return settings.read(session, actor=actor)


@router.put("/settings", dependencies=[Depends(decider)])
def change_settings(given: Review, session: SessionDep, actor: ActorDep) -> Review:
    """Change how this workspace reviews; what is left out stays."""
    return settings.change(session, given, actor=actor)
