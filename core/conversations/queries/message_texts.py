"""Read the texts of a conversation's messages, without anything about them."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.conversations.models import Message
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

messages = table_of(Message)


class MessageText(NamedTuple):
    """The role and the beginning of a message."""

    position: int
    role: str
    content: str


def list_last_texts(
    session: Session, conversation_id: UUID, *, limit: int, max_chars: int, actor: Actor
) -> list[MessageText]:
    """Return the last messages in order, each with its first `max_chars` characters."""
    require(actor, Permission.READ_CONTENTS)
    columns = messages.c
    last = (
        select(columns.position, columns.role, func.left(columns.content, max_chars))
        .where(columns.conversation_id == conversation_id)
        .order_by(columns.position.desc())
        .limit(limit)
    )
    return [MessageText(*row) for row in reversed(session.execute(last).all())]
