"""Queries of AI requests and their views: milliseconds as integers, rates as fractions."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.ai_metrics.schemas import RequestStatus
from core.identity.schemas import View
from core.ingest.external_ids import keys_of
from core.platform import clock
from core.presentation.money import Usd
from core.presentation.periods import Period, Watched


class Interval(StrEnum):
    """The length of a series' intervals; weeks start on Monday of the reporting time zone."""

    HALF_HOUR = "half_hour"
    HOUR = "hour"
    SIX_HOURS = "six_hours"
    DAY = "day"
    WEEK = "week"

    @property
    def is_of_days(self) -> bool:
        """Whether it consists of whole days."""
        return self in (Interval.DAY, Interval.WEEK)

    @property
    def length(self) -> timedelta:
        """How long that is, but for days on which clocks change."""
        lengths = {
            "half_hour": timedelta(minutes=30),
            "hour": timedelta(hours=1),
            "six_hours": timedelta(hours=6),
            "day": timedelta(days=1),
        }
        return (lengths | {"week": timedelta(weeks=1)})[self.value]

    @property
    def words(self) -> str:
        """The interval as a phrase: by day."""
        names = {"half_hour": "half-hourly", "hour": "hourly", "six_hours": "every 6 hours"}
        return (names | {"day": "daily", "week": "weekly"})[self.value]


@dataclass(frozen=True)
class AiMetricsQuery:
    """A period and filters of AI requests."""

    period: Period
    watched: Watched = field(default_factory=Watched)
    provider: str | None = None
    model: str | None = None
    status: RequestStatus | None = None
    conversation: str | None = None
    error_type: str | None = None
    tool: str | None = None  # one that they called
    prompt_version: str | None = None  # `name@version`, or `name@label`
    experiment_arm: str | None = None  # `key:arm`

    @property
    def dimensions(self) -> dict[str, str]:
        """The filters that requests are rolled up by one at a time, by name."""
        named = {
            "release": self.watched.release,
            "prompt_version": self.prompt_version,
            "experiment_arm": self.experiment_arm,
            "error_type": self.error_type,
            "tool": self.tool,
        }
        return {name: value for name, value in named.items() if value is not None}

    @property
    def conversations(self) -> tuple[UUID, ...] | None:
        """The keys that `conversation` may mean."""
        return keys_of("conversation", self.conversation) if self.conversation is not None else None

    @property
    def previous(self) -> "AiMetricsQuery":
        """The same of the period before, of an open one of as much as has passed of it."""
        return replace(self, period=self.period.before(clock.now()))


class Volume(View):
    """Number of requests, tokens and cost; unpriced requests have no cost and are counted."""

    total_requests: int
    pending_requests: int
    error_count: int
    error_rate: float | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: Usd
    unpriced_requests: int  # what failed or is pending is one only if it came with tokens


class Figures(Volume):
    """Volume with latency percentiles."""

    avg_latency_ms: int | None
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    p99_latency_ms: int | None
    avg_first_token_ms: int | None


class AiMetricsSummary(Figures):
    """The figures of a period, and of as much of the one before.

    `is_previous_whole`, here and below, is false where retention has deleted requests of the
    previous period, which is then not to be compared.
    """

    start: datetime
    end: datetime
    previous: Figures
    is_previous_whole: bool


class Percentiles(View):
    """Percentiles of `requests` requests that have a time."""

    requests: int
    avg: int | None
    p50: int | None
    p75: int | None
    p90: int | None
    p95: int | None
    p99: int | None


class LatencyPoint(Percentiles):
    """The latency of the requests of one interval."""

    at: datetime


class LatencyBar(View):
    """Requests with more than `from_ms` and up to `to_ms`; the first bar includes zero."""

    from_ms: int
    to_ms: int
    requests: int


class LatencyBefore(View):
    """The latency of the period before."""

    overall: Percentiles
    first_token: Percentiles


class Latency(LatencyBefore):
    """Latency and time to first token, in total and over time."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[LatencyPoint]
    first_token_series: list[LatencyPoint]
    histogram: list[LatencyBar]
    previous: LatencyBefore
    is_previous_whole: bool


class VolumePoint(Volume):
    """The volume of one interval."""

    at: datetime


class ModelVolume(Volume):
    """The volume of one model."""

    provider: str
    model: str


class Tokens(Volume):
    """Tokens and cost, over time and by model; most tokens first."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[VolumePoint]
    models: list[ModelVolume]
    previous: Volume
    is_previous_whole: bool


class FailedRequest(View):
    """A failed request as a sample of its type of error; its message only for readers."""

    id: UUID
    external_id: str | None
    created_at: datetime
    provider: str
    model: str
    error_message: str | None
    user_id: UUID | None
    conversation_id: UUID | None


class ErrorKind(View):
    """A type of error, its share of all stored errors, its last message for readers, and its latest
    requests.
    """

    error_type: str | None
    requests: int
    share: float
    models: int
    last_at: datetime
    message: str | None
    samples: list[FailedRequest]


class ErrorPoint(View):
    """The errors of one interval."""

    at: datetime
    total_requests: int
    error_count: int
    error_rate: float | None


class ErrorFigures(View):
    """Failed requests; the rate is of completed ones."""

    total_requests: int
    error_count: int
    error_rate: float | None


class ModelErrors(ErrorFigures):
    """The errors of one model."""

    provider: str
    model: str


class Errors(ErrorFigures):
    """Errors over time, by model, and by type as far as rows are stored."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[ErrorPoint]
    models: list[ModelErrors]
    types: list[ErrorKind]
    previous: ErrorFigures
    is_previous_whole: bool


class ModelFigures(Figures):
    """The figures of one model, and its share of all requests."""

    provider: str
    model: str
    share: float


class ToolTotals(View):
    """Calls of tools within requests."""

    calls: int
    error_count: int
    error_rate: float | None


class ToolFigures(ToolTotals):
    """Calls of a tool; times are of calls with a duration."""

    tool: str
    share: float
    avg_duration_ms: int | None
    p50_duration_ms: int | None
    p95_duration_ms: int | None
    p99_duration_ms: int | None


class Tools(ToolTotals):
    """Tools, most called first."""

    start: datetime
    end: datetime
    tools: list[ToolFigures]
    previous: ToolTotals
    is_previous_whole: bool
