"""Queries about batch runs and their views. Durations are whole milliseconds, rates fractions; null when nothing was measured."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.activity.answers import ConfidenceInterval
from core.batches.schemas import INTERNAL_JOBS
from core.identity.schemas import View
from core.presentation.periods import Period, Watched

GOOD = ("completed",)
BAD = ("failed", "partial", "lost")


@dataclass(frozen=True)
class AskedRuns:
    """Which runs, by when they started: the product's, or else those of Attune's own jobs."""

    period: Period
    watched: Watched = field(default_factory=Watched)
    job: str | None = None
    status: str | None = None
    internal: bool = False

    @property
    def is_internal(self) -> bool:
        """Whether the runs of Attune's own jobs are asked for, which naming one of them does, too."""
        return self.internal or self.job in INTERNAL_JOBS

    @property
    def previous(self) -> "AskedRuns":
        """The same of the period before."""
        return replace(self, period=self.period.previous)


class RunView(View):
    """One run as a list shows it. Its phases stand in the order in which they were sent.

    `error_summary` is there for those who may read what users write; `failed_phase` is the phase that it names.
    `usual_duration_ms` is the median of the last 30 runs of its job before it that completed, null of fewer than five;
    `is_slow` says that it took, or takes already, more than 1.2 times as long.
    Lists cut what is long, and name it in `truncated`.
    """

    id: UUID
    batch_run_id: str
    batch_job: str
    triggered_by: str | None
    environment: str
    app: str
    started_at: datetime
    completed_at: datetime | None
    duration_ms: int | None
    status: str
    total_jobs: int | None
    completed_jobs: int | None
    failed_jobs: int | None
    phase_durations: dict[str, Any]
    failed_phase: str | None
    error_summary: str | None
    is_internal: bool
    usual_duration_ms: int | None
    is_slow: bool
    truncated: tuple[str, ...] = ()


class RunDetail(RunView):
    """One run with all that was sent of it."""

    attributes: dict[str, Any] | None
    heard_at: datetime
    received_at: datetime


class RunCounts(View):
    """How runs ended. The rate is of those that ended well or badly: running ones and unknown states are neither.

    `interval` is Wilson's of the rate.
    """

    runs: int
    completed: int
    failed: int
    partial: int
    lost: int
    running: int
    other: int
    success_rate: float | None
    interval: ConfidenceInterval


class RunFigures(RunCounts):
    """How runs ended, and how long the whole ones took."""

    avg_duration_ms: int | None
    p50_duration_ms: int | None
    p95_duration_ms: int | None


class RunSummary(RunFigures):
    """The figures of a period, and of the one before."""

    start: datetime
    end: datetime
    previous: RunFigures


class DayOfRuns(RunCounts):
    """The runs that started on one day."""

    at: datetime


class JobFigures(RunFigures):
    """The runs of one batch job."""

    batch_job: str
    last_started_at: datetime
    last_status: str


class PhaseFigures(View):
    """How long a phase took, in the runs that report it."""

    runs: int
    avg_ms: int | None
    p50_ms: int | None
    p95_ms: int | None
    max_ms: int | None


class PhaseDay(View):
    """How long a phase took in the runs of one day."""

    at: datetime
    runs: int
    p50_ms: int
    p95_ms: int


class Phase(PhaseFigures):
    """One phase of a batch job: all together, by day, and in the period before."""

    batch_job: str
    phase: str
    trend: list[PhaseDay]
    previous: PhaseFigures


class RunFailure(View):
    """Runs of a batch job that failed with the same words; `last_run` is the sender's id of the latest."""

    batch_job: str
    summary: str | None
    runs: int
    failed_jobs: int | None
    first_at: datetime
    last_at: datetime
    last_run: str


class Strip(View):
    """The last runs of a batch job, the latest first."""

    batch_job: str
    runs: list[RunView]
