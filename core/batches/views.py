"""Queries about batch runs and their views.

Durations are whole milliseconds, rates fractions; null when nothing was measured.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.activity.views import ConfidenceInterval
from core.batches.error_summaries import ErrorSummary
from core.batches.schemas import INTERNAL_JOBS
from core.identity.schemas import View
from core.platform import clock
from core.presentation.periods import Period, Watched

GOOD = ("completed",)
BAD = ("failed", "partial", "lost")


@dataclass(frozen=True)
class BatchRunQuery:
    """Filters of batch runs by start time: the product's, or those of Attune's own jobs."""

    period: Period
    watched: Watched = field(default_factory=Watched)
    job: str | None = None
    status: str | None = None
    internal: bool = False

    @property
    def is_internal(self) -> bool:
        """Whether runs of Attune's own jobs are requested, directly or by the name of one."""
        return self.internal or self.job in INTERNAL_JOBS

    @property
    def previous(self) -> "BatchRunQuery":
        """The same of the period before, of an open one of as much as has passed of it."""
        return replace(self, period=self.period.before(clock.now()))


class RunOrder(StrEnum):
    """Orders of batch runs; a minus is descending."""

    LATEST_FIRST = "-started"
    OLDEST_FIRST = "started"
    JOB = "job"
    JOB_BACKWARDS = "-job"
    LONGEST_FIRST = "-duration"
    SHORTEST_FIRST = "duration"
    MOST_ITEMS = "-items"
    FEWEST_ITEMS = "items"
    MOST_FAILED = "-failed"
    FEWEST_FAILED = "failed"


class RunView(View):
    """A run in a list; phases are in the order in which they were sent.

    `error_summary` is null for actors who may not read message texts; `failed_phase` is the phase
    that it names. `usual_duration_ms` is the median of up to 30 earlier completed runs of its job,
    null for fewer than five; `is_slow` means more than 1.2 times as long. Lists shorten long
    fields, and name them in `truncated`; a shortened object is text.
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
    error_summary: ErrorSummary | None
    is_internal: bool
    usual_duration_ms: int | None
    is_slow: bool
    truncated: tuple[str, ...] = ()


class RunDetail(RunView):
    """A run with all of its fields."""

    attributes: dict[str, Any] | None
    heard_at: datetime
    received_at: datetime


class RunCounts(View):
    """Runs by outcome. The rate is that of completed and failed runs, without running ones and
    unknown states.

    `interval` is Wilson's 95% interval of the rate.
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
    """Runs by outcome, and durations of those that have ended, failed ones too."""

    avg_duration_ms: int | None
    p50_duration_ms: int | None
    p95_duration_ms: int | None


class RunSummary(RunFigures):
    """The figures of a period, and of as much of the previous one.

    `is_previous_whole` is false where retention has deleted runs of the previous period, which is
    then not to be compared.
    """

    start: datetime
    end: datetime
    previous: RunFigures
    is_previous_whole: bool


class DayOfRuns(RunCounts):
    at: datetime


class JobFigures(RunFigures):
    batch_job: str
    last_started_at: datetime
    last_status: str


class PhaseFigures(View):
    """Durations of a phase, in the runs that report it."""

    runs: int
    avg_ms: int | None
    p50_ms: int | None
    p95_ms: int | None
    max_ms: int | None


class PhaseDay(View):
    """Durations of a phase on one day."""

    at: datetime
    runs: int
    p50_ms: int
    p95_ms: int


class Phase(PhaseFigures):
    """A phase of a batch job: in total, by day, and in as much of the previous period."""

    batch_job: str
    phase: str
    trend: list[PhaseDay]
    previous: PhaseFigures


class RunFailure(View):
    """Failed runs of a job with the same error; `last_run` is the latest run's ID."""

    batch_job: str
    summary: str | None
    runs: int
    failed_jobs: int | None
    first_at: datetime
    last_at: datetime
    last_run: str


class RunStrip(View):
    """The last runs of a batch job, latest first."""

    batch_job: str
    runs: list[RunView]
