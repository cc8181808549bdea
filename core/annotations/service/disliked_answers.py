"""The answers that users disliked or edited."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, false, func, literal, or_, select
from sqlalchemy.orm import Session

from core.annotations.schemas import QueueReason
from core.conversations.opinions import ConversationOpinion, rated
from core.database.tables import table_of
from core.knowledge.models import Feedback

feedback = table_of(Feedback)


class DislikedAnswer(NamedTuple):
    """An answer with the reasons to review it; without a message, the conversation's last."""

    conversation_id: UUID
    message_id: UUID | None
    reasons: set[QueueReason]


def list_disliked(
    ai: Session, conversation_ids: Sequence[UUID], since: datetime
) -> list[DislikedAnswer]:
    """Return what bad ratings and edits of conversations since a time are about."""
    is_low = func.coalesce(
        rated(ConversationOpinion.NEGATIVE, feedback.c.rating, feedback.c.scale), false()
    )
    is_edited = feedback.c.edited_text.is_not(None)
    facts = is_low.label("is_low"), is_edited.label("is_edited")
    about = (
        feedback.c.conversation_id == any_(literal(list(conversation_ids), ARRAY(Uuid()))),
        feedback.c.created_at >= since,
    )
    disliked = select(feedback.c.message_id, feedback.c.conversation_id, *facts).where(
        *about, or_(is_low, is_edited)
    )
    found = []
    for row in ai.execute(disliked).mappings():
        facts_of = {QueueReason.RATED_LOW: row["is_low"], QueueReason.EDITED: row["is_edited"]}
        reasons = {reason for reason, holds in facts_of.items() if holds}
        found.append(DislikedAnswer(row["conversation_id"], row["message_id"], reasons))
    return found
