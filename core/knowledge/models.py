"""Tables of documents, memories and feedback, in the database `ai`."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, FetchedValue, Index, Numeric, Text, column, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import AiTable, Created, Keyed, one_of, prefix_index
from core.knowledge.schemas import DocumentState, MemoryKind, RatingScale

SORTED_CHARS = 100  # of a title: longer ones would not fit into an index


class Document(Created, AiTable):
    """A document of the knowledge base."""

    __tablename__ = "ai_kb_documents"
    __table_args__ = (
        one_of("status", DocumentState),
        Index(None, "scope", "updated_at"),
        Index(None, "updated_at", "id"),
        Index(None, "scope", "id"),
        Index("ix_ai_kb_documents_title", func.left(column("title"), SORTED_CHARS), "id"),
        prefix_index("ix_ai_kb_documents_title_prefix", func.left(column("title"), SORTED_CHARS)),
        Index("ix_ai_kb_documents_characters", text("length(content)"), "id"),
        Index(
            "ix_ai_kb_documents_import", "import_id", postgresql_where=text("import_id is not null")
        ),
        Index("ix_ai_kb_documents_search", "search", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    scope: Mapped[str]
    title: Mapped[str]
    content: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    source: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=DocumentState.PUBLISHED)
    attributes: Mapped[dict[str, Any] | None]
    # By a trigger: search_vector(title || ' ' || content)
    search: Mapped[Any] = mapped_column(TSVECTOR, FetchedValue())
    import_id: Mapped[UUID | None]
    updated_at: Mapped[datetime]


class DocumentChange(Keyed, AiTable):
    """A change to a document by a person; it stays when the document is deleted."""

    __tablename__ = "ai_kb_document_changes"
    __table_args__ = (Index(None, "document_id", "at"),)

    document_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by: Mapped[UUID]
    by_name: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class Memory(Created, AiTable):
    """Something that the assistant remembers of a user."""

    __tablename__ = "ai_memories"
    __table_args__ = (
        one_of("kind", MemoryKind),
        Index(None, "user_id"),
        Index(None, "scope"),
        Index("ix_ai_memories_import", "import_id", postgresql_where=text("import_id is not null")),
        Index(None, "updated_at"),
        Index("ix_ai_memories_search", "search", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    user_id: Mapped[UUID | None]
    scope: Mapped[str]
    kind: Mapped[str]
    content: Mapped[str]
    confidence: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    source_message_id: Mapped[UUID | None]
    attributes: Mapped[dict[str, Any] | None]
    # By a trigger: search_vector(content)
    search: Mapped[Any] = mapped_column(TSVECTOR, FetchedValue(), nullable=True)
    import_id: Mapped[UUID | None]
    updated_at: Mapped[datetime]


class Feedback(AiTable):
    """A user's rating of an answer or a conversation."""

    __tablename__ = "ai_feedback"
    __table_args__ = (
        one_of("scale", RatingScale),
        Index(None, "message_id"),
        Index(None, "conversation_id"),
        Index(None, "user_id"),
        Index(None, "created_at"),
        Index("ix_ai_feedback_import", "import_id", postgresql_where=text("import_id is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    message_id: Mapped[UUID | None]
    conversation_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    rating: Mapped[int]
    scale: Mapped[str]
    edited_text: Mapped[str | None]
    comment: Mapped[str | None]
    environment: Mapped[str]
    app: Mapped[str]
    attributes: Mapped[dict[str, Any] | None]
    import_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
