"""Annotations: one, lists, and history, within what the actor may see."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    any_,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.annotations.errors import AnnotationMissing
from core.annotations.models import Annotation, AnnotationChange, ReviewItem
from core.annotations.schemas import (
    AnnotationFilter,
    AnnotationOrder,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationView,
    ChangeView,
    ItemState,
)
from core.database.paging import Sort, SortCursor, SortedPage, Window
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require_any
from core.identity.schemas import Actor

notes, changes = table_of(Annotation), table_of(AnnotationChange)
items = table_of(ReviewItem)
# A blind review of the message is still open.
IS_OPEN = (items.c.state == ItemState.WAITING) & (items.c.reviews_wanted > 1)
FIRST, SECOND, DECIDING = 1, 2, 3  # rounds
MOST_SHOWN = 500  # of a conversation


def get_annotation(ai: Session, id_: UUID, *, actor: Actor) -> AnnotationView:
    """Return an annotation; raise AnnotationMissing."""
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    row = (
        # "Forbidden" would tell a reviewer that a verdict exists
        ai.execute(select(notes).where(notes.c.id == id_, seen_by(actor))).mappings().one_or_none()
    )
    if row is None:
        raise AnnotationMissing
    return AnnotationView.model_validate(dict(row))


def list_annotations(
    ai: Session,
    filters: AnnotationFilter,
    window: Window,
    *,
    actor: Actor,
    order: AnnotationOrder = AnnotationOrder.NEWEST_FIRST,
    after: SortCursor | None = None,
    count: bool = True,
) -> SortedPage[AnnotationView]:
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    where, sort = [*conditions(filters), seen_by(actor)], sort_of(order)
    rows = ai.execute(sort.page(select(notes).where(*where), window, after)).mappings().all()
    counting = select(func.count()).select_from(notes).where(*where)

    def ask() -> int:
        return ai.scalar(counting) or 0

    total = (window.total(len(rows), ask) if after is None else ask()) if count else 0
    items = [AnnotationView.model_validate(dict(row)) for row in rows]
    return window.sorted_page(items, total, sort.next_cursor(rows, window))


def sort_of(order: AnnotationOrder) -> Sort:
    """Return how annotations are sorted; those without a severity are below minor ones."""
    columns = notes.c
    values: dict[str, ColumnElement[Any]] = {
        "created": columns.created_at,
        "severity": _place_in(AnnotationSeverity, columns.severity),
        "status": _place_in(AnnotationStatus, columns.status),
        "author": columns.author_name,
    }
    return Sort.by(order, values[order.lstrip("-")], columns.id)


def _place_in(values: type[StrEnum], column: ColumnElement[Any]) -> ColumnElement[int]:
    places = {value.value: place for place, value in enumerate(values)}
    return case(places, value=column, else_=-1)


def list_of_conversation(
    ai: Session, conversation_id: UUID, *, actor: Actor
) -> list[AnnotationView]:
    """Return the annotations of a conversation's messages, oldest first."""
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    wanted = (
        select(notes)
        .where(notes.c.conversation_id == conversation_id, seen_by(actor))
        .order_by(notes.c.created_at, notes.c.id)
    )
    return [
        AnnotationView.model_validate(dict(row))
        for row in ai.execute(wanted.limit(MOST_SHOWN)).mappings()
    ]


def conditions(filters: AnnotationFilter) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of a filter."""
    columns = notes.c
    equal: dict[ColumnElement[Any], object] = {
        columns.status: filters.status,
        columns.annotation_type: filters.type,
        columns.severity: filters.severity,
        columns.admin_user_id: filters.author,
        columns.message_id: filters.message_id,
        columns.conversation_id: filters.conversation_id,
        columns.environment: filters.environment,
        columns.prompt_version: filters.prompt_version,
        columns.experiment_arm: filters.experiment_arm,
    }
    found: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if filters.applied_version is not None:
        version = columns.applied_version
        # Names of prompts may contain % and _
        of_prompt = version.startswith(f"{filters.applied_version}@", autoescape=True)
        found.append(version.is_not(None) & ((version == filters.applied_version) | of_prompt))
    if filters.tag is not None:
        found.append(columns.tags.contains([filters.tag]))
    if filters.start is not None:
        found.append(columns.created_at >= filters.start)
    if filters.end is not None:
        found.append(columns.created_at < filters.end)
    return found


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for visible annotations; blind ones only after all reviews."""
    return (notes.c.admin_user_id == actor.id) | ~is_blind()


def is_blind() -> ColumnElement[bool]:
    """Return the condition that the annotated message has an open blind review.

    This includes annotations made outside the queue, because a reviewer may annotate first and
    complete the item then. Annotations from before the message was queued are visible to everyone.
    """
    columns = items.c
    is_of_it = (columns.id == notes.c.review_item_id) | (columns.created_at <= notes.c.created_at)
    return exists().where(columns.message_id == notes.c.message_id, IS_OPEN, is_of_it)


def decided_messages(ai: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these messages were adjudicated."""
    about = any_(literal(list(ids), ARRAY(Uuid())))
    by_annotation = select(notes.c.message_id).where(
        notes.c.message_id == about, notes.c.round == DECIDING
    )
    as_neither = select(items.c.message_id).where(
        items.c.message_id == about, items.c.decided_by.is_not(None)
    )
    return set(ai.scalars(union_all(by_annotation, as_neither)))


def is_overruled() -> ColumnElement[bool]:
    """Return the condition that an adjudication of its message followed an annotation."""
    decisions = notes.alias()
    by_annotation = exists().where(
        decisions.c.message_id == notes.c.message_id,
        decisions.c.round == DECIDING,
        decisions.c.created_at >= notes.c.created_at,
    )
    as_neither = exists().where(
        items.c.message_id == notes.c.message_id,
        items.c.decided_by.is_not(None),
        items.c.done_at >= notes.c.created_at,
    )
    return (notes.c.round < DECIDING) & (by_annotation | as_neither)


def list_changes(ai: Session, id_: UUID, *, actor: Actor) -> list[ChangeView]:
    """Return the changes of a visible annotation, oldest first; for adjudicators also of deleted
    ones.

    Raises AnnotationMissing.
    """
    require_any(actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
    wanted = (
        select(changes)
        .where(changes.c.annotation_id == id_)
        .order_by(changes.c.at, changes.c.id)
        .limit(200)
    )
    found = [ChangeView.model_validate(dict(row)) for row in ai.execute(wanted).mappings()]
    deleted = found[-1].before if found and found[-1].after is None else None
    if (
        deleted is None
        or not may(actor, Permission.DECIDE_REVIEWS)
        # A deleted verdict would influence a blind review as much as a stored one
        or _is_open(ai, UUID(deleted["message_id"]))
    ):
        # Raises unless the actor may see the annotation
        get_annotation(ai, id_, actor=actor)
    return found


def _is_open(ai: Session, message_id: UUID) -> bool:
    """Whether a blind review of the message is still open."""
    return bool(ai.scalar(select(exists().where(items.c.message_id == message_id, IS_OPEN))))
