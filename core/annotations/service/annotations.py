"""Annotations: create, change, delete, with permissions and history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, insert, select, text, update
from sqlalchemy.orm import Session

from core.annotations.errors import (
    AnnotationMissing,
    AnnotationOfAnother,
    EmptyCorrection,
    OnlyAdminsChangeStatus,
    OnlyFlags,
    StatusSkipped,
    UndoTooLate,
)
from core.annotations.models import Annotation, AnnotationChange, ReviewItem
from core.annotations.queries.annotation_list import DECIDING, FIRST, seen_by
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
    NewAnnotation,
    ReviewVerdict,
)
from core.annotations.service import drafts, snapshots
from core.annotations.service.snapshots import Snapshot
from core.conversations.queries import conversations
from core.conversations.schemas import MessageSpeaker
from core.database.db import Database
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id

CHANGED = "annotations.changed"
notes, changes = table_of(Annotation), table_of(AnnotationChange)
items = table_of(ReviewItem)
EDITABLE = ("annotation_type", "content", "suggested_response", "severity", "tags", "status")
STEPS = {
    AnnotationStatus.PENDING: AnnotationStatus.REVIEWED,
    AnnotationStatus.REVIEWED: AnnotationStatus.APPLIED,
    AnnotationStatus.APPLIED: None,
}
NOBODY_YET = dict.fromkeys(
    [
        *(f"{done}_{what}" for done in ("reviewed", "applied") for what in ("by", "by_name", "at")),
        "applied_version",
    ]
)
REOPENED: dict[str, object] = {"status": AnnotationStatus.PENDING, **NOBODY_YET}
# Until adjudication, agreement depends on the current annotations.
AGREE_OR_NOT = text("""
update review_items as item set state = said.state, done_at = case
    when said.state = 'done' then cast(:now as timestamptz) end
from (
    select case when count(distinct annotation_type) > 1 then 'adjudication' else 'done'
        end as state,
        coalesce(bool_or(round >= :deciding), false) as is_decided
    from ai_admin_annotations where message_id = :message_id and review_item_id = :id) as said
where item.id = :id and item.state in ('done', 'adjudication') and item.state <> said.state
    and item.decided_by is null and not said.is_decided""")


def annotate(
    core: Session, ai: Session, new_annotation: NewAnnotation, *, actor: Actor
) -> AnnotationView:
    """Annotate a message, by Attune's ID or the sender's."""
    require(actor, Permission.ANNOTATE)
    message_id, _, _ = conversations.get_place(core, new_annotation.message_id)
    return add(ai, snapshots.take(core, message_id), new_annotation, actor=actor)


def add(
    ai: Session,
    snapshot: Snapshot,
    new_annotation: NewAnnotation,
    *,
    actor: Actor,
    item_id: UUID | None = None,
    round_: int = FIRST,
) -> AnnotationView:
    """Store an annotation in a round of a review, and delete the author's draft."""
    require(actor, Permission.ANNOTATE)
    now = clock.now()
    values = {name: getattr(new_annotation, name) for name in EDITABLE if name != "status"} | dict(
        snapshot
    )
    _check(values)
    values |= {
        "id": new_id(),
        "admin_user_id": actor.id,
        "author_name": actor.name,
        "review_item_id": item_id,
        "round": round_,
    }
    values |= {"created_at": now, "updated_at": now} | _steps(
        AnnotationStatus.PENDING, new_annotation.status, actor, now
    )
    row = ai.execute(insert(notes).values(values).returning(notes)).mappings().one()
    drafts.drop(ai, row["message_id"], actor=actor)
    _tell(ai, row["conversation_id"])
    return AnnotationView.model_validate(dict(row))


def change(ai: Session, id_: UUID, change: AnnotationChangeBody, *, actor: Actor) -> AnnotationView:
    """Change the given fields of an annotation: authors their own, adjudicators any; the history is
    kept.

    A changed type may make reviewers of the message agree or disagree.
    """
    _hold_item(ai, id_)
    before = _held(ai, id_, actor)
    values = {name: getattr(change, name) for name in change.model_fields_set & set(EDITABLE)}
    values = {
        name: value
        for name, value in values.items()
        # Only these two can be cleared
        if value is not None or name in ("suggested_response", "severity")
    }
    # Imported corrections may be empty, and can still be marked as reviewed
    if values.keys() & {"annotation_type", "content", "suggested_response"}:
        _check({**before, **values})
    wanted = AnnotationStatus(values.pop("status", before["status"]))
    if change.applied_version is not None:
        wanted = AnnotationStatus.APPLIED
    values = {name: value for name, value in values.items() if value != before[name]}
    now = clock.now()
    steps = _steps(AnnotationStatus(before["status"]), wanted, actor, now)
    if change.applied_version is not None and change.applied_version != before["applied_version"]:
        require(actor, Permission.DECIDE_REVIEWS)
        steps |= {"applied_version": change.applied_version}
    # A change by the author is not reviewed yet.
    values |= steps if not values or may(actor, Permission.DECIDE_REVIEWS) else REOPENED
    if not values:
        return AnnotationView.model_validate(dict(before))
    row = (
        ai.execute(
            update(notes).where(notes.c.id == id_).values(**values, updated_at=now).returning(notes)
        )
        .mappings()
        .one()
    )
    fields = [name for name in EDITABLE if name in values and row[name] != before[name]]
    _keep(ai, id_, _part(before, fields), _part(row, fields), actor)
    _note(ai, "change", before, row, actor)
    # What an admin changes is not what the reviewer thinks
    if "annotation_type" in fields and row["admin_user_id"] == actor.id:
        _settle(ai, row)
    return AnnotationView.model_validate(dict(row))


def remove(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """Delete an annotation: authors their own, adjudicators any; the history is kept.

    Those that are left of its message may agree, and then need no adjudication.
    """
    _hold_item(ai, id_)
    before = _held(ai, id_, actor)
    ai.execute(delete(notes).where(notes.c.id == id_))
    _settle(ai, before)
    # The history of a deleted annotation needs its message, to stay hidden in a blind review
    whole = [*EDITABLE, "message_id", "admin_user_id", "author_name"]
    _keep(ai, id_, _part(before, whole), None, actor)
    _note(ai, "delete", before, None, actor)
    _tell(ai, before["conversation_id"])


def turn_into_drafts(ai: Session, said: Sequence[RowMapping], *, actor: Actor) -> None:
    """Delete pending annotations of the actor, and keep what they said as drafts; raise UndoTooLate
    when one of them is another account's or no longer pending.
    """
    if any(
        each["admin_user_id"] != actor.id or each["status"] != AnnotationStatus.PENDING
        for each in said
    ):
        raise UndoTooLate
    for each in said:
        remove(ai, each["id"], actor=actor)
        written = {name: each[name] for name in ReviewVerdict.model_fields}
        drafts.save(ai, each["message_id"], written, actor=actor)


def _settle(ai: Session, row: RowMapping) -> None:
    """Update the state of an annotation's review item, which is locked, to the annotations that
    its message has now.
    """
    of_it = {"id": row["review_item_id"], "message_id": row["message_id"]}
    ai.execute(AGREE_OR_NOT, of_it | {"now": clock.now(), "deciding": DECIDING})


def _hold_item(ai: Session, id_: UUID) -> None:
    """Lock the annotation's queue item; always before the annotation, against deadlocks."""
    of_it = select(notes.c.review_item_id).where(notes.c.id == id_).scalar_subquery()
    ai.execute(select(items.c.id).where(items.c.id == of_it).with_for_update())


def _held(ai: Session, id_: UUID, actor: Actor) -> RowMapping:
    require(actor, Permission.ANNOTATE)
    row = (
        ai.execute(select(notes).where(notes.c.id == id_, seen_by(actor)).with_for_update(of=notes))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise AnnotationMissing
    if row["admin_user_id"] != actor.id and not may(actor, Permission.DECIDE_REVIEWS):
        raise AnnotationOfAnother
    return row


def _check(values: Mapping[str, Any]) -> None:
    type_ = values["annotation_type"]
    if values["message_role"] == MessageSpeaker.USER and type_ != AnnotationType.FLAG:
        raise OnlyFlags
    texts = f"{values['content']}{values['suggested_response'] or ''}"
    if type_ == AnnotationType.CORRECTION and not texts.strip():
        raise EmptyCorrection


def _steps(
    before: AnnotationStatus, wanted: AnnotationStatus, actor: Actor, now: datetime
) -> dict[str, object]:
    """Return the columns of a new status: one step forward, or back to pending."""
    if wanted is before:
        return {}
    if not may(actor, Permission.DECIDE_REVIEWS):
        raise OnlyAdminsChangeStatus
    if wanted is AnnotationStatus.PENDING:
        return REOPENED
    if STEPS[before] is not wanted:
        raise StatusSkipped
    name = wanted.value
    by = {f"{name}_by": actor.id, f"{name}_by_name": actor.name}
    return {"status": wanted, **by, f"{name}_at": now}


def _part(row: RowMapping, fields: list[str]) -> dict[str, Any]:
    found = {name: row[name] for name in fields}
    return {name: str(value) if isinstance(value, UUID) else value for name, value in found.items()}


def _keep(
    ai: Session,
    id_: UUID,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    actor: Actor,
) -> None:
    row = {
        "id": new_id(),
        "annotation_id": id_,
        "at": clock.now(),
        "by": actor.id,
        "by_name": actor.name,
    }
    ai.execute(insert(changes).values(**row, before=before, after=after))


def _note(
    ai: Session, verb: str, before: RowMapping, after: RowMapping | None, actor: Actor
) -> None:
    """Audit a change by field names only: auditors may still review blindly."""
    fields = [name for name in EDITABLE if after is None or before[name] != after[name]]
    was, became = (
        None if row is None else _part(row, ["status"] if "status" in fields else [])
        for row in (before, after)
    )
    targets = _part(before, ["id", "message_id", "author_name"]) | {"fields": fields}
    audit.record(
        ai,
        f"annotation.{verb}",
        actor,
        targets=targets,
        before=was,
        after=became,
        database=Database.AI,
    )


def _tell(ai: Session, conversation_id: UUID) -> None:
    """Notify through the outbox, because conversations are in the other database (jobs.py)."""
    outbox.add(ai, CHANGED, {"ids": [str(conversation_id)]}, database=Database.AI)
