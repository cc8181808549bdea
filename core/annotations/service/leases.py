"""Leases: an item of the queue is assigned to one reviewer at a time, until the lease expires."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, select, text, update
from sqlalchemy.orm import Session

from core.annotations.errors import ItemMissing, NotLeased
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.schemas import ItemState, QueueItemView
from core.annotations.service.snapshots import COLUMNS
from core.annotations.settings import ReviewSettings
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)

# Rows locked by others are skipped. After waiting for a lock the row is read again, and the next
# one used if it is taken.
LEASE_NEXT = text("""
with next as materialized (
    select id from review_items as item
    where state = 'waiting' and (claimed_until is null or claimed_until <= :now)
        and not exists (select from review_passes as passed where passed.item_id = item.id
            and passed.account_id = :account)
        and item.id <> all(cast(:besides as uuid[]))
    order by priority desc, message_at, id limit 1 for update of item skip locked
)
update review_items as item set claimed_by = :account, claimed_until = :until
from next where item.id = next.id returning item.*""")
RESUME = text("""
update review_items as item set claimed_until = :until where id = (
    select id from review_items where claimed_by = :account and claimed_until > :now
        and state = 'waiting'
    order by claimed_until, id limit 1 for update skip locked)
returning item.*""")
# Two tabs of a reviewer would both find nothing to resume, and lease an item each
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:account, 0))")


def lease_next(
    ai: Session,
    rules: ReviewSettings,
    *,
    actor: Actor,
    is_resuming: bool = False,
    besides: Sequence[UUID] = (),
) -> QueueItemView | None:
    """Lease the next waiting item, or return None; with `is_resuming`, an item that the actor
    already has comes first.

    Items in `besides` were set aside by the actor, and are not returned.
    """
    require(actor, Permission.ANNOTATE)
    ai.execute(ONE_AT_A_TIME, {"account": str(actor.id)})
    now = clock.now()
    given = {
        "account": actor.id,
        "now": now,
        "until": now + timedelta(minutes=rules.lease_minutes),
        "besides": list(besides),
    }
    row = ai.execute(RESUME, given).mappings().first() if is_resuming else None
    row = row or ai.execute(LEASE_NEXT, given).mappings().first()
    return None if row is None else QueueItemView.model_validate(dict(row))


def lease_item(ai: Session, id_: UUID, rules: ReviewSettings, *, actor: Actor) -> QueueItemView:
    """Lease an item; raise NotLeased if the actor has completed or skipped it before."""
    require(actor, Permission.ANNOTATE)
    # Locked first, so that what another tab of the reviewer has just completed is seen
    ai.execute(select(items.c.id).where(items.c.id == id_).with_for_update())
    if ai.scalar(select(exists().where(passes.c.item_id == id_, passes.c.account_id == actor.id))):
        raise NotLeased
    return lease(ai, id_, rules, actor)


def lease(ai: Session, id_: UUID, rules: ReviewSettings, actor: Actor) -> QueueItemView:
    """Lease an item, also one that the actor completed or skipped; raise NotLeased."""
    now = clock.now()
    columns = items.c
    is_free = (
        columns.claimed_until.is_(None)
        | (columns.claimed_until <= now)
        | (columns.claimed_by == actor.id)
    )
    wanted = update(items).where(columns.id == id_, columns.state == ItemState.WAITING, is_free)
    values = {"claimed_by": actor.id, "claimed_until": now + timedelta(minutes=rules.lease_minutes)}
    row = ai.execute(wanted.values(values).returning(items)).mappings().one_or_none()
    if row is None:
        raise NotLeased
    return QueueItemView.model_validate(dict(row))


def release(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """End the lease of an item, for others or for later."""
    get_leased(ai, id_, actor)
    ai.execute(update(items).where(items.c.id == id_).values(claimed_by=None, claimed_until=None))


def get_leased(ai: Session, id_: UUID, actor: Actor) -> RowMapping:
    """Return and lock an item leased to the actor; raise ItemMissing or NotLeased.

    An expired lease still counts until another reviewer gets the item.
    """
    require(actor, Permission.ANNOTATE)
    row = (
        ai.execute(select(items).where(items.c.id == id_).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise ItemMissing
    if row["claimed_by"] != actor.id or row["state"] != ItemState.WAITING:
        raise NotLeased
    return row


def snapshot_of(item: RowMapping) -> dict[str, Any]:
    """Return an item's snapshot of its message, for an annotation."""
    return {name: item[name] for name in (*COLUMNS, "message_id", "conversation_id")}


def of_item(item: RowMapping) -> ColumnElement[bool]:
    """Return the condition for annotations of an item's review; it uses the message index."""
    return and_(notes.c.message_id == item["message_id"], notes.c.review_item_id == item["id"])
