"""Charts of scores, with their alternative texts."""

from collections.abc import Sequence

from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Chart
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.plotting import Line, line_chart, stacked_bars
from core.scores.views import ScoreFigures

DECIMALS = ",.3~f"


def trend(
    palette: Palette, figures: ScoreFigures, zone: str, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw the mean of a name by day, or the counts of its labels if it has no values."""
    if figures.mean is None:
        return _labels(palette, figures, zone, markers)
    means = [day.mean for day in figures.days]
    lines = [Line(figures.name, means, palette.series[0], palette.series[0])]
    times = [day.at for day in figures.days]
    figure = line_chart(palette, times, lines, FigureUnit.COUNT, zone=zone, markers=markers)
    known = [mean for mean in means if mean is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    room = (max(high, 0) - min(low, 0)) * 0.08 or 1.0
    # A score has any range, also below zero, and decimals.
    figure.update_yaxes(
        range=[min(low, 0) - (room if low < 0 else 0), max(high, 0) + room],
        tickformat=DECIMALS,
        dtick=None,
        nticks=5,
    )
    for trace in figure.data:
        trace["hovertemplate"] = f"%{{y:{DECIMALS}}}<extra></extra>"
    said = f"{formatting.count(figures.values, 'score')}, mean {score(figures.mean)}"
    spread = f", by day {score(low)} to {score(high)}" if known else ""
    return Chart(figure, f"{figures.name}: {said}{spread}.")


def score(value: float | None) -> str:
    """Return a score in three significant digits."""
    return formatting.NOTHING if value is None else f"{value:,.3g}"


def _labels(
    palette: Palette, figures: ScoreFigures, zone: str, markers: Sequence[ChartMarker]
) -> Chart:
    parts: dict[str, Sequence[float]] = {
        each.label: [float(day.labels[each.label]) for day in figures.days]
        for each in figures.labels
    }
    figure = stacked_bars(
        palette,
        [day.at for day in figures.days],
        parts,
        FigureUnit.COUNT,
        zone=zone,
        markers=markers,
    )
    shares = ", ".join(f"{formatting.share(each.share)} {each.label}" for each in figures.labels)
    return Chart(figure, f"{figures.name}: {shares}.")
