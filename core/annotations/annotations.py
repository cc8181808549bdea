"""Annotations: create, read, list, change, delete, with permissions and history."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, exists, func, insert, select, text, tuple_, update
from sqlalchemy.orm import Session

from core.annotations.errors import AnnotationMissing, OnlyAdminsDecide, OnlyFlags, SomebodyElses, WrongStep
from core.annotations.models import Annotation, AnnotationChange, AnnotationDraft, ReviewItem
from core.annotations.review_queue import snapshots
from core.annotations.review_queue.snapshots import Snapshot
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationFilter,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
    ChangeView,
    ItemState,
    NewAnnotation,
)
from core.cache import memo
from core.conversations import queries as conversations
from core.conversations.schemas import MessageSpeaker
from core.database.db import Database
from core.database.paging import Cursor, Page, Window
from core.database.tables import table_of
from core.identity import audit
from core.identity.permissions import Permission, may, require, require_any
from core.identity.schemas import Actor
from core.jobs import outbox
from core.platform import clock
from core.platform.ids import new_id

CHANGED = "annotations.changed"
notes, changes = table_of(Annotation), table_of(AnnotationChange)
drafts, items = table_of(AnnotationDraft), table_of(ReviewItem)
EDITABLE = ("annotation_type", "content", "suggested_response", "severity", "tags", "status")
# Somebody is still to review the message, without having seen what others say of it.
IS_OPEN = (items.c.state == ItemState.WAITING) & (items.c.reviews_wanted > 1)
STEPS = {
    AnnotationStatus.PENDING: AnnotationStatus.REVIEWED,
    AnnotationStatus.REVIEWED: AnnotationStatus.APPLIED,
    AnnotationStatus.APPLIED: None,
}
NOBODY_YET = dict.fromkeys(("reviewed_by", "reviewed_at", "applied_by", "applied_at"))
REOPENED: dict[str, object] = {"status": AnnotationStatus.PENDING, **NOBODY_YET}
FIRST, SECOND, DECIDING = 1, 2, 3  # rounds
# Until somebody has decided, whether reviewers agree is what they say now.
AGREE_OR_NOT = text("""
update review_items as item set state = said.state, done_at = case when said.state = 'done' then cast(:now as timestamptz) end
from (
    select case when count(distinct annotation_type) > 1 then 'adjudication' else 'done' end as state,
        coalesce(bool_or(round >= :deciding), false) as is_decided
    from ai_admin_annotations where message_id = :message_id and review_item_id = :id) as said
where item.id = :id and item.state in ('done', 'adjudication') and item.state <> said.state and not said.is_decided""")


def annotate(core: Session, ai: Session, given: NewAnnotation, *, actor: Actor) -> AnnotationView:
    """Say something of a message, by our id of it or the sender's."""
    require(actor, Permission.ANNOTATE)
    message_id, _, _ = conversations.get_place(core, given.message_id)
    return add(ai, snapshots.take(core, message_id), given, actor=actor)


def add(
    ai: Session, snapshot: Snapshot, given: NewAnnotation, *, actor: Actor, item_id: UUID | None = None, round_: int = FIRST
) -> AnnotationView:
    """Store what somebody says of a message, in a round of its review; his draft of it is then done with."""
    require(actor, Permission.ANNOTATE)
    _check_type(snapshot["message_role"], given.annotation_type)
    now = clock.now()
    values = {name: getattr(given, name) for name in EDITABLE if name != "status"} | dict(snapshot)
    values |= {"id": new_id(), "admin_user_id": actor.id, "author_name": actor.name, "review_item_id": item_id, "round": round_}
    values |= {"created_at": now, "updated_at": now} | _steps(AnnotationStatus.PENDING, given.status, actor, now)
    row = ai.execute(insert(notes).values(values).returning(notes)).mappings().one()
    mine = (drafts.c.account_id == actor.id) & (drafts.c.message_id == snapshot["message_id"])
    ai.execute(delete(drafts).where(mine))
    _tell(ai, row["conversation_id"])
    return AnnotationView.model_validate(dict(row))


def get_annotation(ai: Session, id_: UUID, *, actor: Actor) -> AnnotationView:
    """Return an annotation; raise AnnotationMissing."""
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    row = ai.execute(select(notes).where(notes.c.id == id_, seen_by(actor))).mappings().one_or_none()
    if row is None:
        raise AnnotationMissing
    return AnnotationView.model_validate(dict(row))


def list_annotations(
    ai: Session, wanted: AnnotationFilter, window: Window, *, actor: Actor, after: Cursor | None = None, count: bool = True
) -> Page[AnnotationView]:
    """Return annotations, the newest first."""
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    where = [*conditions(wanted), seen_by(actor)]
    page = select(notes).where(*where).order_by(notes.c.created_at.desc(), notes.c.id.desc())
    if after is not None:
        page = page.where(tuple_(notes.c.created_at, notes.c.id) < (after.created_at, after.id))
    rows = ai.execute(page.limit(window.limit).offset(window.offset)).mappings().all()
    counting = select(func.count()).select_from(notes).where(*where)
    ask = partial(memo.counted, ("annotations", wanted, actor.id), lambda: ai.scalar(counting) or 0)
    total = window.total(len(rows), ask) if count and after is None else 0
    return Page([AnnotationView.model_validate(dict(row)) for row in rows], total)


def list_of_conversation(ai: Session, conversation_id: UUID, *, actor: Actor, limit: int = 500) -> list[AnnotationView]:
    """Return what was said of the messages of a conversation, the first first."""
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    wanted = (
        select(notes).where(notes.c.conversation_id == conversation_id, seen_by(actor)).order_by(notes.c.created_at, notes.c.id)
    )
    return [AnnotationView.model_validate(dict(row)) for row in ai.execute(wanted.limit(limit)).mappings()]


def conditions(wanted: AnnotationFilter) -> list[ColumnElement[bool]]:
    """Return what a filter asks of the table."""
    columns = notes.c
    equal: dict[ColumnElement[Any], object] = {
        columns.status: wanted.status,
        columns.annotation_type: wanted.type,
        columns.severity: wanted.severity,
        columns.admin_user_id: wanted.author,
        columns.message_id: wanted.message_id,
        columns.conversation_id: wanted.conversation_id,
        columns.environment: wanted.environment,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if wanted.tag is not None:
        found.append(columns.tags.contains([wanted.tag]))
    if wanted.start is not None:
        found.append(columns.created_at >= wanted.start)
    if wanted.end is not None:
        found.append(columns.created_at < wanted.end)
    return found


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that somebody may see an annotation: of a message that several review, not before all have spoken."""
    return (notes.c.admin_user_id == actor.id) | ~is_blind()


def is_blind() -> ColumnElement[bool]:
    """Return the condition that an annotation is of a message that somebody is still to review without having seen it.

    It need not have been made from the queue: whoever has the item may say first what he thinks, and be done with it then. What
    was said before the message was queued everybody could see already.
    """
    columns = items.c
    is_of_it = (columns.id == notes.c.review_item_id) | (columns.created_at <= notes.c.created_at)
    return exists().where(columns.message_id == notes.c.message_id, IS_OPEN, is_of_it)


def change(ai: Session, id_: UUID, given: AnnotationChangeBody, *, actor: Actor) -> AnnotationView:
    """Change what was given of an annotation: one's own, or, for those who decide, anybody's; what it was is kept.

    Who changes his own type may come to agree with the other reviewers of the message, or to differ.
    """
    _hold_item(ai, id_)
    before = _held(ai, id_, actor)
    values = {name: getattr(given, name) for name in given.model_fields_set & set(EDITABLE)}
    values = {name: value for name, value in values.items() if value is not None or name in ("suggested_response", "severity")}
    _check_type(before["message_role"], AnnotationType(values.get("annotation_type", before["annotation_type"])))
    wanted = AnnotationStatus(values.pop("status", before["status"]))
    values = {name: value for name, value in values.items() if value != before[name]}
    now = clock.now()
    steps = _steps(AnnotationStatus(before["status"]), wanted, actor, now)
    # What its author changes is no longer what an admin has seen.
    values |= steps if not values or may(actor, Permission.DECIDE_REVIEWS) else REOPENED
    if not values:
        return AnnotationView.model_validate(dict(before))
    row = ai.execute(update(notes).where(notes.c.id == id_).values(**values, updated_at=now).returning(notes)).mappings().one()
    fields = [name for name in EDITABLE if name in values and row[name] != before[name]]
    _keep(ai, id_, _part(before, fields), _part(row, fields), actor)
    _note(ai, "change", before, row, actor)
    if "annotation_type" in fields and row["admin_user_id"] == actor.id:
        given_item = {"id": row["review_item_id"], "message_id": row["message_id"], "now": now, "deciding": DECIDING}
        ai.execute(AGREE_OR_NOT, given_item)
    return AnnotationView.model_validate(dict(row))


def remove(ai: Session, id_: UUID, *, actor: Actor) -> None:
    """Delete an annotation: one's own, or, for those who decide, anybody's; what it was is kept."""
    before = _held(ai, id_, actor)
    ai.execute(delete(notes).where(notes.c.id == id_))
    whole = [*EDITABLE, "message_id", "admin_user_id", "author_name"]
    _keep(ai, id_, _part(before, whole), None, actor)
    _note(ai, "delete", before, None, actor)
    _tell(ai, before["conversation_id"])


def list_changes(ai: Session, id_: UUID, *, actor: Actor) -> list[ChangeView]:
    """Return what has been changed of an annotation that one may see, the first first; deciders, of deleted ones, too.

    Raises AnnotationMissing.
    """
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    wanted = select(changes).where(changes.c.annotation_id == id_).order_by(changes.c.at, changes.c.id).limit(200)
    found = [ChangeView.model_validate(dict(row)) for row in ai.execute(wanted).mappings()]
    deleted = found[-1].before if found and found[-1].after is None else None
    if deleted is None or not may(actor, Permission.DECIDE_REVIEWS) or _is_open(ai, UUID(deleted["message_id"])):
        get_annotation(ai, id_, actor=actor)
    return found


def _is_open(ai: Session, message_id: UUID) -> bool:
    """Whether somebody is still to review a message without having seen what others say of it."""
    return bool(ai.scalar(select(exists().where(items.c.message_id == message_id, IS_OPEN))))


def _hold_item(ai: Session, id_: UUID) -> None:
    """Lock the item in whose review an annotation was made: before the annotation, as all do who change both."""
    of_it = select(notes.c.review_item_id).where(notes.c.id == id_).scalar_subquery()
    ai.execute(select(items.c.id).where(items.c.id == of_it).with_for_update())


def _held(ai: Session, id_: UUID, actor: Actor) -> RowMapping:
    require(actor, Permission.ANNOTATE)
    row = ai.execute(select(notes).where(notes.c.id == id_, seen_by(actor)).with_for_update(of=notes)).mappings().one_or_none()
    if row is None:
        raise AnnotationMissing
    if row["admin_user_id"] != actor.id and not may(actor, Permission.DECIDE_REVIEWS):
        raise SomebodyElses
    return row


def _check_type(role: str, type_: AnnotationType) -> None:
    if role == MessageSpeaker.USER and type_ is not AnnotationType.FLAG:
        raise OnlyFlags


def _steps(before: AnnotationStatus, wanted: AnnotationStatus, actor: Actor, now: datetime) -> dict[str, object]:
    """Return what a change of the status means for the row; one step at a time, and a decision can be taken back to pending."""
    if wanted is before:
        return {}
    if not may(actor, Permission.DECIDE_REVIEWS):
        raise OnlyAdminsDecide
    if wanted is AnnotationStatus.PENDING:
        return REOPENED
    if STEPS[before] is not wanted:
        raise WrongStep
    name = wanted.value
    return {"status": wanted, f"{name}_by": actor.id, f"{name}_at": now}


def _part(row: RowMapping, fields: list[str]) -> dict[str, Any]:
    found = {name: row[name] for name in fields}
    return {name: str(value) if isinstance(value, UUID) else value for name, value in found.items()}


def _keep(ai: Session, id_: UUID, before: dict[str, Any] | None, after: dict[str, Any] | None, actor: Actor) -> None:
    row = {"id": new_id(), "annotation_id": id_, "at": clock.now(), "by": actor.id, "by_name": actor.name}
    ai.execute(insert(changes).values(**row, before=before, after=after))


def _note(ai: Session, verb: str, before: RowMapping, after: RowMapping | None, actor: Actor) -> None:
    """Write down a deed. The audit log names the fields, not how somebody judged: who is to review blindly may read it."""
    fields = [name for name in EDITABLE if after is None or before[name] != after[name]]
    was, became = (None if row is None else _part(row, ["status"] if "status" in fields else []) for row in (before, after))
    targets = _part(before, ["id", "message_id", "author_name"]) | {"fields": fields}
    audit.record(ai, f"annotation.{verb}", actor, targets=targets, before=was, after=became, database=Database.AI)


def _tell(ai: Session, conversation_id: UUID) -> None:
    """Conversations are in the other database: they follow by the outbox (jobs.py)."""
    outbox.tell(ai, CHANGED, {"ids": [str(conversation_id)]}, database=Database.AI)
