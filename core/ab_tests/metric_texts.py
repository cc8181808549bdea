"""Figures of the metrics of an A/B test as texts: names, units, amounts and intervals."""

from decimal import Decimal

from core.ab_tests.views import AbMetric, MetricValue
from core.evaluations.figures.comparison_views import PairedView
from core.presentation.formatting import duration, money

NAMES = {
    AbMetric.QUALITY: "quality",
    AbMetric.CONSISTENCY: "consistency",
    AbMetric.RESPONSE_TIME: "response time",
    AbMetric.COST: "cost",
}
UNITS = {
    AbMetric.QUALITY: "0 to 1",
    AbMetric.CONSISTENCY: "0 to 100",
    AbMetric.RESPONSE_TIME: "of an answer",
    AbMetric.COST: "of 1,000 answers",
}


def difference(metric: AbMetric, compared: PairedView) -> str:
    """Return A − B with its interval, if it has one; costs are of 1,000 answers."""
    found = signed(metric, compared.difference)
    if compared.low is None or compared.high is None:
        return found
    return f"{found} ({signed(metric, compared.low)} to {signed(metric, compared.high)})"


def value(metric: AbMetric, found: MetricValue) -> str:
    """Return a mean with its interval, if it has one; costs are of 1,000 answers."""
    between = interval(metric, found)
    return f"{mean(metric, found)} ({between})" if between else mean(metric, found)


def mean(metric: AbMetric, found: MetricValue) -> str:
    """Return a mean without its interval; costs are of 1,000 answers."""
    return "n/a" if found.value is None else written(metric, found.value)


def interval(metric: AbMetric, found: MetricValue) -> str | None:
    """Return the interval of a mean, None without one; costs are of 1,000 answers."""
    if found.low is None or found.high is None:
        return None
    return f"{written(metric, found.low)} to {written(metric, found.high)}"


def written(metric: AbMetric, amount: float) -> str:
    """Return an amount in the unit of its metric; costs are of 1,000 answers."""
    match metric:
        case AbMetric.QUALITY:
            return f"{amount:.2f}"
        case AbMetric.CONSISTENCY:
            return f"{amount:.1f}"
        case AbMetric.RESPONSE_TIME:
            return duration(round(amount))
        case AbMetric.COST:
            return money(Decimal(amount) * 1000)


def signed(metric: AbMetric, amount: float) -> str:
    """Return an amount with its sign, if any of it is left after rounding."""
    size = written(metric, abs(amount))
    if size == written(metric, 0):
        return size
    return f"{'−' if amount < 0 else '+'}{size}"
