"""Find answers of assistants that are announced, and have no text yet."""

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.conversations.models import Conversation, Message
from core.conversations.schemas import MessageSpeaker


class UnansweredMessage(NamedTuple):
    """An assistant's message without a text or an error, with its sender's ids."""

    external_id: str
    conversation: str
    sequence: int
    latency_ms: int | None
    environment: str
    source: str
    created_at: datetime


def find_unanswered(session: Session, name: str) -> UnansweredMessage | None:
    """Return the message of a sender's ID or Attune's, or None when there is not exactly one."""
    is_named = Message.external_id == name
    with suppress(ValueError):
        is_named = or_(is_named, Message.id == UUID(name))
    query = (
        select(
            Message.external_id,
            Conversation.external_id.label("conversation"),
            Message.sequence,
            Message.latency_ms,
            Conversation.environment,
            Conversation.source,
            Message.created_at,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            is_named,
            Message.external_id.is_not(None),
            Message.role == MessageSpeaker.ASSISTANT,
            Message.content == "",
            Message.error.is_(None),
        )
        # A second one is enough to know that the name is ambiguous
        .limit(2)
    )
    rows = session.execute(query).all()
    if len(rows) != 1:
        return None
    return UnansweredMessage(**rows[0]._mapping)  # noqa: SLF001  public, in spite of its name
