"""Store the demo's annotations; they belong to its import."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.annotations.models import Annotation, ReviewItem, ReviewPass
from core.annotations.schemas import AnnotationStatus, AnnotationType, ItemOutcome, ItemState
from core.annotations.service import annotations, snapshots
from core.annotations.service.snapshots import Snapshot
from core.database.db import Database
from core.database.tables import table_of
from core.demo.schemas import DECIDING, DemoNote, DemoReview
from core.demo.shifting import Shift
from core.ingest.rows import key_of, message_name
from core.jobs import outbox

notes, items, passes = table_of(Annotation), table_of(ReviewItem), table_of(ReviewPass)
FILE = "reviews.ndjson.xz"
JOINED = timedelta(minutes=2)  # after it was said, a message is in the queue

Row = dict[str, Any]
Reviewed = Mapping[UUID, DemoReview]


def read(until: datetime) -> Iterator[DemoReview]:
    """Yield the reviews of a demo that ends at a moment."""
    decoder = msgspec.json.Decoder(DemoReview)
    return map(decoder.decode, Shift(until).lines(FILE))


def store(core: Session, ai: Session, import_id: UUID, reviews: Iterable[DemoReview]) -> None:
    """Store reviews with their items, idempotently, and update the conversations."""
    reviewed = {
        key_of("message", message_name(review.conversation, review.message)): review
        for review in reviews
    }
    taken = snapshots.take_many(core, list(reviewed))
    there = {id_: review for id_, review in reviewed.items() if id_ in taken}
    if not there:
        return
    ids = _items(ai, import_id, there, taken)
    passed = [row for id_, review in there.items() for row in _passes(ids[id_], review)]
    ai.execute(insert(passes).on_conflict_do_nothing(), passed)
    rows = [
        row
        for id_, review in there.items()
        for row in _notes(ids[id_], import_id, review, taken[id_])
    ]
    ai.execute(insert(notes).on_conflict_do_nothing(), rows)
    changed = sorted({str(row["conversation_id"]) for row in rows})
    outbox.add(ai, annotations.CHANGED, {"ids": changed}, database=Database.AI)


def reviewer_id(name: str) -> UUID:
    """Return a demo reviewer's key; there is no account."""
    return key_of("account", f"rind {name}")


def _items(
    ai: Session, import_id: UUID, there: Reviewed, taken: Mapping[UUID, Snapshot]
) -> dict[UUID, UUID]:
    """Store the items and return their keys; items already in the queue are reused."""
    fresh = insert(items)
    changed = (
        "reasons",
        "priority",
        "reviews_wanted",
        "reviews_done",
        "state",
        "done_at",
        "import_id",
    )
    untouched = (
        (items.c.state == ItemState.WAITING)
        & items.c.claimed_by.is_(None)
        & (items.c.reviews_done == 0)
    )
    upsert = fresh.on_conflict_do_update(
        index_elements=["message_id"],
        set_={name: fresh.excluded[name] for name in changed},
        # Reviewers may have begun with an item that is stored already
        where=untouched,
    )
    # Sorted, as by the rules that queue the same answers: in two orders they would lock up
    ai.execute(upsert, [_item(import_id, there[id_], taken[id_]) for id_ in sorted(there)])
    found = ai.execute(select(items.c.message_id, items.c.id).where(items.c.message_id.in_(there)))
    return {message_id: id_ for message_id, id_ in found}


def _item(import_id: UUID, review: DemoReview, snapshot: Snapshot) -> Row:
    is_done = review.state is ItemState.DONE
    return {
        **snapshot,
        "id": key_of("review_item", f"{review.conversation}.{review.message}"),
        "reasons": review.reasons,
        "priority": review.priority,
        "reviews_wanted": review.wanted,
        "reviews_done": review.wanted,
        "state": review.state,
        "done_at": review.notes[-1].at if is_done else None,
        "import_id": import_id,
        "created_at": snapshot["message_at"] + JOINED,
    }


def _passes(item_id: UUID, review: DemoReview) -> Iterable[Row]:
    for note in review.notes:
        if note.round != DECIDING:
            outcome = (
                ItemOutcome.APPROVED if note.kind is AnnotationType.APPROVED else ItemOutcome.DONE
            )
            yield {
                "item_id": item_id,
                "account_id": reviewer_id(note.reviewer),
                "outcome": outcome,
                "at": note.at,
            }


def _notes(item_id: UUID, import_id: UUID, review: DemoReview, snapshot: Snapshot) -> Iterable[Row]:
    for note in review.notes:
        yield {
            **snapshot,
            "id": key_of("annotation", f"{review.conversation}.{review.message}.{note.round}"),
            "admin_user_id": reviewer_id(note.reviewer),
            "author_name": note.reviewer,
            "annotation_type": note.kind,
            "content": note.content,
            "suggested_response": note.suggested_response,
            "severity": note.severity,
            "tags": note.tags,
            "status": note.status,
            "round": note.round,
            "review_item_id": item_id,
            "import_id": import_id,
            "created_at": note.at,
            **_decided(note),
        }


def _decided(note: DemoNote) -> Row:
    """Return the adjudicator, and the time of the last change."""
    by = reviewer_id(note.decided_by) if note.decided_by is not None else None
    is_applied = note.status is AnnotationStatus.APPLIED
    return {
        "reviewed_by": by,
        "reviewed_by_name": note.decided_by,
        "reviewed_at": note.decided_at,
        "applied_by": by if is_applied else None,
        "applied_by_name": note.decided_by if is_applied else None,
        "applied_at": note.decided_at if is_applied else None,
        "updated_at": note.decided_at or note.at,
    }
