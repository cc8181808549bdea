"""The messages around one that was rated or annotated, for its drawer."""

from uuid import UUID

from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.queries.conversation_detail import ConversationPart, read_conversation
from pages._ui import guard, state

READ = "review.read_conversations"  # in this tab


def read(conversation_id: UUID, message_id: UUID | None, *, messages: int) -> ConversationPart:
    """Read so many messages around one; the first read of a conversation in a tab is audited.

    Raises ConversationMissing and MessageMissing.
    """
    known: set[UUID] = state.get(READ, set())
    focus = str(message_id) if message_id else None
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        found = read_conversation(
            session,
            ai,
            str(conversation_id),
            Window(messages),
            focus=focus,
            is_opening=conversation_id not in known,
            actor=actor,
        )
    state.put(READ, known | {conversation_id})
    return found
