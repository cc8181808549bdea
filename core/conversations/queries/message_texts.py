"""Read the texts of a conversation's messages, without what was recorded beside them."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from core.conversations.errors import MessageMissing
from core.conversations.models import Message
from core.conversations.schemas import MessageSpeaker
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

messages = table_of(Message)


class MessageText(NamedTuple):
    """The role and the beginning of a message."""

    position: int
    role: str
    content: str


class AnswerText(NamedTuple):
    """A message with what answered it."""

    id: UUID
    conversation_id: UUID
    position: int
    role: str
    content: str
    model: str | None
    prompt_name: str | None


def find_answer(session: Session, message_id: UUID, *, actor: Actor) -> AnswerText | None:
    """Return a message in full, or None."""
    require(actor, Permission.READ_CONTENTS)
    wanted = [messages.c[name] for name in AnswerText._fields]
    row = session.execute(select(*wanted).where(messages.c.id == message_id)).one_or_none()
    return AnswerText(*row) if row is not None else None


def get_turn(session: Session, conversation_id: UUID, turn: int, *, actor: Actor) -> UUID:
    """Return the key of an assistant's message by its number, from 1; raise MessageMissing."""
    require(actor, Permission.READ_CONTENTS)
    columns = messages.c
    said = (
        columns.conversation_id == conversation_id,
        columns.role == MessageSpeaker.ASSISTANT,
        columns.content != "",  # only calls of tools
    )
    wanted = select(columns.id).where(*said).order_by(columns.position)
    id_: UUID | None = session.scalar(wanted.offset(turn - 1).limit(1))
    if id_ is None:
        raise MessageMissing
    return id_


def get_at(session: Session, conversation_id: UUID, position: int, *, actor: Actor) -> UUID:
    """Return the key of a conversation's message at a position; raise MessageMissing."""
    require(actor, Permission.READ_CONTENTS)
    columns = messages.c
    at = columns.conversation_id == conversation_id, columns.position == position
    id_: UUID | None = session.scalar(select(columns.id).where(*at))
    if id_ is None:
        raise MessageMissing
    return id_


def list_last_texts(
    session: Session,
    conversation_id: UUID,
    *,
    limit: int,
    max_chars: int,
    before: int | None = None,
    actor: Actor,
) -> list[MessageText]:
    """Return the last messages in order, of those before a position when it is given, each with
    its first `max_chars` characters.
    """
    require(actor, Permission.READ_CONTENTS)
    columns = messages.c
    is_before = columns.position < before if before is not None else true()
    last = (
        select(columns.position, columns.role, func.left(columns.content, max_chars))
        .where(columns.conversation_id == conversation_id, is_before)
        .order_by(columns.position.desc())
        .limit(limit)
    )
    return [MessageText(*row) for row in reversed(session.execute(last).all())]
