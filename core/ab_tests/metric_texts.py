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
    if found.value is None:
        return "n/a"
    mean = written(metric, found.value)
    if found.low is None or found.high is None:
        return mean
    return f"{mean} ({written(metric, found.low)} to {written(metric, found.high)})"


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
