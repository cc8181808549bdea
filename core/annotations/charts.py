"""Charts of annotations, with their alternative texts."""

from collections.abc import Sequence

from core.annotations.schemas import AnnotationType
from core.annotations.views import UNDISCLOSED, ReviewDay
from core.presentation import formatting
from core.presentation.drawing import Chart
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.periods import Period, midnight
from core.presentation.plotting import stacked_bars

NAMES: dict[str, str] = {
    AnnotationType.CORRECTION: "Correction",
    AnnotationType.IMPROVEMENT: "Improvement",
    AnnotationType.FLAG: "Flag",
    AnnotationType.APPROVED: "Approved",
}
COUNTED = NAMES | {UNDISCLOSED: "Awaiting another review"}


def by_type(palette: Palette, found: Sequence[ReviewDay], period: Period) -> Chart:
    """Draw annotations by day and type, including days without any."""
    of_day = {each.day: each.by_type for each in found}
    days = [day for day in period.days if found and found[0].day <= day <= found[-1].day]
    shown = COUNTED if any(UNDISCLOSED in each.by_type for each in found) else NAMES
    parts: dict[str, Sequence[float]] = {
        name: [float(of_day.get(day, {}).get(kind, 0)) for day in days]
        for kind, name in shown.items()
    }
    colours = (*palette.series[:2], palette.warn, palette.series[-1], palette.series[3])
    starts = [midnight(day, period.zone) for day in days]
    figure = stacked_bars(
        palette, starts, parts, FigureUnit.COUNT, zone=period.zone, colours=colours
    )
    totals = {name: int(sum(values)) for name, values in parts.items()}
    said = ", ".join(f"{count:,} {name.lower()}" for name, count in totals.items() if count)
    return Chart(
        figure, f"Annotations over {formatting.count(len(days), 'day')}: {said or 'none'}."
    )
