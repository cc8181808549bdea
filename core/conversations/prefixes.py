"""Whole histories that come with every request: what is known of them already need not be stored again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations.schemas import NewConversation, NewMessage
from core.intake import key_of, message_name
from core.staging import driver

KNOWN = "select id, created_at from messages where id = any(%(keys)s)"


def drop_known(session: Session, conversations: list[NewConversation]) -> None:
    """Leave out of each conversation the messages that are known, but those that come with news: a model, or an earlier time."""
    keys = {
        id(message): key_of("message", message_name(each.id, message.id)) for each in conversations for message in each.messages
    }
    known: dict[UUID, datetime] = dict(driver(session).execute(KNOWN, {"keys": list(keys.values())}).fetchall())
    for each in conversations:
        each.messages = [message for message in each.messages if _is_news(message, keys[id(message)], known)]


def _is_news(message: NewMessage, key: UUID, known: dict[UUID, datetime]) -> bool:
    return key not in known or message.model is not None or message.created_at < known[key]
