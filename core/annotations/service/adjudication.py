"""Adjudication: a third account decides when reviewers of a message disagree."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping, exists, select, update
from sqlalchemy.orm import Session

from core.annotations.errors import (
    AdjudicatesOwnReview,
    AnnotationMissing,
    ItemMissing,
    NoDisagreement,
)
from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.queries import annotation_list
from core.annotations.queries.annotation_list import DECIDING
from core.annotations.schemas import (
    AdjudicationDecision,
    AnnotationView,
    ItemOutcome,
    ItemState,
    NewAnnotation,
    QueueItemView,
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


class ItemDecision(BaseModel):
    """An adjudication that accepts no reviewer's annotation."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"verdict": {"annotation_type": "approved"}}}
    )

    verdict: ReviewVerdict | None = Field(
        description="The adjudicator's own verdict; null: no verdict on the message holds."
    )


def adjudicate(
    ai: Session, annotation_id: UUID, decision: AdjudicationDecision, *, actor: Actor
) -> AnnotationView:
    """Decide between reviewers: this annotation applies, with the decision's changes."""
    require(actor, Permission.DECIDE_REVIEWS)
    chosen = ai.execute(select(notes).where(notes.c.id == annotation_id)).mappings().one_or_none()
    if chosen is None:
        raise AnnotationMissing
    item = _in_dispute(ai, chosen["review_item_id"], actor)
    said = {name: chosen[name] for name in ReviewVerdict.model_fields} | decision.model_dump(
        exclude_unset=True, exclude_none=True
    )
    made = _add(ai, item, said, actor)
    _close(ai, item["id"], actor)
    _record(ai, "decide", actor, id=made.id, chosen_id=annotation_id)
    return made


def decide(ai: Session, item_id: UUID, decision: ItemDecision, *, actor: Actor) -> QueueItemView:
    """Decide between reviewers by the actor's own verdict, or that no verdict holds."""
    require(actor, Permission.DECIDE_REVIEWS)
    item = _in_dispute(ai, item_id, actor)
    verdict = decision.verdict
    made = None if verdict is None else _add(ai, item, verdict.model_dump(), actor)
    decided = _close(ai, item_id, actor)
    _record(ai, "decide", actor, id=made.id if made is not None else None, item_id=item_id)
    return decided


def take_back(ai: Session, item: RowMapping, *, actor: Actor) -> QueueItemView:
    """Undo the actor's adjudication of a locked item: its annotation becomes a draft.

    Raises UndoTooLate when that annotation was marked as reviewed or applied.
    """
    require(actor, Permission.DECIDE_REVIEWS)
    deciding = select(notes).where(of_item(item), notes.c.round == DECIDING)
    annotations.turn_into_drafts(ai, ai.execute(deciding).mappings().all(), actor=actor)
    _record(ai, "undo_decision", actor, item_id=item["id"])
    return _set(ai, item["id"], state=ItemState.ADJUDICATION, done_at=None, decided_by=None)


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


def _in_dispute(ai: Session, item_id: UUID | None, actor: Actor) -> RowMapping:
    """Return and lock an item that waits for adjudication by the actor."""
    # The second of two adjudicators waits here, and then finds the item decided
    locked = select(items).where(items.c.id == item_id).with_for_update()
    item = ai.execute(locked).mappings().one_or_none()
    if item is None or item["state"] != ItemState.ADJUDICATION:
        raise NoDisagreement
    reviewed = (
        (passes.c.item_id == item["id"])
        & (passes.c.account_id == actor.id)
        & (passes.c.outcome != ItemOutcome.SKIPPED)
    )
    if ai.scalar(select(exists().where(reviewed))):
        raise AdjudicatesOwnReview
    return item


def _add(ai: Session, item: RowMapping, said: Mapping[str, Any], actor: Actor) -> AnnotationView:
    given = NewAnnotation(message_id=str(item["message_id"]), **said)
    return annotations.add(
        ai, snapshot_of(item), given, actor=actor, item_id=item["id"], round_=DECIDING
    )


def _close(ai: Session, item_id: UUID, actor: Actor) -> QueueItemView:
    return _set(ai, item_id, state=ItemState.DONE, done_at=clock.now(), decided_by=actor.id)


def _set(ai: Session, item_id: UUID, **values: object) -> QueueItemView:
    change = update(items).where(items.c.id == item_id).values(values).returning(items)
    return QueueItemView.model_validate(dict(ai.execute(change).mappings().one()))


def _record(ai: Session, verb: str, actor: Actor, **targets: UUID | None) -> None:
    known = {name: id_ for name, id_ in targets.items() if id_ is not None}
    audit.record(ai, f"annotation.{verb}", actor, targets=known, database=Database.AI)
