"""Charts of feedback, with their alternative texts."""

from collections.abc import Sequence

from core.knowledge.views import RatingsOfDay
from core.presentation import formatting
from core.presentation.drawing import Chart
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.plotting import so_far, stacked_bars


def ratings(palette: Palette, days: Sequence[RatingsOfDay], zone: str) -> Chart:
    """Draw the number of ratings of each kind by day."""
    shown = so_far(days)
    parts: dict[str, Sequence[float]] = {
        "Positive": [float(day.positive) for day in shown],
        "Neutral": [float(day.neutral) for day in shown],
        "Negative": [float(day.negative) for day in shown],
    }
    said = {name: values for name, values in parts.items() if name != "Neutral" or any(values)}
    meant = {"Positive": palette.series[0], "Neutral": palette.series[-1], "Negative": palette.warn}
    colours = [meant[name] for name in said]
    figure = stacked_bars(
        palette, [day.at for day in shown], said, FigureUnit.COUNT, zone=zone, colours=colours
    )
    whole = ", ".join(
        f"{formatting.number(sum(values))} {name.lower()}" for name, values in said.items()
    )
    return Chart(figure, f"Ratings by day: {whole}.")
