"""Leases: an item of the queue belongs to one reviewer at a time, until it expires."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.annotations.annotations import add
from core.annotations.errors import ItemMissing, NotAnnotated, NotYours
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.review_queue.snapshots import COLUMNS
from core.annotations.schemas import (
    AnnotationType,
    ItemOutcome,
    ItemState,
    NewAnnotation,
    QueueItemView,
    ReviewVerdict,
)
from core.annotations.settings import Review
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)

# What others hold the lock of is passed over. Whoever waited for one sees it as it is then, and takes the next if it is taken.
TAKE = text("""
with next as materialized (
    select id from review_items as item
    where state = 'waiting' and (claimed_until is null or claimed_until <= :now)
        and not exists (select from review_passes as passed where passed.item_id = item.id and passed.account_id = :account)
        and item.id <> all(cast(:besides as uuid[]))
    order by priority desc, message_at, id limit 1 for update of item skip locked
)
update review_items as item set claimed_by = :account, claimed_until = :until
from next where item.id = next.id returning item.*""")
HELD = text("""
update review_items as item set claimed_until = :until where id = (
    select id from review_items where claimed_by = :account and claimed_until > :now and state = 'waiting'
    order by claimed_until, id limit 1 for update skip locked)
returning item.*""")
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:account, 0))")


def claim(
    ai: Session, rules: Review, *, actor: Actor, is_resuming: bool = False, besides: Sequence[UUID] = ()
) -> QueueItemView | None:
    """Lend the next item that waits, or None; whoever resumes is first given again what he holds already.

    What is in `besides` he has laid aside: it is not what comes next.
    """
    require(actor, Permission.ANNOTATE)
    ai.execute(ONE_AT_A_TIME, {"account": str(actor.id)})
    now = clock.now()
    given = {"account": actor.id, "now": now, "until": now + timedelta(minutes=rules.lease_minutes), "besides": list(besides)}
    row = ai.execute(HELD, given).mappings().first() if is_resuming else None
    row = row or ai.execute(TAKE, given).mappings().first()
    return None if row is None else QueueItemView.model_validate(dict(row))


def claim_one(ai: Session, id_: UUID, rules: Review, *, actor: Actor) -> QueueItemView:
    """Lend this item to a reviewer who has not been done with it; raise NotYours."""
    require(actor, Permission.ANNOTATE)
    if ai.scalar(select(exists().where(passes.c.item_id == id_, passes.c.account_id == actor.id))):
        raise NotYours
    return lend(ai, id_, rules, actor)


def lend(ai: Session, id_: UUID, rules: Review, actor: Actor) -> QueueItemView:
    """Lend one item to a reviewer, whoever has passed it; raise NotYours when somebody else has it, or nobody needs to."""
    now = clock.now()
    columns = items.c
    is_free = columns.claimed_until.is_(None) | (columns.claimed_until <= now) | (columns.claimed_by == actor.id)
    wanted = update(items).where(columns.id == id_, columns.state == ItemState.WAITING, is_free)
    values = {"claimed_by": actor.id, "claimed_until": now + timedelta(minutes=rules.lease_minutes)}
    row = ai.execute(wanted.values(values).returning(items)).mappings().one_or_none()
    if row is None:
        raise NotYours
    return QueueItemView.model_validate(dict(row))


def release(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """Give an item back, for others or for later."""
    held(ai, id_, actor)
    ai.execute(update(items).where(items.c.id == id_).values(claimed_by=None, claimed_until=None))


def skip(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """Leave an item to others: it is not given to the same reviewer again."""
    held(ai, id_, actor)
    _pass(ai, id_, ItemOutcome.SKIPPED, actor)
    ai.execute(update(items).where(items.c.id == id_).values(claimed_by=None, claimed_until=None))


def done(ai: Session, id_: UUID, verdict: ReviewVerdict | None = None, *, actor: Actor) -> QueueItemView:
    """Be done with an item, with what one says of its message; without that, it has been annotated in this round already."""
    item = held(ai, id_, actor)
    if verdict is not None:
        given = NewAnnotation(message_id=str(item["message_id"]), **verdict.model_dump())
        add(ai, snapshot_of(item), given, actor=actor, item_id=id_, round_=item["reviews_done"] + 1)
    said = _said(ai, item, actor)
    if said is None:
        raise NotAnnotated
    _pass(ai, id_, ItemOutcome.APPROVED if said == AnnotationType.APPROVED else ItemOutcome.DONE, actor)
    row = ai.execute(update(items).where(items.c.id == id_).values(_after(ai, item)).returning(items)).mappings().one()
    return QueueItemView.model_validate(dict(row))


def held(ai: Session, id_: UUID, actor: Actor) -> RowMapping:
    """Return and lock an item that this reviewer has; raise ItemMissing or NotYours.

    When his time is over and nobody has taken it, he still has it.
    """
    require(actor, Permission.ANNOTATE)
    row = ai.execute(select(items).where(items.c.id == id_).with_for_update()).mappings().one_or_none()
    if row is None:
        raise ItemMissing
    if row["claimed_by"] != actor.id or row["state"] != ItemState.WAITING:
        raise NotYours
    return row


def snapshot_of(item: RowMapping) -> dict[str, Any]:
    """Return what an item knows of its message, as an annotation takes it over."""
    return {name: item[name] for name in (*COLUMNS, "message_id", "conversation_id")}


def of_item(item: RowMapping) -> ColumnElement[bool]:
    """Return the condition that an annotation was made in the review of an item; those of its message have an index."""
    return and_(notes.c.message_id == item["message_id"], notes.c.review_item_id == item["id"])


def _said(ai: Session, item: RowMapping, actor: Actor) -> str | None:
    """Return the type of what he has said of it; what he said of the message before it was lent to him counts for this review."""
    mine = (notes.c.message_id == item["message_id"]) & (notes.c.admin_user_id == actor.id)
    last = select(notes.c.id, notes.c.annotation_type, notes.c.review_item_id).where(mine)
    found = ai.execute(last.order_by(notes.c.created_at.desc(), notes.c.id.desc()).limit(1)).mappings().first()
    if found is None:
        return None
    if found["review_item_id"] is None:
        joined = {"review_item_id": item["id"], "round": item["reviews_done"] + 1}
        ai.execute(update(notes).where(notes.c.id == found["id"]).values(joined))
    said: str = found["annotation_type"]
    return said


def _after(ai: Session, item: RowMapping) -> dict[str, Any]:
    """Return what becomes of an item after one more review: when all are in and differ, somebody else decides."""
    number = item["reviews_done"] + 1
    values = {"claimed_by": None, "claimed_until": None, "reviews_done": number}
    if number < item["reviews_wanted"]:
        return values
    said = select(notes.c.annotation_type).where(of_item(item)).distinct()
    if number > 1 and len(ai.execute(said).all()) > 1:
        return values | {"state": ItemState.ADJUDICATION}
    return values | {"state": ItemState.DONE, "done_at": clock.now()}


def _pass(ai: Session, id_: UUID, outcome: ItemOutcome, actor: Actor) -> None:
    row = {"item_id": id_, "account_id": actor.id}
    fresh = {"outcome": outcome, "at": clock.now()}
    ai.execute(insert(passes).values(row | fresh).on_conflict_do_update(index_elements=list(row), set_=fresh))
