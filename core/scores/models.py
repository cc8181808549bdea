"""The table of scores, in the database `core`."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Double, Index, Numeric, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, one_of
from core.scores.schemas import ScoreSource, ScoreSubject


class MessageScore(CoreTable):
    """A score of a message, a conversation or an AI request, which may not be stored yet."""

    __tablename__ = "message_scores"
    __table_args__ = (
        one_of("subject_kind", ScoreSubject),
        one_of("source", ScoreSource),
        Index(None, "name", "created_at"),
        Index(None, "created_at"),
        Index(None, "subject_id"),
        Index(None, "conversation_id"),
        Index(None, "user_id"),
        Index(
            "ix_message_scores_import", "import_id", postgresql_where=text("import_id is not null")
        ),
        Index(
            "ix_message_scores_requests_due",
            "requests_due_at",
            postgresql_where=text("requests_due_at is not null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    # Of the message or request, too, where it is known
    conversation_id: Mapped[UUID | None]
    # The sender's ID of a message without its conversation
    message_name: Mapped[str | None]
    user_id: Mapped[UUID | None]
    name: Mapped[str]
    value: Mapped[float | None] = mapped_column(Double)
    label: Mapped[str | None]
    source: Mapped[str]
    comment: Mapped[str | None]
    evaluator: Mapped[str | None]
    evaluator_version: Mapped[str | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    environment: Mapped[str]
    app: Mapped[str]
    release: Mapped[str]
    attributes: Mapped[dict[str, Any] | None]
    import_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Of the AI request, or of those that answered with the message; null: none was found
    request_versions: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    request_arms: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    # When they are looked for, while they are not known
    requests_due_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
