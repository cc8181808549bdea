"""The table of batch runs: the product's, and Attune's own, which figures leave out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, column, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, prefix_index


class BatchRunRecord(CoreTable):
    """One run in its newest state. Unknown statuses are stored as sent."""

    __tablename__ = "batch_run_history"
    __table_args__ = (
        Index(None, "batch_job", "started_at"),
        Index(None, "started_at"),
        Index(
            "ix_batch_run_history_running", "heard_at", postgresql_where=text("status = 'running'")
        ),
        prefix_index("ix_batch_run_history_id_prefix", column("batch_run_id")),
        prefix_index("ix_batch_run_history_job_prefix", column("batch_job")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_run_id: Mapped[str] = mapped_column(unique=True)
    batch_job: Mapped[str]
    triggered_by: Mapped[str | None]
    environment: Mapped[str]
    app: Mapped[str]
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    status: Mapped[str]
    total_jobs: Mapped[int | None]
    completed_jobs: Mapped[int | None]
    failed_jobs: Mapped[int | None]
    phase_durations: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    # As sent, because jsonb keeps no order
    phase_order: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    error_summary: Mapped[str | None]
    error_is_object: Mapped[bool | None]  # then the summary is its JSON
    # Set only by Attune for its own jobs: senders can choose any name.
    is_internal: Mapped[bool] = mapped_column(server_default=text("false"))
    attributes: Mapped[dict[str, Any] | None]
    import_id: Mapped[UUID | None]
    # The version of each field
    told: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    heard_at: Mapped[datetime] = mapped_column(server_default=func.now())
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
