"""Rates with Wilson's intervals."""

from core.activity.views import ConfidenceInterval
from core.presentation import formatting
from core.statistics.rates import wilson

FEWEST_FOR_AN_INTERVAL = 10  # of fewer, it spans nearly everything


def interval(part: int, whole: int) -> ConfidenceInterval:
    """Return Wilson's 95 % interval; without bounds under ten cases."""
    if whole < FEWEST_FOR_AN_INTERVAL:
        return ConfidenceInterval(low=None, high=None, n=whole)
    low, high = wilson(part, whole)
    return ConfidenceInterval(low=low, high=high, n=whole)


def rate_in_words(share: float | None, found: ConfidenceInterval | None, part: int) -> str:
    """Return a rate with its interval: 62.0% (58.1 to 65.8); below ten cases their number."""
    if share is None or found is None:
        return formatting.NOTHING
    if found.low is None or found.high is None:
        return f"{part} of {found.n}, not enough for a rate"
    return formatting.share_with_interval(share, found.low, found.high)
