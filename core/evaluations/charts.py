"""Charts of evaluations, with their alternative texts."""

from collections.abc import Sequence
from typing import NamedTuple

from core.evaluations.figures.figure_texts import written
from core.evaluations.figures.trend_views import TrendPoint
from core.evaluations.views import Estimate, TargetView
from core.presentation.drawing import Chart, Drawing, blank
from core.presentation.formatting import share
from core.presentation.palette import Palette

ROW_PX, AXIS_PX = 34, 50
LONGEST_NAME = 28


class Dot(NamedTuple):
    """A value with its interval, if it has one, and both in words."""

    name: str
    value: float
    low: float | None
    high: float | None
    written: str


def rates(palette: Palette, named: Sequence[tuple[str, Estimate]], *, what: str) -> Chart:
    """Draw a dot for each rate from 0 to 1, with its 95 % interval as a line."""
    shown = [
        Dot(name, each.value, each.low, each.high, written(each))
        for name, each in named
        if each.value is not None
    ]
    figure = dots(palette, shown)
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    return Chart(figure, f"{what}. {said(shown)}.")


def dots(palette: Palette, shown: Sequence[Dot]) -> Drawing:
    """Return a drawing with a row for each value: a dot, and its interval as a line."""
    figure = blank(palette, ROW_PX * max(len(shown), 1) + AXIS_PX)
    for place, each in enumerate(shown):
        if each.low is not None and each.high is not None:
            _add_interval(figure, palette, x=[each.low, each.high], y=[place, place])
    figure.add_scatter(
        x=[each.value for each in shown],
        y=list(range(len(shown))),
        mode="markers",
        marker={"color": palette.series[0], "size": 9},
        text=[each.written for each in shown],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[_shortened(each.name) for each in shown],
        # Downwards, so that the first value is on top
        range=[len(shown) - 0.5, -0.5],
        automargin=True,
        ticksuffix="",
    )
    return figure


def said(shown: Sequence[Dot]) -> str:
    """Return the values in words, for a chart's alternative text."""
    return "; ".join(f"{each.name}: {each.written}" for each in shown)


def pass_power(palette: Palette, targets: Sequence[TargetView]) -> Chart:
    """Draw pass^k over k, a line for each target."""
    figure, told = blank(palette), []
    for number, target in enumerate(targets):
        curve = target.pass_power
        if not curve:
            continue
        figure.add_scatter(
            x=list(range(1, len(curve) + 1)),
            y=list(curve),
            name=_shortened(target.title),
            mode="lines+markers",
            line={"color": palette.series[number % len(palette.series)], "width": 2},
            hovertemplate="%{x} runs: %{y:.1%}<extra></extra>",
        )
        told.append(f"{target.title}: {share(curve[0])} of 1 run, {share(curve[-1])} of all")
    figure.update_xaxes(dtick=1, title="runs")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_layout(showlegend=len(told) > 1, legend={"orientation": "h", "y": 1.15})
    return Chart(figure, f"Chance that all of k runs pass. {'; '.join(told)}.")


def trend(palette: Palette, points: Sequence[TrendPoint]) -> Chart:
    """Draw the pass rate of each version with its 95 % interval; a version that was asked other
    cases than the newest is hollow.
    """
    figure, places = blank(palette), list(range(len(points)))
    for place, point in zip(places, points, strict=True):
        rate = point.success_rate
        if rate.low is not None and rate.high is not None:
            _add_interval(figure, palette, x=[place, place], y=[rate.low, rate.high])
    figure.add_scatter(
        x=places,
        y=[point.success_rate.value for point in points],
        mode="lines+markers",
        line={"color": palette.muted, "width": 1, "dash": "dot"},
        marker={
            "color": [
                palette.ground if point.has_other_cases else palette.series[0] for point in points
            ],
            "line": {"color": palette.series[0], "width": 2},
            "size": 10,
        },
        cliponaxis=False,  # a dot at 0% is drawn whole
        text=[_said(point) for point in points],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(
        tickvals=places,
        ticktext=[f"v{point.version}" for point in points],
        range=[-0.5, len(points) - 0.5],
    )
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_layout(hovermode="closest", hoverdistance=-1)
    return Chart(figure, f"Pass rate by version. {'; '.join(map(_said, points))}.")


def _add_interval(
    figure: Drawing, palette: Palette, *, x: Sequence[float], y: Sequence[float]
) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": palette.series[0], "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _said(point: TrendPoint) -> str:
    return f"v{point.version}: {written(point.success_rate)}"


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
