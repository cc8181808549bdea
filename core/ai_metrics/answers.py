"""Queries about AI requests and their views. Times are whole milliseconds, rates fractions; null when nothing was measured."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.ai_metrics.schemas import RequestStatus
from core.identity.schemas import View
from core.presentation.money import Usd
from core.presentation.periods import Period, Watched, keys_of


class Interval(StrEnum):
    """How long the time of one point in a series is. Weeks, from Monday on, days and hours are of the reporting time zone."""

    HALF_HOUR = "half_hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def is_of_days(self) -> bool:
        """Whether it consists of whole days."""
        return self in (Interval.DAY, Interval.WEEK)

    @property
    def length(self) -> timedelta:
        """How long that is, but for days on which clocks change."""
        lengths = {"half_hour": timedelta(minutes=30), "hour": timedelta(hours=1), "day": timedelta(days=1)}
        return (lengths | {"week": timedelta(weeks=1)})[self.value]

    @property
    def words(self) -> str:
        """How often there is a point."""
        return {"half_hour": "half-hourly", "hour": "hourly", "day": "daily", "week": "weekly"}[self.value]


@dataclass(frozen=True)
class AiMetricsQuery:
    """Whose requests, and of when."""

    period: Period
    watched: Watched = field(default_factory=Watched)
    provider: str | None = None
    model: str | None = None
    status: RequestStatus | None = None
    conversation: str | None = None
    error_type: str | None = None
    tool: str | None = None  # one that they called

    @property
    def needs_rows(self) -> bool:
        """Whether a filter asks for what rollups do not know."""
        asked = (self.watched.release, self.watched.user_id, self.conversation, self.error_type, self.tool)
        return any(each is not None for each in asked)

    @property
    def conversations(self) -> tuple[UUID, ...] | None:
        """The keys that `conversation` may mean."""
        return keys_of("conversation", self.conversation) if self.conversation is not None else None

    @property
    def previous(self) -> "AiMetricsQuery":
        """The same of the period before."""
        return replace(self, period=self.period.previous)


class Volume(View):
    """How many requests, what they took and what they cost. Unpriced ones cost nothing here: they are counted instead."""

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
    """The volume, and how long requests took."""

    avg_latency_ms: int | None
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    p99_latency_ms: int | None
    avg_first_token_ms: int | None


class AiMetricsSummary(Figures):
    """The figures of a period, and of the one before."""

    start: datetime
    end: datetime
    previous: Figures


class Percentiles(View):
    """How long requests took: `requests` of them have a time."""

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
    """How many requests took more than `from_ms` and up to `to_ms`; the first one holds those of zero and less."""

    from_ms: int
    to_ms: int
    requests: int


class LatencyBefore(View):
    """The latency of the period before."""

    overall: Percentiles
    first_token: Percentiles


class Latency(LatencyBefore):
    """How long requests took to their end and to their first token, all together and over time."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[LatencyPoint]
    first_token_series: list[LatencyPoint]
    histogram: list[LatencyBar]
    previous: LatencyBefore


class VolumePoint(Volume):
    """The volume of one interval."""

    at: datetime


class ModelVolume(Volume):
    """The volume of one model."""

    provider: str
    model: str


class Tokens(Volume):
    """What requests took and cost, over time and by model, the most tokens first."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[VolumePoint]
    models: list[ModelVolume]
    previous: Volume


class ErrorKind(View):
    """One type of error: how often, what share of all errors whose rows are still kept, and, for readers, its last message."""

    error_type: str | None
    requests: int
    share: float
    models: int
    last_at: datetime
    message: str | None


class ErrorPoint(View):
    """The errors of one interval."""

    at: datetime
    total_requests: int
    error_count: int
    error_rate: float | None


class ErrorFigures(View):
    """How many requests failed; the rate is of those that have ended."""

    total_requests: int
    error_count: int
    error_rate: float | None


class ModelErrors(ErrorFigures):
    """The errors of one model."""

    provider: str
    model: str


class Errors(ErrorFigures):
    """What failed: over time, by model, and by type as far as rows are kept."""

    start: datetime
    end: datetime
    interval: Interval
    series: list[ErrorPoint]
    models: list[ModelErrors]
    types: list[ErrorKind]
    previous: ErrorFigures


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
    """The calls of one tool; times are of those that say how long they took."""

    tool: str
    share: float
    avg_duration_ms: int | None
    p50_duration_ms: int | None
    p95_duration_ms: int | None
    p99_duration_ms: int | None


class Tools(ToolTotals):
    """What tools were called, the most called first."""

    start: datetime
    end: datetime
    tools: list[ToolFigures]
    previous: ToolTotals
