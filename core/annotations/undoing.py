"""A reviewer takes back what he did last with an item: it is lent to him again, and what he had said of it is no longer there."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.annotations import annotations
from core.annotations.errors import ItemMissing, NotYours
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.schemas import AnnotationStatus, AnnotationView, ItemState, Outcome, QueueItemView
from core.annotations.settings import Review
from core.errors import Conflict
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.tables import table_of

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)


class CannotUndo(Conflict):
    """Others have gone on from it since: it can no longer be undone. Change the annotation instead."""


def undo(ai: Session, id_: UUID, rules: Review, *, actor: Actor) -> tuple[QueueItemView, AnnotationView | None]:
    """Take back the pass of an item; return the item, which is lent again, and the annotation that is gone.

    Raises ItemMissing, NotYours for what one has not passed, and CannotUndo when others have reviewed or decided since.
    """
    require(actor, Permission.ANNOTATE)
    item = ai.execute(select(items).where(items.c.id == id_).with_for_update()).mappings().one_or_none()
    if item is None:
        raise ItemMissing
    mine = (passes.c.item_id == id_) & (passes.c.account_id == actor.id)
    outcome = ai.scalar(select(passes.c.outcome).where(mine))
    if outcome is None:
        raise NotYours
    now = clock.now()
    if item["claimed_by"] is not None and item["claimed_until"] > now:
        raise CannotUndo
    values = {"claimed_by": actor.id, "claimed_until": now + timedelta(minutes=rules.lease_minutes)}
    removed = None
    if outcome != Outcome.SKIPPED:
        removed = _take_back(ai, item, actor)
        values |= {"state": ItemState.WAITING, "done_at": None, "reviews_done": item["reviews_done"] - 1}
    elif item["state"] != ItemState.WAITING:
        raise CannotUndo
    ai.execute(delete(passes).where(mine))
    row = ai.execute(update(items).where(items.c.id == id_).values(values).returning(items)).mappings().one()
    return QueueItemView.model_validate(dict(row)), removed


def _take_back(ai: Session, item: RowMapping, actor: Actor) -> AnnotationView:
    said = select(notes).where(notes.c.review_item_id == item["id"])
    rows = list(ai.execute(said.order_by(notes.c.round.desc(), notes.c.created_at.desc())).mappings())
    if not rows or rows[0]["admin_user_id"] != actor.id or rows[0]["status"] != AnnotationStatus.PENDING:
        raise CannotUndo
    annotations.remove(ai, rows[0]["id"], actor=actor)
    return AnnotationView.model_validate(dict(rows[0]))
