"""Adjudication: a third account decides when reviewers of a message disagree."""

from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from core.annotations.errors import AnnotationMissing, DecidesOwn, ItemMissing, NothingToDecide
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.queries import annotation_list
from core.annotations.queries.annotation_list import DECIDING
from core.annotations.schemas import (
    AnnotationStatus,
    AnnotationView,
    Decision,
    ItemOutcome,
    ItemState,
    NewAnnotation,
    ReviewVerdict,
)
from core.annotations.service import annotations
from core.annotations.service.leases import of_item, snapshot_of
from core.database.db import Database
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock

items, passes, notes = table_of(ReviewItem), table_of(ReviewPass), table_of(Annotation)


def adjudicate(
    ai: Session, annotation_id: UUID, decision: Decision, *, actor: Actor
) -> AnnotationView:
    """Decide between reviewers: this annotation applies, with the decision's changes."""
    require(actor, Permission.DECIDE_REVIEWS)
    chosen = ai.execute(select(notes).where(notes.c.id == annotation_id)).mappings().one_or_none()
    if chosen is None:
        raise AnnotationMissing
    item = (
        ai.execute(select(items).where(items.c.id == chosen["review_item_id"]).with_for_update())
        .mappings()
        .one_or_none()
    )
    if item is None or item["state"] != ItemState.ADJUDICATION:
        raise NothingToDecide
    _check_is_third(ai, item["id"], actor)
    said = {name: chosen[name] for name in ReviewVerdict.model_fields} | decision.model_dump(
        exclude_unset=True, exclude_none=True
    )
    given = NewAnnotation(
        message_id=str(item["message_id"]), **said, status=AnnotationStatus.PENDING
    )
    made = annotations.add(
        ai, snapshot_of(item), given, actor=actor, item_id=item["id"], round_=DECIDING
    )
    ai.execute(
        update(items)
        .where(items.c.id == item["id"])
        .values(state=ItemState.DONE, done_at=clock.now())
    )
    audit.record(
        ai,
        "annotation.decide",
        actor,
        targets={"id": made.id, "chosen_id": annotation_id},
        database=Database.AI,
    )
    return made


def list_opinions(ai: Session, item_id: UUID, *, actor: Actor) -> list[AnnotationView]:
    """Return an item's annotations, oldest first; for reviewers only after all reviews."""
    require(actor, Permission.DECIDE_REVIEWS)
    item = ai.execute(select(items).where(items.c.id == item_id)).mappings().one_or_none()
    if item is None:
        raise ItemMissing
    wanted = (
        select(notes)
        .where(of_item(item), annotation_list.seen_by(actor))
        .order_by(notes.c.round, notes.c.created_at, notes.c.id)
    )
    return [AnnotationView.model_validate(dict(row)) for row in ai.execute(wanted).mappings()]


def _check_is_third(ai: Session, item_id: UUID, actor: Actor) -> None:
    reviewed = (
        (passes.c.item_id == item_id)
        & (passes.c.account_id == actor.id)
        & (passes.c.outcome != ItemOutcome.SKIPPED)
    )
    if ai.scalar(select(exists().where(reviewed))):
        raise DecidesOwn
