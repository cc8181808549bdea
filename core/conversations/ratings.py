"""Ratings of conversations, told by feedback."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

LOCK = text("select id from conversations where id = any(:ids) order by id for update")
WRITE = text("""
update conversations set user_rating = rating, rating_scale = scale, user_feedback = feedback
from unnest(cast(:ids as uuid[]), cast(:ratings as int[]), cast(:scales as text[]), cast(:feedback as text[]))
    as given (conversation_id, rating, scale, feedback)
where conversation_id = id and (user_rating, rating_scale, user_feedback) is distinct from (rating, scale, feedback)""")


CLEAR = text("""
update conversations set user_rating = null, rating_scale = null, user_feedback = null where id = any(:ids)""")


class Rating(NamedTuple):
    """What somebody thinks of a conversation, on a scale (thumbs, five)."""

    conversation_id: UUID
    rating: int
    scale: str
    feedback: str | None


def lock(session: Session, ids: list[UUID]) -> list[UUID]:
    """Return which of these conversations there are, and hold them."""
    return list(session.scalars(LOCK, {"ids": ids}))


def write(session: Session, ratings: list[Rating]) -> None:
    """Store ratings of conversations."""
    columns = list(zip(*ratings, strict=True)) or [(), (), (), ()]
    session.execute(WRITE, dict(zip(("ids", "ratings", "scales", "feedback"), map(list, columns), strict=True)))


def clear(session: Session, ids: list[UUID]) -> None:
    """Let conversations have no rating."""
    session.execute(CLEAR, {"ids": ids})
