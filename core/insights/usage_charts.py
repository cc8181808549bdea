"""Charts of usage by day or hour, with their alternative texts."""

from collections.abc import Sequence

from core.insights.usage import UsageReport
from core.presentation import formatting
from core.presentation.drawing import Chart
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.plotting import so_far, stacked_bars


def cost_over_time(palette: Palette, report: UsageReport) -> Chart:
    """Draw the cost of priced calls."""
    series, total = so_far(report.series), report.total
    costs = [float(point.cost_usd) for point in series]
    figure = stacked_bars(
        palette,
        [point.at for point in series],
        {"Cost": costs},
        FigureUnit.MONEY,
        zone=report.period.zone,
    )
    cost = formatting.cost(total.cost_usd, total.unpriced_calls)
    peak = max(series, key=lambda point: point.cost_usd, default=None)
    highest = f", peak {formatting.money(peak.cost_usd)}" if peak and peak.cost_usd else ""
    return Chart(figure, f"Cost {report.grain}: {cost} total{highest}.")


def calls_over_time(palette: Palette, report: UsageReport) -> Chart:
    """Draw calls, those that failed apart."""
    series, total = so_far(report.series), report.total
    succeeded = [float(point.calls - point.errors) for point in series]
    parts: dict[str, Sequence[float]] = {"Succeeded": succeeded}
    if total.errors:
        parts["Failed"] = [float(point.errors) for point in series]
    figure = stacked_bars(
        palette,
        [point.at for point in series],
        parts,
        FigureUnit.COUNT,
        zone=report.period.zone,
        colours=(palette.bar, palette.bad),
    )
    return Chart(
        figure,
        f"Calls {report.grain}: {formatting.count(total.calls, 'call')}, {total.errors:,} failed.",
    )
