"""Charts over time, and the elements that all charts share.

Colours are passed in, because they belong to the console's theme. A chart is a figure and a text
alternative made from the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from core.platform import clock
from core.presentation.axes import (
    AxisScale,
    format_axis,
    local,
    say_no_data,
    scale_of,
    show_dates,
    span_of,
)
from core.presentation.chart_markers import (
    MARKER_ROW_PX,
    ChartMarker,
    add_markers,
    markers_within,
)
from core.presentation.drawing import DATES_PX, HEIGHT, Drawing, Markup, dated
from core.presentation.formatting import FigureUnit, shortened
from core.presentation.palette import Palette

LABEL_GAP_PX, LABEL_ROOM_PX, MUCH_ROOM_PX, LETTER_PX = 15, 92, 130, 6
LONGEST_LABEL = 24  # characters of a line's name at its end; hovering shows the whole name
LEGEND_PX = 41
PREVIOUS, LAST = "Previous period", 2000  # in a legend, where the others have 1000


class HasTime(Protocol):
    """A point of a series."""

    @property
    def at(self) -> datetime:
        """The start of its interval."""


Dated = TypeVar("Dated", bound=HasTime)


@dataclass(frozen=True)
class Line:
    """One line of a chart; None is a gap.

    Its label is in `ink`, a colour for text; with `swatch`, after a square of the line's colour.
    """

    name: str
    values: Sequence[float | None]
    colour: str
    ink: str
    width: float = 1.8
    swatch: bool = False


def line_chart(
    palette: Palette,
    times: Sequence[datetime],
    lines: Sequence[Line],
    unit: FigureUnit,
    *,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    height: int = HEIGHT,
    previous: Sequence[float | None] = (),
    is_open: bool = False,
    ends_at: float | None = None,
) -> Drawing:
    """Return lines from zero, labelled at their ends; a single one without gaps is a filled area.

    `previous` are the values of the previous period by the same intervals, a gray line. Lines
    whose last interval `is_open`, not over, are dashed towards it. An axis that the caller
    `ends_at` a value has the labels of all lines within it.
    """
    top = max(top_of(lines), highest(previous))
    scale = scale_of(unit, top)
    figure, at = dated(palette, height), local(times, zone)
    figure.update_layout(showlegend=False)
    _add_previous(figure, palette, at, previous, scale)
    _add_lines(figure, palette, at, lines, scale, is_open=is_open)
    format_axis(figure, scale, top)
    measured = (previous, *(line.values for line in lines))
    if all(value is None for values in measured for value in values):
        say_no_data(figure, palette.muted)
    show_dates(figure, times, zone)
    is_compared = highest(previous) > 0
    if len(lines) > 1:
        known = previous[: len(at)] if is_compared else ()
        gray = Line(PREVIOUS, known, palette.series[-1], palette.muted, swatch=lines[0].swatch)
        _label_ends(figure, [*lines, gray], scale, height, ends_at)
    if len(at) > 1:
        # Plotly would leave room for markers at both ends.
        last = max([times[-1], *(each.at for each in markers_within(markers, span_of(times)))])
        figure.update_xaxes(range=[at[0], *local([last], zone)])
    rows = add_markers(figure, palette, markers, zone, times=times)
    if len(lines) == 1 and is_compared:
        _add_legend(figure, height, rows)
    # A click between two points picks the nearest
    return figure.update_layout(hoverdistance=-1)


def _add_lines(
    figure: Drawing,
    palette: Palette,
    at: Sequence[str],
    lines: Sequence[Line],
    scale: AxisScale,
    *,
    is_open: bool,
) -> None:
    for line in lines:
        figure.add_scatter(
            x=at,
            y=scale.of(line.values),
            name=line.name,
            mode="lines+markers" if _marker_sizes(line) else "lines",
            line={"color": line.colour, "width": line.width},
            marker={
                "color": line.colour,
                "size": _marker_sizes(line),
                "opacity": 1,
                "line": {"width": 0},
            },
            cliponaxis=False,  # a dot at an end or at the top is drawn whole
            # Plotly would fill gaps, as if there were values
            fill="tozeroy" if len(lines) == 1 and not _has_gap(line) else None,
            fillcolor=palette.tint,
            hovertemplate=scale.hover_template(has_name=len(lines) > 1),
        )
        if is_open:
            _dash(figure, palette, at[-2:], scale.of(line.values[-2:]), line.width + 1)


def stacked_bars(
    palette: Palette,
    times: Sequence[datetime],
    parts: dict[str, Sequence[float]],
    unit: FigureUnit,
    *,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    height: int = HEIGHT,
    colours: Sequence[str] = (),
    previous: Sequence[float | None] = (),
) -> Drawing:
    """Return stacked bars, with a legend for several parts; `colours` override the palette's.

    `previous` is the previous period's total, a gray line; an interval that is not over is hatched.
    """
    sums = [sum(column) for column in zip(*parts.values(), strict=True)]
    tallest = max([*sums, highest(previous)], default=0)
    scale, figure, at = scale_of(unit, tallest), dated(palette, height), local(times, zone)
    for index, (name, values) in enumerate(parts.items()):
        figure.add_bar(
            x=at,
            y=scale.of(values),
            name=name,
            marker={
                "color": (colours or palette.series)[index] if len(parts) > 1 else palette.bar,
                "line": {"width": 0},
                "pattern": _hatched(times),
            },
            hovertemplate=scale.hover_template(has_name=len(parts) > 1 or bool(previous)),
        )
    _add_previous(figure, palette, at, previous, scale)
    format_axis(figure, scale, tallest)
    show_dates(figure, times, zone)
    rows = add_markers(figure, palette, markers, zone, times=times)
    figure.update_layout(barmode="stack", barcornerradius=0 if len(parts) > 1 else 2)
    if len(parts) > 1 or previous:
        return _add_legend(figure, height, rows)
    top = (12 if markers else 8) + MARKER_ROW_PX * rows
    return figure.update_layout(showlegend=False, margin={"t": top})


def _add_legend(figure: Drawing, height: int, rows: int) -> Drawing:
    """Show a legend of one row above the labels of the markers, which take some rows."""
    above = 0.02 + 0.08 * rows  # as a share of the plot's height
    # As Plotly would make it, after it has drawn all once
    top = round((above * (height - DATES_PX) + LEGEND_PX) / (1 + above))
    return figure.update_layout(showlegend=True, legend={"y": 1 + above}, margin={"t": top})


def top_of(lines: Sequence[Line]) -> float:
    """Return the largest value of all lines, or 0."""
    return max((value for line in lines for value in line.values if value is not None), default=0.0)


def highest(values: Sequence[float | None]) -> float:
    """Return the largest value that is not None, or 0."""
    return max((value for value in values if value is not None), default=0.0)


def last_of(values: Sequence[float | None]) -> float | None:
    """Return the last value that is not None, or None."""
    return next((value for value in reversed(values) if value is not None), None)


def so_far(points: Sequence[Dated]) -> list[Dated]:
    """Return the points of a series that are not in the future."""
    now = clock.now()
    return [point for point in points if point.at <= now]


def _add_previous(
    figure: Drawing,
    palette: Palette,
    at: Sequence[str],
    values: Sequence[float | None],
    scale: AxisScale,
) -> None:
    """Draw the previous period as a gray line below what is compared with it."""
    if highest(values):
        figure.add_scatter(
            x=list(at[: len(values)]),
            y=scale.of(values[: len(at)]),
            name=PREVIOUS,
            mode="lines",
            line={"color": palette.series[-1], "width": 1.4},
            legendrank=LAST,
            hovertemplate=scale.hover_template(has_name=True),
        )


def _has_gap(line: Line) -> bool:
    known = [index for index, value in enumerate(line.values) if value is not None]
    return bool(known) and len(known) <= known[-1] - known[0]


def _dash(
    figure: Drawing, palette: Palette, x: Sequence[str], y: Sequence[float | None], width: float
) -> None:
    """Draw the ground through a line, which stays one line to hover and click."""
    dashes = {"color": palette.ground, "width": width, "dash": "4px,4px"}
    figure.add_scatter(x=list(x), y=list(y), mode="lines", line=dashes, hoverinfo="skip")


def _hatched(times: Sequence[datetime]) -> dict[str, Any]:
    """Return the pattern of bars: the last one is hatched while its interval is not over."""
    span = span_of(times)
    is_open = span is not None and span[0] <= clock.now() < span[1]
    return {"shape": [*([""] * (len(times) - 1)), "/"] if is_open else "", "size": 6}


def _marker_sizes(line: Line) -> list[int]:
    """Return marker sizes that show values between two gaps, or [] without any."""
    padded = [None, *line.values, None]
    sizes = [
        5 if padded[index] is None and padded[index + 2] is None else 0
        for index in range(len(line.values))
    ]
    is_seen = any(
        size and value is not None for size, value in zip(sizes, line.values, strict=True)
    )
    return sizes if is_seen else []


def _label_ends(
    figure: Drawing, lines: Sequence[Line], scale: AxisScale, height: int, ends_at: float | None
) -> None:
    """Write each line's name and last value to the right of its end, without overlaps.

    Of the previous period the name is enough: its end is no figure of now.
    """
    span = (ends_at or top_of(lines)) * scale.factor * 1.08 or 1.0
    step = span * LABEL_GAP_PX / max(height - 40, 1)
    known = [(line, last_of(scale.of(line.values))) for line in lines]
    ends = sorted(
        ((line, value) for line, value in known if value is not None), key=lambda end: end[1]
    )
    places: list[float] = []
    for _, value in ends:
        places.append(max(value, places[-1] + step if places else 0.0))
    if ends_at is not None:
        above = enumerate(reversed(places))
        places = [min(place, span - number * step) for number, place in above][::-1]
    room = LABEL_ROOM_PX
    for (line, value), place in zip(ends, places, strict=True):
        name = shortened(line.name, LONGEST_LABEL)
        said = "" if line.name == PREVIOUS else scale.words(value)
        swatch = Markup.of('<span style="color:{}">■</span> ', line.colour) if line.swatch else ""
        label = Markup(swatch + Markup.of("<b>{}</b>  {}", name, said))
        room = max(room, 14 + LETTER_PX * (2 * line.swatch + len(name) + 2 + len(said)))
        position = {"x": 1, "xref": "paper", "y": place, "xanchor": "left", "xshift": 8}
        font = {"size": 11, "color": line.ink}
        figure.add_annotation(**position, text=label, showarrow=False, font=font, align="left")
    # The labels leave less room for dates, long ones little on a phone
    figure.update_xaxes(nticks=5 if room < MUCH_ROOM_PX else 3)
    top = max([span, *(place * 1.05 for place in places)])
    figure.update_layout(margin={"r": room}, yaxis={"range": [0, top]})
