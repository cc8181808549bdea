"""Complete, skip and take back review items."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.annotations.errors import ItemMissing, NotAnnotated, UndoTooLate
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.queries.annotation_list import SECOND
from core.annotations.schemas import (
    AnnotationType,
    BulkAction,
    BulkBody,
    BulkDone,
    ItemOutcome,
    ItemState,
    NewAnnotation,
    QueueItemView,
    ReviewVerdict,
)
from core.annotations.service import adjudication, annotations, leases
from core.annotations.settings import ReviewSettings
from core.database.tables import table_of
from core.errors import Failure
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)


def skip_item(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """Leave a leased item to others: it is not leased to the same reviewer again."""
    leases.get_leased(ai, id_, actor)
    _pass(ai, id_, ItemOutcome.SKIPPED, actor)
    ai.execute(update(items).where(items.c.id == id_).values(claimed_by=None, claimed_until=None))


def complete(
    ai: Session, id_: UUID, verdict: ReviewVerdict | None = None, *, actor: Actor
) -> QueueItemView:
    """Complete a leased item with a verdict, or with the annotation that the actor has already made
    in this round; raise NotAnnotated when there is none.
    """
    item = leases.get_leased(ai, id_, actor)
    if verdict is not None:
        given = NewAnnotation(message_id=str(item["message_id"]), **verdict.model_dump())
        annotations.add(
            ai,
            leases.snapshot_of(item),
            given,
            actor=actor,
            item_id=id_,
            round_=_next_round(item),
        )
    said = _verdict_on(ai, item, actor)
    if said is None:
        raise NotAnnotated
    is_approved = said == AnnotationType.APPROVED
    _pass(ai, id_, ItemOutcome.APPROVED if is_approved else ItemOutcome.DONE, actor)
    change = update(items).where(items.c.id == id_).values(_after(ai, item)).returning(items)
    return QueueItemView.model_validate(dict(ai.execute(change).mappings().one()))


def take_back(ai: Session, id_: UUID, rules: ReviewSettings, *, actor: Actor) -> QueueItemView:
    """Undo the actor's completion, skip or adjudication: the annotation becomes a draft again, and
    the item is leased to the actor, or to adjudicate again.

    Raises UndoTooLate when another reviewer has acted on it since.
    """
    require(actor, Permission.ANNOTATE)
    found = ai.execute(select(items).where(items.c.id == id_).with_for_update())
    item = found.mappings().one_or_none()
    if item is None:
        raise ItemMissing
    if item["decided_by"] == actor.id:
        return adjudication.take_back(ai, item, actor=actor)
    mine = (passes.c.item_id == id_) & (passes.c.account_id == actor.id)
    gone = delete(passes).where(mine).returning(passes.c.outcome, passes.c.at)
    own = ai.execute(gone).one_or_none()
    if own is None or item["claimed_by"] not in (None, actor.id):
        raise UndoTooLate
    if own.outcome != ItemOutcome.SKIPPED:
        if item["decided_by"] is not None or _is_reviewed_since(ai, id_, own.at):
            raise UndoTooLate
        _unsay(ai, item, actor)
    return leases.lease(ai, id_, rules, actor)


def act_on_many(ai: Session, body: BulkBody, rules: ReviewSettings, *, actor: Actor) -> BulkDone:
    """Approve or skip several items, except those leased to others or done."""
    require(actor, Permission.ANNOTATE)
    acts: dict[BulkAction, Callable[[UUID], object]] = {
        BulkAction.APPROVE: lambda id_: complete(
            ai, id_, ReviewVerdict(annotation_type=AnnotationType.APPROVED), actor=actor
        ),
        BulkAction.SKIP: lambda id_: skip_item(ai, id_, actor=actor),
    }
    done, left = [], []
    for id_ in sorted(set(body.ids)):  # in a fixed order, so that concurrent calls cannot deadlock
        try:
            # A savepoint, so that a refused item does not undo those before it
            with ai.begin_nested():
                leases.lease_item(ai, id_, rules, actor=actor)
                acts[body.action](id_)
            done.append(id_)
        except Failure:
            left.append(id_)
    return BulkDone(done=done, left=left)


def _verdict_on(ai: Session, item: RowMapping, actor: Actor) -> str | None:
    """Return the type of the actor's latest annotation, and assign it to this review."""
    mine = (notes.c.message_id == item["message_id"]) & (notes.c.admin_user_id == actor.id)
    last = select(notes.c.id, notes.c.annotation_type, notes.c.review_item_id).where(mine)
    latest = last.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(1)
    found = ai.execute(latest).mappings().first()
    if found is None:
        return None
    if found["review_item_id"] is None:
        joined = {"review_item_id": item["id"], "round": _next_round(item)}
        ai.execute(update(notes).where(notes.c.id == found["id"]).values(joined))
    said: str = found["annotation_type"]
    return said


def _next_round(item: RowMapping) -> int:
    # The third round is the adjudication, also when more than two reviewers are wanted
    number: int = item["reviews_done"] + 1
    return min(number, SECOND)


def _after(ai: Session, item: RowMapping) -> dict[str, Any]:
    """Return an item's columns after a review; differing verdicts need adjudication."""
    number = item["reviews_done"] + 1
    values = {"claimed_by": None, "claimed_until": None, "reviews_done": number}
    if number < item["reviews_wanted"]:
        return values
    said = select(notes.c.annotation_type).where(leases.of_item(item)).distinct()
    if number > 1 and len(ai.execute(said).all()) > 1:
        return values | {"state": ItemState.ADJUDICATION}
    return values | {"state": ItemState.DONE, "done_at": clock.now()}


def _pass(ai: Session, id_: UUID, outcome: ItemOutcome, actor: Actor) -> None:
    row = {"item_id": id_, "account_id": actor.id}
    fresh = {"outcome": outcome, "at": clock.now()}
    ai.execute(
        insert(passes)
        .values(row | fresh)
        .on_conflict_do_update(index_elements=list(row), set_=fresh)
    )


def _is_reviewed_since(ai: Session, id_: UUID, at: datetime) -> bool:
    # Only later reviews count: the one before is no reason that the last can't be taken back
    reviewed = passes.c.outcome != ItemOutcome.SKIPPED
    later = exists().where(passes.c.item_id == id_, passes.c.at > at, reviewed)
    return bool(ai.scalar(select(later)))


def _unsay(ai: Session, item: RowMapping, actor: Actor) -> None:
    own = select(notes).where(leases.of_item(item), notes.c.admin_user_id == actor.id)
    annotations.turn_into_drafts(ai, ai.execute(own).mappings().all(), actor=actor)
    back = {"state": "waiting", "done_at": None, "reviews_done": item["reviews_done"] - 1}
    ai.execute(update(items).where(items.c.id == item["id"]).values(back))
