"""Changes of conversations: ratings and annotation counts by other features, and notes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from core.conversations.errors import NoteMissing, NoteOfAnother
from core.conversations.notes import NewNote, NoteView, find_mentioned
from core.conversations.queries import conversations
from core.conversations.queries import notes as queries
from core.conversations.queries.notes import mentions, notes
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id

# In one order for all: two that lock the same rows in different orders wait for each other
LOCK = text("select id from conversations where id = any(:ids) order by id for update")
# Only what changes: Postgres writes a new version of each row that is updated
RATE = text("""
update conversations set user_rating = rating, rating_scale = scale, user_feedback = feedback
from unnest(cast(:ids as uuid[]), cast(:ratings as int[]), cast(:scales as text[]),
    cast(:feedback as text[]))
    as given (conversation_id, rating, scale, feedback)
where conversation_id = id and (user_rating, rating_scale, user_feedback) is distinct
    from (rating, scale, feedback)""")
CLEAR_RATING = text("""
update conversations set user_rating = null, rating_scale = null, user_feedback = null
    where id = any(:ids)""")
COUNT_ANNOTATIONS = text("""
update conversations set annotation_count = given.number, last_annotated_at = given.at
from unnest(cast(:ids as uuid[]), cast(:numbers as int[]),
    cast(:times as timestamptz[])) as given (conversation_id, number, at)
where conversation_id = id and (annotation_count, last_annotated_at) is distinct
    from (given.number, given.at)""")


class ConversationRating(NamedTuple):
    """A user's rating of a conversation, on a scale (thumbs, five)."""

    conversation_id: UUID
    rating: int
    scale: str
    feedback: str | None


class AnnotationCount(NamedTuple):
    """The number of a conversation's annotations, and the time of the last one."""

    conversation_id: UUID
    number: int
    last_at: datetime | None


def lock(session: Session, ids: list[UUID]) -> list[UUID]:
    """Return which conversations exist, locking their rows."""
    return list(session.scalars(LOCK, {"ids": ids}))


def write_ratings(session: Session, ratings: list[ConversationRating]) -> None:
    """Store ratings of conversations."""
    columns = list(zip(*ratings, strict=True)) or [(), (), (), ()]
    session.execute(
        RATE, dict(zip(("ids", "ratings", "scales", "feedback"), map(list, columns), strict=True))
    )


def clear_ratings(session: Session, ids: list[UUID]) -> None:
    """Remove the ratings of conversations."""
    session.execute(CLEAR_RATING, {"ids": ids})


def write_annotation_counts(session: Session, counts: list[AnnotationCount]) -> None:
    """Store the number of annotations of conversations."""
    columns = list(zip(*counts, strict=True)) or [(), (), ()]
    session.execute(
        COUNT_ANNOTATIONS, dict(zip(("ids", "numbers", "times"), map(list, columns), strict=True))
    )


def add_note(session: Session, new_note: NewNote, *, actor: Actor) -> NoteView:
    """Store a note and whom it mentions; raise Forbidden or ConversationMissing."""
    require(actor, Permission.READ_CONTENTS)
    row = {
        "id": new_id(),
        "conversation_id": conversations.get_id(session, new_note.conversation_id),
        "author_id": actor.id,
        "author_name": actor.name,
        "body": new_note.body,
        "created_at": clock.now(),
    }
    session.execute(insert(notes).values(row))
    found = find_mentioned(new_note.body, queries.list_colleagues(session, actor=actor))
    if found:
        rows = [{"note_id": row["id"], "account_id": each.id} for each in found]
        session.execute(insert(mentions), rows)
    targets = _targets(row["id"], row["conversation_id"])
    audit.record(
        session, "note.add", actor, targets=targets | {"mentions": [each.email for each in found]}
    )
    return NoteView.model_validate(row)


def delete_note(session: Session, note_id: UUID, *, actor: Actor) -> None:
    """Delete a note of the actor; raise Forbidden, NoteMissing or NoteOfAnother."""
    require(actor, Permission.READ_CONTENTS)
    row = session.execute(select(notes).where(notes.c.id == note_id).with_for_update()).first()
    if row is None:
        raise NoteMissing
    if row.author_id != actor.id:
        raise NoteOfAnother
    session.execute(delete(notes).where(notes.c.id == note_id))
    audit.record(session, "note.delete", actor, targets=_targets(note_id, row.conversation_id))


def mark_mentions_seen(session: Session, *, actor: Actor) -> None:
    """Record that the actor has seen all mentions so far."""
    mine = (mentions.c.account_id == actor.id) & mentions.c.seen_at.is_(None)
    session.execute(update(mentions).where(mine).values(seen_at=clock.now()))


def _targets(note_id: object, conversation_id: object) -> dict[str, object]:
    return {"id": str(note_id), "conversation": str(conversation_id)}
