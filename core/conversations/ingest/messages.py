"""Store messages: identified by their ids, ordered by time and then as sent."""

from operator import attrgetter
from uuid import UUID

import msgspec
from sqlalchemy import select

from core.conversations.models import Conversation
from core.conversations.schemas import NewConversation, NewMessage
from core.database.field_versions import is_too_large
from core.database.import_traces import note_owned
from core.database.sql_files import driver_statement
from core.database.staging import Connection, Stage
from core.database.tables import table_of
from core.ingest.prompts import REFERENCES
from core.ingest.rows import as_jsonb, key_of, message_name, staged_key

MESSAGES = Stage(
    "staged_messages",
    {
        "id": "uuid",
        "conversation_id": "uuid",
        "external_id": "text",
        "sequence": "int4",
        "role": "text",
        "content": "text",
        "model": "text",
        "tool_calls": "text",
        "tokens": "int4",
        "cost_usd": "numeric",
        "latency_ms": "int4",
        "first_token_ms": "int4",
        "error": "text",
        **dict.fromkeys(REFERENCES, "text"),
        "metadata": "text",
        "created_at": "timestamptz",
        "import_id": "uuid",
    },
)

# Fields that a message does not have stay unchanged.
KEPT = (
    "content",
    "model",
    "tool_calls",
    "tokens",
    "cost_usd",
    "latency_ms",
    "first_token_ms",
    "error",
)
# Each of these belongs together: a version without the name of its own prompt is another one.
KEPT_TOGETHER = (REFERENCES[:3], REFERENCES[3:])
INSERT, UPSERT, ORDER, COUNT = (
    driver_statement(__package__, name)
    for name in ("insert_messages", "upsert_messages", "order_messages", "count_messages")
)

staged, talks = MESSAGES.table, table_of(Conversation)
NAMED = (
    select(staged, talks.c.environment, talks.c.app)
    .join_from(staged, talks, talks.c.id == staged.c.conversation_id)
    .subquery()
)
references_of = attrgetter(*REFERENCES)

Sent = tuple[int, NewConversation, NewMessage, int]
Staged = dict[tuple[str, str], Sent]  # by the sender's ids of the conversation and the message


def stage(
    connection: Connection, conversations: list[NewConversation], import_id: UUID | None
) -> Staged:
    """Stage the messages of locked conversations; return each message once."""
    staged = _staged(conversations)
    if staged:
        MESSAGES.copy(connection, ((*_row(*each), import_id) for each in staged.values()))
        note_owned(connection, import_id, "messages", MESSAGES)
    return staged


def store(connection: Connection, staged: Staged, *, made: set[UUID]) -> tuple[set[int], set[UUID]]:
    """Store the staged messages; return the numbers of rows that changed something, and the changed
    conversations.

    Conversations in `made` are new: their messages need no lookup, and are in order.
    """
    keys = {name: key_of("conversation", name) for name in {name for name, _ in staged}}
    if made.issuperset(keys.values()):
        if staged:
            connection.execute(INSERT)
        return {number for number, *_ in staged.values()}, set(keys.values())
    names = {key: name for name, key in keys.items()}
    stored = [(names[key], name) for key, name in connection.execute(UPSERT)]
    touched = {keys[conversation] for conversation, _ in stored}
    if grown_before := touched - made:
        connection.execute(ORDER, {"ids": list(grown_before)})
    return {staged[name][0] for name in stored}, touched


def recount(connection: Connection, conversation_ids: list[UUID]) -> None:
    """Order and count the messages of conversations again, after some were removed."""
    for statement in (ORDER, COUNT):
        connection.execute(statement, {"ids": conversation_ids})


def _staged(conversations: list[NewConversation]) -> Staged:
    """Return each message once, with the number of its row, its conversation and its position."""
    staged: Staged = {}
    for number, conversation in enumerate(conversations):
        for place, message in enumerate(conversation.messages):
            name = (conversation.id, message.id)
            new = (
                number,
                conversation,
                message,
                place if message.position is None else message.position,
            )
            staged[name] = _merged(staged[name], new) if name in staged else new
    return staged


def _merged(old: Sent, new: Sent) -> Sent:
    """Return two reports of a message merged as if they had arrived one after the other."""
    before, after = old[2], new[2]
    kept = {name: getattr(before, name) for name in KEPT if getattr(after, name) is None}
    for names in KEPT_TOGETHER:
        if all(getattr(after, name) is None for name in names):
            kept |= {name: getattr(before, name) for name in names}
    news = {**(after.metadata or {}), **(after.extra or {})}
    metadata = {**(before.metadata or {}), **(before.extra or {}), **news}
    # Rows of 1 MiB about one message, each with other fields, would add up without an end
    if is_too_large(metadata):
        metadata = news
    at = min(before.created_at, after.created_at)
    message = msgspec.structs.replace(after, **kept, metadata=metadata, extra=None, created_at=at)
    return new[0], new[1], message, max(old[3], new[3])


def _row(
    _number: int, conversation: NewConversation, message: NewMessage, place: int
) -> tuple[object, ...]:
    return (
        staged_key("message", message_name(conversation.id, message.id)),
        staged_key("conversation", conversation.id),
        message.id,
        place,
        message.role,
        message.content,
        message.model,
        as_jsonb(message.tool_calls),
        message.tokens,
        message.cost_usd,
        message.latency_ms,
        message.first_token_ms,
        message.error,
        *references_of(message),
        as_jsonb({**(message.metadata or {}), **(message.extra or {})}) or "{}",
        message.created_at,
    )
