"""Undo of the latest action of a reviewer in the queue."""

from uuid import UUID

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.orm import Session

from core.annotations import annotations
from core.annotations.errors import ItemMissing, TooLate
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.review_queue import drafts
from core.annotations.review_queue.leases import lend, of_item
from core.annotations.schemas import AnnotationStatus, ItemOutcome, QueueItemView, ReviewVerdict
from core.annotations.settings import Review
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)


def take_back(ai: Session, id_: UUID, rules: Review, *, actor: Actor) -> QueueItemView:
    """Undo one's own done or skip: what was said of it in the queue is a draft again, and the item is lent again.

    Raises TooLate when somebody has gone on from it.
    """
    require(actor, Permission.ANNOTATE)
    item = ai.execute(select(items).where(items.c.id == id_).with_for_update()).mappings().one_or_none()
    if item is None:
        raise ItemMissing
    mine = (passes.c.item_id == id_) & (passes.c.account_id == actor.id)
    outcome = ai.scalar(delete(passes).where(mine).returning(passes.c.outcome))
    if outcome is None or item["claimed_by"] not in (None, actor.id):
        raise TooLate
    if outcome != ItemOutcome.SKIPPED:
        _unsay(ai, item, actor)
    return lend(ai, id_, rules, actor)


def _unsay(ai: Session, item: RowMapping, actor: Actor) -> None:
    said = list(ai.execute(select(notes).where(of_item(item))).mappings())
    if any(each["admin_user_id"] != actor.id or each["status"] != AnnotationStatus.PENDING for each in said):
        raise TooLate
    for each in said:
        annotations.remove(ai, each["id"], actor=actor)
        drafts.save(ai, each["message_id"], {name: each[name] for name in ReviewVerdict.model_fields}, actor=actor)
    back = {"state": "waiting", "done_at": None, "reviews_done": item["reviews_done"] - 1}
    ai.execute(update(items).where(items.c.id == item["id"]).values(back))
