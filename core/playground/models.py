"""The playground's tables. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.executions.schemas import ExecutionStatus
from core.playground.replay_schemas import ReplayOutcome
from core.playground.schemas import Speaker


class PlaygroundShare(CoreTable):
    """An account that may read a session, and fork it."""

    __tablename__ = "playground_shares"
    __table_args__ = (Index(None, "admin_user_id"),)

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_sessions.id", ondelete="CASCADE"), primary_key=True
    )
    admin_user_id: Mapped[UUID] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), primary_key=True
    )


class PlaygroundSession(Keyed, Created, CoreTable):
    """A chat of an account with models; `revision` rises with each change that a page must show."""

    __tablename__ = "playground_sessions"
    __table_args__ = (Index(None, "owner", "last_message_at"),)

    owner: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    description: Mapped[bytes | None] = mapped_column(LargeBinary)
    project: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    draft: Mapped[bytes | None] = mapped_column(LargeBinary)
    unsent_message: Mapped[bytes | None] = mapped_column(LargeBinary)
    # SQLAlchemy has `metadata` for itself
    sender_metadata: Mapped[bytes | None] = mapped_column("metadata", LargeBinary)
    has_custom_prompt: Mapped[bool] = mapped_column(server_default=text("false"))
    # A column of a comparison: in no list until it is kept
    in_comparison: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default="1")
    message_count: Mapped[int] = mapped_column(server_default="0")
    execution_count: Mapped[int] = mapped_column(server_default="0")
    total_cost: Mapped[Decimal] = mapped_column(Numeric(14, 8), server_default="0")
    last_message_at: Mapped[datetime | None]
    last_executed_at: Mapped[datetime | None]
    # The last message of the branch that is shown; null: the newest message
    leaf_position: Mapped[int | None]
    deleted_at: Mapped[datetime | None]
    # Its messages and texts are still there
    in_trash: Mapped[bool] = mapped_column(server_default=text("false"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    @declared_attr
    def is_shared(cls) -> Mapped[bool]:  # noqa: N805
        """Whether other accounts may read it."""
        shares = select(PlaygroundShare).where(PlaygroundShare.session_id == cls.id)
        return column_property(shares.correlate_except(PlaygroundShare).exists())


class PlaygroundReplay(Created, CoreTable):
    """The answer that a session replays, and the vote on both answers: of a conversation, or of a
    case of an evaluation, whose texts are then here. Its keys are references without a constraint:
    annotations are in the other database, and conversations and evaluations may be erased.
    """

    __tablename__ = "playground_replays"
    __table_args__ = (
        one_of("outcome", ReplayOutcome),
        CheckConstraint("num_nonnulls(message_id, texts) = 1", name="source"),
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_sessions.id", ondelete="CASCADE"), primary_key=True
    )
    conversation_id: Mapped[UUID | None]  # of a case: the one that it was made of
    message_id: Mapped[UUID | None]
    annotation_id: Mapped[UUID | None]
    evaluation_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]  # its row in the evaluation
    texts: Mapped[bytes | None] = mapped_column(LargeBinary)
    outcome: Mapped[str | None]
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    # What was compared: for each answer its `place`, `model` and `prompt`
    models: Mapped[list[dict[str, Any]] | None]
    voted_at: Mapped[datetime | None]


class PlaygroundMessage(Keyed, Created, CoreTable):
    """One message; `revision` is that of the session at its last change."""

    __tablename__ = "playground_messages"
    __table_args__ = (
        one_of("role", Speaker),
        one_of("status", ExecutionStatus),
        CheckConstraint("rating in (-1, 1)", name="rating"),
        UniqueConstraint("session_id", "position"),
        Index(None, "session_id"),
        Index(
            "ix_playground_messages_admin_user_id_created_at",
            "admin_user_id",
            text("created_at desc"),
        ),
        Index(
            "ix_playground_messages_job_id", "job_id", postgresql_where=text("job_id is not null")
        ),
        Index(None, "execution_id"),
    )

    admin_user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_sessions.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    # Of the message that it follows, 0 for none; null: the one before it
    parent_position: Mapped[int | None]
    role: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    job_id: Mapped[str | None]
    status: Mapped[str | None]
    custom_prompt: Mapped[bytes | None] = mapped_column(LargeBinary)
    service_used: Mapped[str | None]
    response_time_ms: Mapped[int | None]
    execution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("prompt_executions.id", ondelete="SET NULL")
    )
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    note: Mapped[bytes | None] = mapped_column(LargeBinary)
    revision: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
