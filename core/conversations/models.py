"""Tables of conversations and messages."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    FetchedValue,
    ForeignKey,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core.conversations.schemas import ConversationOrigin, ConversationState, MessageSpeaker
from core.database.tables import CoreTable, Created, Keyed, one_of, prefix_index

EMPTY = text("'{}'::jsonb")


class Conversation(CoreTable):
    """One conversation. Key: uuid5 of the sender's ID."""

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("source", ConversationOrigin),
        one_of("status", ConversationState),
        Index(None, "user_id", "last_message_at"),
        Index(None, "last_message_at"),
        Index(None, "environment", "last_message_at"),
        Index(None, "environment", "message_count", "id"),
        prefix_index("ix_conversations_id_prefix", column("external_id")),
        prefix_index("ix_conversations_title_prefix", column("title")),
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
    # Of its messages; null when none has any (queries/conversations.py: then, its AI requests')
    total_tokens: Mapped[int | None]
    total_cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    # What its messages name, each once (core/ingest/prompts.py)
    models: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    prompt_versions: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    experiment_arms: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
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
    # Versions by field (core/database/field_versions.py)
    told: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    last_message_at: Mapped[datetime]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Message(CoreTable):
    """One message of a conversation. Key: uuid5 of the conversation's and the message's ids."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("role", MessageSpeaker),
        # Deferrable, so that one statement can renumber them.
        UniqueConstraint("conversation_id", "position", deferrable=True, initially="IMMEDIATE"),
        Index(None, "created_at"),
        Index(None, "external_id"),
        Index("ix_messages_import", "import_id", postgresql_where=text("import_id is not null")),
        Index("ix_messages_search", "search", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE")
    )
    external_id: Mapped[str | None]
    position: Mapped[int]
    sequence: Mapped[int]  # its position as sent, which orders messages of the same time
    role: Mapped[str]
    content: Mapped[str]
    model: Mapped[str | None]
    prompt_version_id: Mapped[UUID | None]
    prompt_name: Mapped[str | None]
    prompt_version: Mapped[str | None]
    prompt_label: Mapped[str | None]
    experiment_key: Mapped[str | None]
    experiment_arm: Mapped[str | None]
    tool_calls: Mapped[list[dict[str, Any]] | None]
    tokens: Mapped[int | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    latency_ms: Mapped[int | None]
    first_token_ms: Mapped[int | None]
    error: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=EMPTY)
    created_at: Mapped[datetime]
    import_id: Mapped[UUID | None]  # when the last change came from an import
    # By a trigger: search_vector(content)
    search: Mapped[Any] = mapped_column(TSVECTOR, FetchedValue())


class NamedMessage(CoreTable):
    """A message name used by feedback or a score alone; linked when the message arrives."""

    __tablename__ = "named_messages"
    __table_args__ = (Index(None, "name"), Index(None, "received_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the feedback's or the score's
    name: Mapped[str]
    named_at: Mapped[datetime]  # the time of that row, to detect that it has changed since
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ConversationNote(Keyed, Created, CoreTable):
    """A colleague's note on a conversation; it is part of no export."""

    __tablename__ = "conversation_notes"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL"), index=True
    )
    author_name: Mapped[str]
    body: Mapped[str]


class NoteMention(CoreTable):
    """A colleague whom a note mentions; `seen_at` is null until they have opened their mentions."""

    __tablename__ = "conversation_note_mentions"

    note_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversation_notes.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seen_at: Mapped[datetime | None]
