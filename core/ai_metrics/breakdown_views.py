"""Views of AI requests broken down by a dimension, beside the previous period."""

from datetime import datetime
from enum import StrEnum

from core.ai_metrics.views import Interval, LatencyPoint, Percentiles
from core.identity.schemas import View
from core.presentation.formatting import FigureUnit


class BreakdownDimension(StrEnum):
    """What requests can be broken down by; each is also a filter of that name."""

    MODEL = "model"
    RELEASE = "release"
    PROMPT_VERSION = "prompt_version"
    APP = "app"
    EXPERIMENT_ARM = "experiment_arm"
    ERROR_TYPE = "error_type"


class BreakdownMeasure(StrEnum):
    """A figure that can be broken down; latency is p95."""

    COST = "cost"
    TOKENS = "tokens"
    REQUESTS = "requests"
    ERRORS = "errors"
    ERROR_RATE = "error_rate"
    LATENCY = "latency"

    @property
    def unit(self) -> FigureUnit:
        units = {
            "cost": FigureUnit.MONEY,
            "error_rate": FigureUnit.SHARE,
            "latency": FigureUnit.DURATION,
        }
        return units.get(self.value, FigureUnit.COUNT)

    @property
    def is_additive(self) -> bool:
        """Whether the figures of all values add up to the total."""
        return self in (
            BreakdownMeasure.COST,
            BreakdownMeasure.TOKENS,
            BreakdownMeasure.REQUESTS,
            BreakdownMeasure.ERRORS,
        )


class BreakdownPart(View):
    """The requests with one value, or with all `other` values: in total and by interval.

    `value` is null for requests without one. `share_of_change` is the part of the total's change
    that comes from these requests; null for latency, whose percentiles do not add up. A cost is
    null where none of the requests has a price.
    """

    value: str | None
    is_other: bool
    requests: int
    previous_requests: int
    figure: float | None
    previous: float | None
    share_of_change: float | None
    series: list[float | None]


class Breakdown(View):
    """A measure by the values of a dimension, the largest first, then all others.

    Durations are milliseconds, shares fractions, money US dollars. `previous_series` is the total
    of the previous period, as far as this one has elapsed, by the same intervals.
    """

    start: datetime
    end: datetime
    previous_start: datetime
    previous_end: datetime
    interval: Interval
    dimension: BreakdownDimension
    measure: BreakdownMeasure
    unit: FigureUnit
    at: list[datetime]
    figure: float | None
    previous: float | None
    series: list[float | None]
    previous_series: list[float | None]
    parts: list[BreakdownPart]


class PreviousSeries(View):
    """The previous period by the intervals of this one; lists are empty when it had no requests."""

    requests: list[float | None]
    tokens: list[float | None]
    cost: list[float | None]
    error_rate: list[float | None]
    p95: list[float | None]


class LatencyByOutcome(View):
    """The latency of succeeded requests and of failed ones, in total and by interval."""

    start: datetime
    end: datetime
    interval: Interval
    overall: Percentiles
    overall_failed: Percentiles
    succeeded: list[LatencyPoint]
    failed: list[LatencyPoint]
