"""Figures with their 95% interval as text: 2.0% (1.3 to 3.0)."""

from decimal import Decimal

from core.insights.prompt_figures import (
    CostEstimate,
    LatencyEstimate,
    PromptVersionFigures,
    RateEstimate,
    ScoreOfVersion,
)
from core.presentation import formatting


def rate(found: RateEstimate | None) -> str:
    """Return a rate; of fewer than ten cases, how many they are."""
    if found is None or found.value is None:
        return ""
    if found.low is None or found.high is None:
        return f"{round(found.value * found.n)} of {found.n}"
    return formatting.share_with_interval(found.value, found.low, found.high)


def latency(found: LatencyEstimate) -> str:
    """Return a percentile; a bound that the cases do not show is a question mark. Of fewer cases
    than show one, how many they are.
    """
    if found.value is None:
        return ""
    if found.low is None and found.high is None:
        return f"{formatting.duration(found.value)}, n {found.n}"
    unit, name, decimals = (
        (1000, "s", 2) if max(found.value, found.high or 0) >= 1000 else (1, "ms", 0)
    )
    low, high = (
        f"{bound / unit:.{decimals}f}" if bound is not None else "?"
        for bound in (found.low, found.high)
    )
    return f"{found.value / unit:.{decimals}f} {name} ({low} to {high})"


def cost_per_thousand(found: CostEstimate) -> str:
    """Return the mean cost of a thousand requests to three digits."""
    if found.value is None:
        return "unpriced"
    if found.low is None or found.high is None:
        return f"${_digits(found.value)}"
    return f"${_digits(found.value)} ({_digits(found.low)} to {_digits(found.high)})"


def score(version: PromptVersionFigures, name: str) -> str:
    """Return the figure of a score name: a mean, or the share of a label."""
    found = next((each for each in version.scores or () if each.name == name), None)
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{_said(found, found.value)}, n {found.n}"
    low, high = (_said(found, bound) for bound in (found.low, found.high))
    return f"{_said(found, found.value)} ({low} to {high})"


def _said(found: ScoreOfVersion, value: float) -> str:
    return f"{value:,.3g}" if found.label is None else formatting.share(value)


def _digits(usd: Decimal) -> str:
    # By a decimal, because `g` alone writes small amounts with an exponent
    return f"{Decimal(f'{usd * 1000:.3g}'):f}"
