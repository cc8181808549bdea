"""The playground's tables. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.executions.schemas import ExecutionStatus
from core.playground.schemas import Speaker


class PlaygroundSession(Keyed, Created, CoreTable):
    """A chat of an account with models; `revision` rises with each change that a page must show."""

    __tablename__ = "playground_sessions"
    __table_args__ = (Index(None, "owner", "last_message_at"),)

    owner: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    draft: Mapped[bytes | None] = mapped_column(LargeBinary)
    # SQLAlchemy has `metadata` for itself
    sender_metadata: Mapped[bytes | None] = mapped_column("metadata", LargeBinary)
    has_custom_prompt: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default="1")
    message_count: Mapped[int] = mapped_column(server_default="0")
    execution_count: Mapped[int] = mapped_column(server_default="0")
    total_cost: Mapped[Decimal] = mapped_column(Numeric(14, 8), server_default="0")
    last_message_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class PlaygroundMessage(Keyed, Created, CoreTable):
    """One message; `revision` is that of the session at its last change."""

    __tablename__ = "playground_messages"
    __table_args__ = (
        one_of("role", Speaker),
        one_of("status", ExecutionStatus),
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
    revision: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
