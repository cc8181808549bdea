"""Feedback on a conversation and on its messages."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import Session

from core.conversations.opinions import ConversationOpinion
from core.database import shortened
from core.database.tables import table_of
from core.identity.schemas import View
from core.knowledge.models import Feedback

MOST_FEEDBACK = 500

feedback = table_of(Feedback)

LAST_ANSWER = text("""
select id from messages where conversation_id = :conversation_id and role = 'assistant'
order by position desc limit 1""")


class FeedbackInContext(View):
    """Feedback on a message, or, without one, on the conversation; its texts may be cut."""

    id: UUID
    message_id: UUID | None
    rating: int
    scale: str
    opinion: ConversationOpinion
    comment: str | None
    edited_text: str | None
    created_at: datetime


LONG = (feedback.c.comment, feedback.c.edited_text)
SHOWN = (
    *(feedback.c[name] for name in ("id", "message_id", "rating", "scale", "created_at")),
    *(shortened.text(column, shortened.LONGEST_PART).label(column.key) for column in LONG),
)


class ConversationFeedback(NamedTuple):
    """Feedback on a conversation and its messages."""

    by_message: dict[UUID | None, list[FeedbackInContext]]
    on_conversation: list[FeedbackInContext]
    last_answer: UUID | None


def read_feedback(
    core: Session, ai: Session, conversation_id: UUID, ids: list[UUID]
) -> ConversationFeedback:
    """Return feedback on messages and on the conversation itself, earliest first."""
    columns = feedback.c
    on_it = and_(columns.conversation_id == conversation_id, columns.message_id.is_(None))
    wanted = (
        select(*SHOWN)
        .where(or_(columns.message_id.in_(ids), on_it))
        .order_by(columns.created_at, columns.id)
    )
    found: dict[UUID | None, list[FeedbackInContext]] = defaultdict(list)
    for row in ai.execute(wanted.limit(MOST_FEEDBACK)).mappings():
        opinion = ConversationOpinion.of(row["rating"], row["scale"])
        found[row["message_id"]].append(FeedbackInContext(**dict(row), opinion=opinion))
    last = core.scalar(LAST_ANSWER, {"conversation_id": conversation_id}) if found[None] else None
    return ConversationFeedback(found, found[None], last)
