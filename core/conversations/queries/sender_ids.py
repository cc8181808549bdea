"""Find conversations and messages by the sender's ID or Attune's."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.ingest.rows import key_of, message_name

CONVERSATIONS = text("select id, external_id from conversations where id = any(:ids)")
MESSAGES = text("""
select id, external_id, conversation_id from messages where id = any(:ids)
union select id, external_id, conversation_id from messages where external_id = any(:names)""")


@dataclass(frozen=True)
class MessagePlace:
    """The keys of a message and its conversation; they are known even before these are stored."""

    conversation_id: UUID | None
    message_id: UUID | None


Named = tuple[str | None, str | None]  # the sender's ids of a conversation and a message


def places(session: Session, named: Iterable[Named]) -> dict[Named, MessagePlace]:
    """Return the key of each (conversation, message) pair; a stored UUID means that row."""
    wanted = set(named)
    ids = [id_ for pair in wanted for name in pair if (id_ := _as_uuid(name)) is not None]
    names = [
        message for conversation, message in wanted if message is not None and conversation is None
    ]
    ours = _Ours()
    if ids:
        ours.conversations = {
            id_: name for id_, name in session.execute(CONVERSATIONS, {"ids": ids})
        }
    if ids or names:
        for id_, name, conversation_id in session.execute(MESSAGES, {"ids": ids, "names": names}):
            ours.messages[id_] = MessagePlace(conversation_id, id_)
            ours.called[name].append(MessagePlace(conversation_id, id_))
    return {pair: ours.place(*pair) for pair in wanted}


@dataclass
class _Ours:
    """The stored rows among the named ones."""

    conversations: dict[UUID, str] = field(default_factory=dict)
    messages: dict[UUID, MessagePlace] = field(default_factory=dict)
    called: dict[str, list[MessagePlace]] = field(default_factory=lambda: defaultdict(list))

    def place(self, conversation: str | None, message: str | None) -> MessagePlace:
        """Return the keys of a message and a conversation."""
        own, by_key = _as_uuid(conversation), _as_uuid(message)
        conversation = conversation if own is None else self.conversations.get(own, conversation)
        key = key_of("conversation", conversation) if conversation is not None else None
        if by_key in self.messages:
            return self.messages[by_key]
        if message is None:
            return MessagePlace(key, None)
        so_called = self.called[message] if conversation is None else []
        return (
            so_called[0]
            if len(so_called) == 1
            else MessagePlace(key, key_of("message", message_name(conversation, message)))
        )


def _as_uuid(name: str | None) -> UUID | None:
    try:
        return UUID(name) if name is not None else None
    except ValueError:
        return None
