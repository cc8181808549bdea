"""Batch runs as received."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from core.ingest.rows import Count, Id, JsonObject, LongText, Moment, Name, Row


class BatchStatus(StrEnum):
    """The known statuses; others are stored as sent."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    LOST = "lost"


INTERNAL_JOBS = ("attune.daily", "attune.reprice")
ENDED = (BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.PARTIAL)


class NewBatchRun(Row):
    """The state of a run at a time: sent at its start, during the run, and at its end."""

    texts: ClassVar = ("triggered_by", "phase_durations", "error_summary", "extra")
    names: ClassVar = (*Row.names, "batch_job", "status")

    batch_run_id: Id
    started_at: Moment
    status: Name
    batch_job: Name | None = None
    triggered_by: Name | None = None
    completed_at: Moment | None = None
    updated_at: Moment | None = None
    total_jobs: Count | None = None
    completed_jobs: Count | None = None
    failed_jobs: Count | None = None
    phase_durations: JsonObject | None = None
    error_summary: LongText | JsonObject | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time is invalid, or None."""
        return self.wrong_times(latest, "created_at", "updated_at", "started_at", "completed_at")
