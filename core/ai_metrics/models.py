"""Tables of AI requests and their rollups."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.ai_metrics.schemas import CostSource, RequestStatus
from core.database.rollups import Grain
from core.database.tables import CoreTable, one_of

HISTOGRAM = ARRAY(Integer())
FOLDED = {"postgresql_with": {"fillfactor": 50}}  # folds update the same rows: in their page
DIMENSION_KEY = (
    *("grain", "environment", "dimension", "value", "at"),
    *("app", "provider", "model", "status"),
)


class AiRequest(CoreTable):
    """A request to a model. Partitioned by day (core/database/partitions.py)."""

    __tablename__ = "ai_request_metrics"
    __table_args__ = (
        one_of("status", RequestStatus),
        one_of("cost_source", CostSource),
        Index(None, "created_at", "id"),
        Index(None, "user_id", "created_at", postgresql_where=text("user_id is not null")),
        Index(
            *(None, "conversation_id", "created_at"),
            postgresql_where=text("conversation_id is not null"),
        ),
        Index(
            *("ix_ai_request_metrics_errors", "created_at", "id"),
            postgresql_include=[
                *("environment", "app", "release", "provider", "model", "error_type", "user_id"),
                *("conversation_id", "prompt_name", "prompt_version", "prompt_label"),
                *("experiment_key", "experiment_arm"),
            ],
            postgresql_where=text("status = 'error'"),
        ),
        Index(
            *("ix_ai_request_metrics_tool_errors", "created_at", "id"),
            postgresql_where=text("status = 'error' and tool_calls_count > 0"),
        ),
        Index(
            *("ix_ai_request_metrics_import", "import_id", "created_at", "id"),
            postgresql_where=text("import_id is not null"),
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    conversation_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    provider: Mapped[str]
    model: Mapped[str]
    operation: Mapped[str | None]
    environment: Mapped[str]
    app: Mapped[str]
    release: Mapped[str]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cached_tokens: Mapped[int | None]
    cache_write_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    total_tokens: Mapped[int | None]
    first_token_ms: Mapped[int | None]
    total_latency_ms: Mapped[int | None]
    tool_calls_count: Mapped[int] = mapped_column(server_default="0")
    tool_calls: Mapped[list[dict[str, Any]] | None]
    steps: Mapped[list[dict[str, Any]] | None]
    finish_reason: Mapped[str | None]
    status: Mapped[str]
    error_type: Mapped[str | None]
    error_message: Mapped[str | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    cost_source: Mapped[str]
    price_id: Mapped[UUID | None]
    prompt_version_id: Mapped[UUID | None]
    prompt_name: Mapped[str | None]
    prompt_version: Mapped[str | None]
    prompt_label: Mapped[str | None]
    experiment_key: Mapped[str | None]
    experiment_arm: Mapped[str | None]
    import_id: Mapped[UUID | None]
    attributes: Mapped[dict[str, Any] | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RequestSums:
    """Sums and histograms of requests; integers, because float sums depend on their order."""

    at: Mapped[datetime]
    environment: Mapped[str]
    app: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    status: Mapped[str]
    requests: Mapped[int] = mapped_column(BigInteger)
    unpriced: Mapped[int] = mapped_column(BigInteger)
    priced: Mapped[int] = mapped_column(BigInteger, server_default="0")
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    total_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_nano: Mapped[int] = mapped_column(BigInteger)
    # The sum of squares of nano-dollars
    cost_squares: Mapped[Decimal] = mapped_column(Numeric(40, 0), server_default="0")
    latencies: Mapped[int] = mapped_column(BigInteger)
    latency_ms: Mapped[int] = mapped_column(BigInteger)
    first_tokens: Mapped[int] = mapped_column(BigInteger)
    first_token_ms: Mapped[int] = mapped_column(BigInteger)
    latency_histogram: Mapped[list[int] | None] = mapped_column(HISTOGRAM)
    first_token_histogram: Mapped[list[int] | None] = mapped_column(HISTOGRAM)


class RequestRollup(RequestSums, CoreTable):
    """Requests by half hour or day (of the reporting time zone) and model; `*` is all."""

    __tablename__ = "ai_request_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint("grain", "at", "environment", "app", "provider", "model", "status"),
        FOLDED,
    )

    grain: Mapped[str]


class RequestDelta(RequestSums, CoreTable):
    """A batch's change of the half hours; a job folds it in, readers add it until then."""

    __tablename__ = "ai_request_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class DimensionRollup(RequestSums, CoreTable):
    """Requests with a value of a dimension, otherwise as RequestRollup; the value '' is others."""

    __tablename__ = "ai_dimension_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint(*DIMENSION_KEY),
        FOLDED,
    )

    grain: Mapped[str]
    dimension: Mapped[str]
    value: Mapped[str]


class DimensionDelta(RequestSums, CoreTable):
    """A batch's change of the half hours by dimension, each with its own value."""

    __tablename__ = "ai_dimension_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    dimension: Mapped[str]
    value: Mapped[str]


class DimensionMonth(CoreTable):
    """A value that has rollups of its own in a month of UTC."""

    __tablename__ = "ai_dimension_values"

    environment: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)


class ToolSums:
    """Calls of tools within requests."""

    at: Mapped[datetime]
    environment: Mapped[str]
    app: Mapped[str]
    tool: Mapped[str]
    calls: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)
    durations: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    duration_histogram: Mapped[list[int] | None] = mapped_column(HISTOGRAM)


class ToolRollup(ToolSums, CoreTable):
    """Calls of tools per half hour or day."""

    __tablename__ = "tool_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint("grain", "at", "environment", "app", "tool"),
        FOLDED,
    )

    grain: Mapped[str]


class ToolDelta(ToolSums, CoreTable):
    """A batch's change of the half hours of tools."""

    __tablename__ = "tool_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class ToolDimensionSums(ToolSums):
    """Calls of tools within requests that have a value of a dimension."""

    dimension: Mapped[str]
    value: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    status: Mapped[str]


class ToolDimensionRollup(ToolDimensionSums, CoreTable):
    """Calls of tools in requests with a value of a dimension, or in all; otherwise as
    DimensionRollup.
    """

    __tablename__ = "tool_dimension_rollups"
    __table_args__ = (
        one_of("grain", Grain),
        PrimaryKeyConstraint(*DIMENSION_KEY, "tool"),
        FOLDED,
    )

    grain: Mapped[str]


class ToolDimensionDelta(ToolDimensionSums, CoreTable):
    """A batch's change of the half hours of tools by dimension, each with its own value."""

    __tablename__ = "tool_dimension_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class WaitingSpan(CoreTable):
    """A tool or retrieval span that waits for its request; once joined, only its name stays."""

    __tablename__ = "waiting_spans"
    __table_args__ = (
        Index("ix_waiting_spans_due", "due_at", postgresql_where=text("joined_at is null")),
        Index(None, "arrived_at"),
    )

    trace_id: Mapped[str] = mapped_column(primary_key=True)
    span_id: Mapped[str] = mapped_column(primary_key=True)
    environment: Mapped[str]
    app: Mapped[str]
    started_at: Mapped[datetime]
    lineage: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    step: Mapped[dict[str, Any] | None]
    call: Mapped[dict[str, Any] | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    arrived_at: Mapped[datetime] = mapped_column(server_default=func.now())
    joined_at: Mapped[datetime | None]


class DroppedSpans(CoreTable):
    """How many spans were accepted and dropped: added by each export, summed up by a job."""

    __tablename__ = "dropped_spans"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date]
    environment: Mapped[str]
    app: Mapped[str]
    spans: Mapped[int] = mapped_column(BigInteger)
