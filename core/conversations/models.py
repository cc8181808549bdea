"""Tables of conversations and messages."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, FetchedValue, ForeignKey, Index, Numeric, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core.conversations.schemas import ConversationState, MessageSpeaker, Origin
from core.database.tables import CoreTable, one_of

EMPTY = text("'{}'::jsonb")


class Conversation(CoreTable):
    """One conversation. Key: uuid5 of the sender's id."""

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("source", Origin),
        one_of("status", ConversationState),
        Index(None, "user_id", "last_message_at"),
        Index(None, "last_message_at"),
        Index(None, "environment", "last_message_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    user_id: Mapped[UUID | None]
    source: Mapped[str]
    session_type: Mapped[str | None]
    title: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=ConversationState.ACTIVE)
    context: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    message_count: Mapped[int] = mapped_column(server_default="0")
    total_tokens: Mapped[int] = mapped_column(server_default="0")
    total_cost_usd: Mapped[Decimal] = mapped_column(Numeric(14, 8), server_default="0")
    models: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))  # who answered in it, by name
    user_rating: Mapped[int | None]
    rating_scale: Mapped[str | None]
    user_feedback: Mapped[str | None]
    escalated_at: Mapped[datetime | None]
    escalation_reason: Mapped[str | None]
    assigned_to: Mapped[UUID | None]
    annotation_count: Mapped[int] = mapped_column(server_default="0")
    last_annotated_at: Mapped[datetime | None]
    environment: Mapped[str]
    app: Mapped[str]
    release: Mapped[str]
    import_id: Mapped[UUID | None]
    told: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # how new each field is (core/database/newest_values.py)
    last_message_at: Mapped[datetime]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Message(CoreTable):
    """One message of a conversation. Key: uuid5 of the conversation's and the message's ids."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("role", MessageSpeaker),
        # Deferrable, so that one statement may renumber them.
        UniqueConstraint("conversation_id", "position", deferrable=True, initially="IMMEDIATE"),
        Index(None, "created_at"),
        Index(None, "external_id"),
        Index("ix_messages_import", "import_id", postgresql_where=text("import_id is not null")),
        Index("ix_messages_search", "search", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    external_id: Mapped[str | None]
    position: Mapped[int]
    sequence: Mapped[int]  # its place as sent, which decides among messages of the same moment
    role: Mapped[str]
    content: Mapped[str]
    model: Mapped[str | None]
    prompt_version_id: Mapped[UUID | None]
    tool_calls: Mapped[list[dict[str, Any]] | None]
    tokens: Mapped[int | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    latency_ms: Mapped[int | None]
    first_token_ms: Mapped[int | None]
    error: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=EMPTY)
    created_at: Mapped[datetime]
    import_id: Mapped[UUID | None]  # when an import was the last to say something new
    search: Mapped[Any] = mapped_column(TSVECTOR, FetchedValue())  # by a trigger: search_vector(content)


class NamedMessage(CoreTable):
    """What feedback has called a message of no named conversation: looked at again when messages of that name come."""

    __tablename__ = "named_messages"
    __table_args__ = (Index(None, "name"), Index(None, "received_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the feedback's
    name: Mapped[str]
    named_at: Mapped[datetime]  # the feedback's own time, by which it is known whether it still says so
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
