"""The KPIs of usage, compared with the previous period."""

from collections.abc import Callable

from core.insights.usage import UsageFigures, UsagePoint, UsageReport
from core.platform import clock
from core.presentation.comparison import (
    NOT_KNOWN,
    Change,
    Kpi,
    Meaning,
    kpi,
    of_level,
    of_rate,
)
from core.presentation.formatting import FigureUnit

Value = Callable[[UsageFigures], float | None]


def usage_kpis(report: UsageReport) -> list[Kpi]:
    """Return calls, cost, tokens, error rate and p95 time."""
    return [
        _level(report, "calls", "Calls", FigureUnit.COUNT, lambda each: each.calls),
        _level(report, "cost", "Cost", FigureUnit.MONEY, _cost, Meaning.BAD),
        _level(report, "tokens", "Tokens", FigureUnit.COUNT, _tokens),
        _error_rate(report),
        _level(
            report,
            "p95_time",
            "p95 time",
            FigureUnit.DURATION,
            lambda each: each.p95_time_ms,
            Meaning.BAD,
        ),
    ]


def _level(
    report: UsageReport,
    name: str,
    label: str,
    unit: FigureUnit,
    value: Value,
    meaning: Meaning = Meaning.NEITHER,
) -> Kpi:
    now, before = (
        [value(point) for point in points] for points in (_ended(report), report.previous_series)
    )
    # Weekdays differ from weekends
    is_comparable = report.period.has_every_weekday
    change = of_level(now, before, meaning) if is_comparable else NOT_KNOWN
    return kpi(name, label, unit, (value(report.total), value(report.previous)), change, now)


def _error_rate(report: UsageReport) -> Kpi:
    pairs = zip(_ended(report), report.previous_series, strict=False)
    parts = [((one.errors, one.calls), (other.errors, other.calls)) for one, other in pairs]
    total, before = report.total, report.previous
    change: Change = of_rate(
        (total.errors, total.calls), (before.errors, before.calls), Meaning.BAD, parts
    )
    return kpi(
        "error_rate",
        "Error rate",
        FigureUnit.SHARE,
        (total.error_rate, before.error_rate),
        change,
        [point.error_rate for point in _ended(report)],
    )


def _ended(report: UsageReport) -> list[UsagePoint]:
    """Return the days or hours that are over."""
    # One that is not over would look like a fall
    ends = [*(point.at for point in report.series[1:]), report.period.end]
    now = clock.now()
    return [point for point, end in zip(report.series, ends, strict=True) if end <= now]


def _cost(figures: UsageFigures) -> float | None:
    """Return the cost, None when calls were made and none has a price."""
    is_known = figures.priced_calls or not figures.calls
    return float(figures.cost_usd) if is_known else None


def _tokens(figures: UsageFigures) -> float:
    return figures.input_tokens + figures.output_tokens
