"""Skip stored messages of a history: senders repeat all of it with every request."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from core.conversations.schemas import NewConversation, NewMessage
from core.database.staging import Connection
from core.ingest.rows import key_of, message_name

KNOWN = "select id, created_at from messages where id = any(%(keys)s)"


def drop_known(
    connection: Connection, conversations: list[NewConversation], before: Collection[UUID]
) -> None:
    """Remove stored messages from known conversations, unless they add a model or time."""
    grow = [each for each in conversations if key_of("conversation", each.id) in before]
    # By identity: messages change, and so have no hash
    keys = {
        id(message): key_of("message", message_name(each.id, message.id))
        for each in grow
        for message in each.messages
    }
    known: dict[UUID, datetime] = (
        dict(connection.execute(KNOWN, {"keys": list(keys.values())}).fetchall()) if keys else {}
    )
    for each in grow:
        each.messages = [
            message for message in each.messages if _is_news(message, keys[id(message)], known)
        ]


def _is_news(message: NewMessage, key: UUID, known: dict[UUID, datetime]) -> bool:
    return key not in known or message.model is not None or message.created_at < known[key]
