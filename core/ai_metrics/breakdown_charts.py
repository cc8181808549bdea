"""Charts of AI requests broken down by a dimension, with their alternative texts."""

from collections.abc import Sequence

from core.ai_metrics.breakdown_views import (
    Breakdown,
    BreakdownDimension,
    BreakdownMeasure,
    BreakdownPart,
)
from core.platform import clock
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Chart
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.plotting import Line, line_chart, stacked_bars

TALL = 240
LONGEST_NAME = 24
DIMENSIONS = {
    BreakdownDimension.MODEL: "model",
    BreakdownDimension.RELEASE: "release",
    BreakdownDimension.PROMPT_VERSION: "prompt version",
    BreakdownDimension.APP: "app",
    BreakdownDimension.EXPERIMENT_ARM: "experiment arm",
    BreakdownDimension.ERROR_TYPE: "error type",
}
MEASURES = {
    BreakdownMeasure.COST: "Cost",
    BreakdownMeasure.TOKENS: "Tokens",
    BreakdownMeasure.REQUESTS: "Requests",
    BreakdownMeasure.ERRORS: "Errors",
    BreakdownMeasure.ERROR_RATE: "Error rate",
    BreakdownMeasure.LATENCY: "Latency (p95)",
}


def name_of(part: BreakdownPart) -> str:
    """Return the name of a part: its value, or what stands for none or all others."""
    return "Other" if part.is_other else part.value or formatting.NONE


def breakdown_over_time(
    palette: Palette, breakdown: Breakdown, zone: str, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw a measure by value over time: bars where values add up, else lines."""
    # An interval that has not begun has no value, which is not 0
    count = sum(at <= clock.now() for at in breakdown.at)
    times, parts = breakdown.at[:count], breakdown.parts
    names = _distinct([formatting.shortened(name_of(part), LONGEST_NAME) for part in parts])
    colours = [
        palette.series[-1] if part.is_other else palette.series[n] for n, part in enumerate(parts)
    ]
    previous = breakdown.previous_series if breakdown.measure.is_additive else ()
    if breakdown.measure.is_additive:
        stacks: dict[str, Sequence[float]] = {
            name: [value or 0.0 for value in part.series[:count]]
            for name, part in zip(names, parts, strict=True)
        }
        figure = stacked_bars(
            palette,
            times,
            stacks,
            breakdown.unit,
            zone=zone,
            markers=markers,
            height=TALL,
            colours=colours,
            previous=previous,
        )
    else:
        lines = [
            Line(name, part.series[:count], colour, palette.text, swatch=True)
            for name, part, colour in zip(names, parts, colours, strict=True)
        ]
        figure = line_chart(
            palette,
            times,
            lines,
            breakdown.unit,
            zone=zone,
            markers=markers,
            height=TALL,
            previous=breakdown.previous_series,
        )
    return Chart(figure, _alternative_text(breakdown))


def now_and_before(of: Breakdown | BreakdownPart, unit: FigureUnit) -> tuple[str, str]:
    """Return the figures of both periods in words; a cost of requests without a price is
    unpriced.
    """
    counts = of.parts if isinstance(of, Breakdown) else (of,)
    return (
        _figure(of.figure, unit, sum(part.requests for part in counts)),
        _figure(of.previous, unit, sum(part.previous_requests for part in counts)),
    )


def _figure(value: float | None, unit: FigureUnit, requests: int) -> str:
    if value is None and unit is FigureUnit.MONEY and requests:
        return formatting.cost(None, requests)
    return formatting.figure(value, unit)


def _alternative_text(breakdown: Breakdown) -> str:
    def both(of: Breakdown | BreakdownPart) -> str:
        return ", previously ".join(now_and_before(of, breakdown.unit))

    each = "; ".join(f"{name_of(part)} {both(part)}" for part in breakdown.parts)
    whole = both(breakdown)
    title = f"{MEASURES[breakdown.measure]} by {DIMENSIONS[breakdown.dimension]}"
    return f"{title} {breakdown.interval.words}: {whole}. {each or 'No requests'}."


def change_of(now: float | None, before: float | None, unit: FigureUnit) -> str:
    """Return a change in words: +$3.20, -4.1 pts, or n/a where there is nothing to compare."""
    if now is None or before is None:
        return formatting.NOTHING
    change = now - before
    sign = "+" if change > 0 else "-" if change < 0 else ""
    if unit is FigureUnit.SHARE:
        return f"{sign}{abs(change) * 100:.1f} pts"
    return f"{sign}{formatting.figure(abs(change), unit)}"


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names that differ: a chart has one trace for each."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct
