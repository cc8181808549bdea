"""Tables of model calls and their turns. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.executions.schemas import ExecutionStatus


class Execution(Keyed, Created, CoreTable):
    """One model call: its input, its answer, tokens, cost and times in milliseconds."""

    __tablename__ = "prompt_executions"
    __table_args__ = (
        one_of("status", ExecutionStatus),
        Index(None, "owner", "created_at"),
        # Usage reads only these columns, and the rows have large texts beside them
        Index(
            "ix_prompt_executions_created_at",
            "created_at",
            postgresql_include=[
                "owner",
                "key_id",
                "template_version_id",
                "model_id",
                "status",
                "input_tokens",
                "output_tokens",
                "cost_usd",
                "execution_time_ms",
                "cached_from",
            ],
        ),
        Index(
            "ix_prompt_executions_key_id_created_at",
            "key_id",
            "created_at",
            postgresql_where=text("key_id is not null"),
        ),
        Index(None, "session_id"),
        Index(
            "ix_prompt_executions_template_version_id",
            "template_version_id",
            postgresql_where=text("template_version_id is not null"),
        ),
        Index(
            "ix_prompt_executions_cache_key",
            "cache_key",
            postgresql_where=text("cache_key is not null"),
        ),
        Index(
            "ix_prompt_executions_pending", "instance", postgresql_where=text("status = 'pending'")
        ),
    )

    owner: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="SET NULL"))
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("playground_sessions.id", ondelete="SET NULL")
    )
    template_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("prompt_template_versions.id", ondelete="SET NULL")
    )
    cache_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    cached_from: Mapped[UUID | None]  # the execution that this one has its answer from
    provider: Mapped[str]
    model_id: Mapped[str]
    fallback_for: Mapped[str | None]  # the model that was asked for, when model_id answered instead
    prompt: Mapped[bytes | None] = mapped_column(LargeBinary)
    system_prompt: Mapped[bytes | None] = mapped_column(LargeBinary)
    messages: Mapped[bytes | None] = mapped_column(LargeBinary)
    context: Mapped[bytes | None] = mapped_column(LargeBinary)
    # SQLAlchemy has `metadata` for itself
    sender_metadata: Mapped[bytes | None] = mapped_column("metadata", LargeBinary)
    response: Mapped[bytes | None] = mapped_column(LargeBinary)
    tool_executions: Mapped[bytes | None] = mapped_column(LargeBinary)
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    tools: Mapped[list[dict[str, Any]] | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    cache_write_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    total_tokens: Mapped[int | None]
    tokens_estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    cost_source: Mapped[str | None]
    price_id: Mapped[UUID | None]  # in the price table; null when unpriced, or from packaged data
    first_token_ms: Mapped[int | None]
    execution_time_ms: Mapped[int | None]
    finish_reason: Mapped[str | None]
    status: Mapped[str]
    error: Mapped[dict[str, Any] | None]
    # Of the process that makes the call; a service's calls belong to none
    instance: Mapped[UUID | None]
    # In `services`; kept when the service is removed
    service_id: Mapped[UUID | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))  # answered after its timeout
    alive_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ProviderTurn(CoreTable):
    """A call in the queue of a provider with limits: it waits until `started_at`, and counts to the
    calls per minute after `ended_at`, too.
    """

    __tablename__ = "provider_turns"
    __table_args__ = (Index(None, "provider", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    execution_id: Mapped[UUID] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
