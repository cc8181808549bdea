"""Ratings as opinions, in Python and SQL: thumbs are -1 and +1; of five, 1-2 and 4-5."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_

FIVE = "five"
# By scale: the highest negative and the lowest positive rating.
OF_FIVE, OF_THUMBS = (2, 4), (-1, 1)


class ConversationOpinion(StrEnum):
    """Positive is +1, or 4 and 5 of five; negative is -1, or 1 and 2 of five."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    UNRATED = "unrated"

    @classmethod
    def of(cls, rating: int | None, scale: str | None) -> "ConversationOpinion":
        """Return the opinion of a rating on its scale."""
        if rating is None:
            return cls.UNRATED
        low, high = OF_FIVE if scale == FIVE else OF_THUMBS
        return cls.POSITIVE if rating >= high else cls.NEGATIVE if rating <= low else cls.NEUTRAL


def rated(
    opinion: ConversationOpinion, rating: ColumnElement[Any], scale: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the SQL condition that a rating has this opinion, as in ConversationOpinion.of."""
    low, high = (
        case((scale == FIVE, of_five), else_=other)
        for of_five, other in zip(OF_FIVE, OF_THUMBS, strict=True)
    )
    conditions = {
        ConversationOpinion.POSITIVE: rating >= high,
        ConversationOpinion.NEGATIVE: rating <= low,
        ConversationOpinion.NEUTRAL: and_(rating.is_not(None), ~or_(rating >= high, rating <= low)),
        ConversationOpinion.UNRATED: rating.is_(None),
    }
    return conditions[opinion]


def in_words(rating: int, scale: str) -> str:
    """Return a rating as text for the interface."""
    if scale == FIVE:
        return f"{rating} of 5"
    return (
        "Thumbs-up"
        if ConversationOpinion.of(rating, scale) is ConversationOpinion.POSITIVE
        else "Thumbs-down"
    )
