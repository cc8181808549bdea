"""Skip stored messages of a history: senders repeat all of it, or the end of it, with every
request.
"""

from collections.abc import Collection, Mapping
from copy import copy
from datetime import datetime
from uuid import UUID

from core.conversations.ingest.windows import (
    LATE,
    Fingerprint,
    SentHistory,
    has_gaps,
    without_repeated,
)
from core.conversations.schemas import NewConversation, NewMessage
from core.database.sql_files import driver_statement
from core.database.staging import Connection
from core.ingest.rows import key_of, message_name

KNOWN = "select id, created_at from messages where id = any(%(keys)s)"
LAST = driver_statement(__package__, "last_messages")


def drop_known(
    connection: Connection,
    conversations: list[NewConversation],
    before: Collection[UUID],
    histories: Mapping[str, list[SentHistory]],
) -> list[NewConversation]:
    """Return conversations without their stored messages, unless these add a model or time, and
    without those that histories repeat under other names.
    """
    conversations = [copy(each) for each in conversations]  # a retry needs what was sent
    grow = [each for each in conversations if key_of("conversation", each.id) in before]
    # By identity: messages change, and so have no hash
    keys = {
        id(message): key_of("message", message_name(each.id, message.id))
        for each in grow
        for message in each.messages
    }
    stored: dict[UUID, datetime] = (
        dict(connection.execute(KNOWN, {"keys": list(keys.values())}).fetchall()) if keys else {}
    )
    known = {
        each.id: {message.id for message in each.messages if keys[id(message)] in stored}
        for each in grow
    }
    _drop_repeated(connection, conversations, known, histories)
    for each in grow:
        each.messages = [
            message for message in each.messages if _is_news(message, keys[id(message)], stored)
        ]
    return conversations


def _is_news(message: NewMessage, key: UUID, stored: dict[UUID, datetime]) -> bool:
    return key not in stored or message.model is not None or message.created_at < stored[key]


def _drop_repeated(
    connection: Connection,
    conversations: list[NewConversation],
    known: Mapping[str, Collection[str]],
    histories: Mapping[str, list[SentHistory]],
) -> None:
    """Remove what is stored under other names; `known` has the names that are stored, of the
    conversations that are.
    """
    found = [
        each
        for each in conversations
        if has_gaps(histories[each.id], known.get(each.id, ()), is_new=each.id not in known)
    ]
    keys = {each.id: key_of("conversation", each.id) for each in found if each.id in known}
    most = LATE + max((len(each.messages) for each in found), default=0)
    last: dict[UUID, list[Fingerprint]] = {key: [] for key in keys.values()}
    wanted = {"ids": list(last), "most": most}
    for key, role, text_hash in connection.execute(LAST, wanted) if last else ():
        last[key].append((role, text_hash))
    for each in found:
        stored = last[keys[each.id]] if each.id in keys else ()
        each.messages = without_repeated(
            each.messages, histories[each.id], known.get(each.id, ()), stored
        )
