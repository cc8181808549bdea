"""What Opinion.of says of a rating, as a condition of SQL."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from core.conversations.answers import FIVE, Opinion


def says(opinion: Opinion, rating: ColumnElement[Any], scale: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a rating on its scale says this."""
    is_five = scale == FIVE
    positive = or_(and_(is_five, rating >= 4), and_(~is_five, rating >= 1))
    negative = or_(and_(is_five, rating <= 2), and_(~is_five, rating <= -1))
    conditions = {
        Opinion.POSITIVE: positive,
        Opinion.NEGATIVE: negative,
        Opinion.NEUTRAL: and_(rating.is_not(None), ~or_(positive, negative)),
        Opinion.UNRATED: rating.is_(None),
    }
    return conditions[opinion]
