"""Views of prompt versions side by side, each figure with its 95% interval."""

from datetime import datetime
from decimal import Decimal

from pydantic import ConfigDict

from core.identity.schemas import View
from core.presentation.money import Usd
from core.statistics.means import half_width_of_mean
from core.statistics.rates import wilson

FEWEST = 10  # cases of an interval


class RateEstimate(View):
    """A fraction of `n` cases with Wilson's interval; without bounds under ten cases."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class LatencyEstimate(View):
    """A percentile of `n` latencies in ms; a bound is null where no latency is so far out."""

    value: int | None
    low: int | None
    high: int | None
    n: int


class CostEstimate(View):
    """The mean cost of `n` priced requests with Student's interval."""

    value: Usd | None
    low: Usd | None
    high: Usd | None
    n: int


class ScoreOfVersion(View):
    """The mean of `n` values under a score name, or the share of the name's most frequent `label`
    where it has no values; without bounds under ten conversations or ten labels, or when all values
    are equal.
    """

    name: str
    label: str | None
    value: float
    low: float | None
    high: float | None
    n: int


class PromptVersionFigures(View):
    """A prompt version; null stands for requests that name none.

    `first_at` is its first request of the period; once retention has deleted that row, the start of
    its half hour.

    `approved` is of messages that reviewers approved or corrected. Both qualities and `scores` are
    null where a filter applies that feedback and annotations do not know.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "prompt_version": "support@7",
                "first_at": "2026-11-02T08:14:00Z",
                "total_requests": 1200,
                "pending_requests": 0,
                "share": 0.4,
                "error_count": 24,
                "error_rate": {"value": 0.02, "low": 0.0135, "high": 0.0296, "n": 1200},
                "p50_latency_ms": {"value": 930, "low": 901, "high": 958, "n": 1200},
                "p95_latency_ms": {"value": 2410, "low": 2290, "high": 2560, "n": 1200},
                "total_tokens": 201600,
                "cost_usd": "3.12",
                "unpriced_requests": 0,
                "cost_per_request": {
                    "value": "0.0026",
                    "low": "0.0025",
                    "high": "0.0027",
                    "n": 1200,
                },
                "positive_feedback": {"value": 0.9, "low": 0.5958, "high": 0.9821, "n": 10},
                "approved": {"value": 0.75, "low": None, "high": None, "n": 8},
                "scores": [
                    {
                        "name": "helpfulness",
                        "label": None,
                        "value": 0.81,
                        "low": 0.74,
                        "high": 0.88,
                        "n": 120,
                    }
                ],
            }
        },
    )

    prompt_version: str | None
    first_at: datetime
    total_requests: int
    pending_requests: int
    share: float
    error_count: int
    error_rate: RateEstimate
    p50_latency_ms: LatencyEstimate
    p95_latency_ms: LatencyEstimate
    total_tokens: int
    cost_usd: Usd
    unpriced_requests: int
    cost_per_request: CostEstimate
    positive_feedback: RateEstimate | None
    approved: RateEstimate | None
    scores: list[ScoreOfVersion] | None = None


def rate_of(part: int, whole: int) -> RateEstimate:
    """Return a rate with its interval."""
    low, high = wilson(part, whole) if whole >= FEWEST else (None, None)
    return RateEstimate(value=part / whole if whole else None, low=low, high=high, n=whole)


def deviation_of(count: int, total_nano: int, squares: int) -> Decimal | None:
    """Return the standard deviation in USD of costs whose sums are of nano-dollars; None of fewer
    than two.
    """
    if count < 2:
        return None
    # In integers: the difference of two large floats would be noise
    variance = Decimal(count * squares - total_nano**2) / (count * (count - 1))
    return variance.sqrt().scaleb(-9)


def mean_cost(total: Decimal, deviation: Decimal | None, count: int) -> CostEstimate:
    """Return the mean of costs from their sum and standard deviation."""
    if not count:
        return CostEstimate(value=None, low=None, high=None, n=0)
    mean = total / count
    if count < FEWEST or deviation is None:
        return CostEstimate(value=_usd(mean), low=None, high=None, n=count)
    half = Decimal(half_width_of_mean(float(deviation), count))
    low, high = max(mean - half, Decimal(0)), mean + half
    return CostEstimate(value=_usd(mean), low=_usd(low), high=_usd(high), n=count)


def _usd(amount: Decimal) -> Decimal:
    return round(amount, 8)
