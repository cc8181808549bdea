"""Figures of evaluations as texts."""

from core.evaluations.views import Estimate
from core.presentation.formatting import share, share_with_interval

LEAST_P = 0.001  # that is written as a number


def written(estimate: Estimate) -> str:
    """Return a rate with its interval and n: 62.0% (58.1 to 65.8), n = 600; under 10 in words."""
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{share(estimate.value)} of {estimate.n} (no interval)"
    rate = share_with_interval(estimate.value, estimate.low, estimate.high)
    return f"{rate}, n = {estimate.n}"


def written_p(p: float) -> str:
    """Return a p-value, without exponents."""
    return f"p = {p:.3f}" if p >= LEAST_P else f"p < {LEAST_P}"
