"""Charts over time, and the parts that all charts share.

Colours come from the caller: they live in the console's theme. A chart is its figure and the text that says the same to those who
cannot see it, made of the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from core.platform import clock
from core.presentation.drawing import HEIGHT, Drawing, Markup, blank, dated
from core.presentation.palette import Palette
from core.presentation.words import FigureUnit, shortened

LABEL_GAP_PX, LABEL_ROOM_PX = 15, 92
MOST_TICKS, NEAR = 6, 0.35  # of the width: nearer than this, two names would meet
MOST_MARKS, LONGEST_MARK = 8, 14
SHORT_FROM, WHOLE_STEPS = 10_000, 5  # counts: from here on 10k, and up to here a line for each


class HasTime(Protocol):
    """One point of a series."""

    @property
    def at(self) -> datetime:
        """When its interval begins."""


Span = tuple[datetime, datetime]
Dated = TypeVar("Dated", bound=HasTime)


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment: a release, a promotion."""

    at: datetime
    label: str


@dataclass(frozen=True)
class Line:
    """One line of a chart; None is a gap."""

    name: str
    values: Sequence[float | None]
    colour: str
    ink: str
    width: float = 1.8


@dataclass(frozen=True)
class AxisScale:
    """How the values of a unit are drawn: by which factor, and with what before and behind them."""

    factor: float = 1.0
    prefix: str = ""
    suffix: str = ""
    hover: str = ",.0f"

    def of(self, values: Sequence[float | None]) -> list[float | None]:
        """Return values as the axis has them."""
        return [None if value is None else value * self.factor for value in values]

    def words(self, value: float) -> str:
        """Return a value of the axis with its unit."""
        return f"{self.prefix}{value:{self.hover}}{self.suffix}"


def scale_of(unit: FigureUnit, top: float) -> AxisScale:
    """Return the scale on which values up to `top` can be read."""
    if unit is FigureUnit.DURATION:
        if top < 1000:
            return AxisScale(suffix=" ms")
        if top < 90_000:
            return AxisScale(0.001, suffix=" s", hover=",.1f" if top >= 3000 else ",.2f")
        return (
            AxisScale(1 / 60_000, suffix=" min", hover=",.1f")
            if top < 5_400_000
            else AxisScale(1 / 3_600_000, suffix=" h", hover=",.1f")
        )
    if unit is FigureUnit.MONEY:
        return AxisScale(prefix="$", hover=",.2f" if top >= 0.1 else ",.4f")
    if unit is FigureUnit.SHARE:
        return AxisScale(100, suffix="%", hover=",.1f" if top >= 0.03 else ",.2f")
    return AxisScale()


def line_chart(
    palette: Palette,
    times: Sequence[datetime],
    lines: Sequence[Line],
    unit: FigureUnit,
    *,
    zone: str,
    marks: Sequence[Mark] = (),
    height: int = HEIGHT,
) -> Drawing:
    """Return lines over time from zero up, each named at its end; a single one stands on its area and needs no name."""
    scale = scale_of(unit, top_of(lines))
    figure, at = dated(palette, height), local(times, zone)
    for line in lines:
        figure.add_scatter(
            x=at,
            y=scale.of(line.values),
            name=line.name,
            mode="lines+markers" if _lonely(line) else "lines",
            line={"color": line.colour, "width": line.width},
            marker={"color": line.colour, "size": _lonely(line), "opacity": 1, "line": {"width": 0}},
            fill="tozeroy" if len(lines) == 1 else None,
            fillcolor=palette.tint,
            hovertemplate=f"{scale.prefix}%{{y:{scale.hover}}}{scale.suffix}" + ("<extra></extra>" if len(lines) == 1 else ""),
        )
    _axis_of(figure, scale, top_of(lines))
    if len(lines) > 1:
        _name_ends(figure, lines, scale, height)
    if len(at) > 1:
        # Plotly would leave room at both ends for markers that nobody sees.
        ends = local([max([times[-1], *(mark.at for mark in marks_within(marks, span_of(times)))])], zone)
        figure.update_xaxes(range=[at[0], *ends])
    add_marks(figure, palette, marks, zone, span=span_of(times))
    return figure.update_layout(showlegend=False)


def stacked_bars(
    palette: Palette,
    times: Sequence[datetime],
    parts: dict[str, Sequence[float]],
    unit: FigureUnit,
    *,
    zone: str,
    marks: Sequence[Mark] = (),
    height: int = HEIGHT,
    colours: Sequence[str] = (),
) -> Drawing:
    """Return bars over time, each the sum of its parts; the legend above holds names only; `colours` where parts mean one."""
    tallest = max((sum(each) for each in zip(*parts.values(), strict=True)), default=0)
    scale, figure, at = scale_of(unit, tallest), dated(palette, height), local(times, zone)
    for number, (name, values) in enumerate(parts.items()):
        figure.add_bar(
            x=at,
            y=scale.of(values),
            name=name,
            marker={"color": (colours or palette.series)[number] if len(parts) > 1 else palette.bar, "line": {"width": 0}},
            hovertemplate=f"{scale.prefix}%{{y:{scale.hover}}}{scale.suffix}" + ("" if len(parts) > 1 else "<extra></extra>"),
        )
    _axis_of(figure, scale, tallest)
    show_whole_days(figure, times, zone)
    add_marks(figure, palette, marks, zone, span=span_of(times))
    stack: dict[str, Any] = {
        "barmode": "stack",
        "barcornerradius": 0 if len(parts) > 1 else 2,
        "showlegend": len(parts) > 1,
        "legend": {"y": 1.1 if marks else 1.02},  # above the names of the marks
    }
    return figure.update_layout(**stack, margin={"t": 36 if len(parts) > 1 else 26 if marks else 8})


def histogram(
    palette: Palette,
    counts: Sequence[int],
    ranges: Sequence[tuple[str, str]],
    named: Sequence[tuple[str, int | None]],
    *,
    what: str = "",
    height: int = HEIGHT,
) -> Drawing:
    """Return bars of how many lie in which range; `named` are bars under words, such as that of the median."""
    figure, places = blank(palette, height), list(range(len(counts)))
    figure.add_bar(
        x=places,
        y=list(counts),
        marker={"color": palette.bar},
        customdata=[f"{start} to {end}" for start, end in ranges],
        hovertemplate=f"%{{customdata}}: %{{y:,}}{what}<extra></extra>",
    )
    ticks = places[:: max(1, -(-len(places) // MOST_TICKS))]
    figure.update_xaxes(tickvals=ticks, ticktext=[ranges[place][1] for place in ticks])
    count_axis(figure, max(counts, default=0))
    _name_bars(figure, palette, named, len(places))
    return figure.update_layout(bargap=0.06, margin={"t": 22}, hovermode="closest", showlegend=False)


def add_marks(figure: Drawing, palette: Palette, marks: Sequence[Mark], zone: str, *, span: Span | None) -> None:
    """Draw what happened within a span of time as upright lines, named above as far as there is room."""
    inside = sorted(marks_within(marks, span), key=lambda mark: mark.at)
    length = (span[1] - span[0]).total_seconds() if span else 1
    named_until = -1.0
    for mark in inside:
        [at] = local([mark.at], zone)
        figure.add_shape(
            type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"color": palette.muted, "width": 1, "dash": "dot"}
        )
        place = (mark.at - span[0]).total_seconds() / length if span and length else 0.0
        room = 0.02 + 0.013 * min(len(mark.label), LONGEST_MARK)
        near_end = place + room > 1  # then the name stands on the left of its line
        if place - (room if near_end else 0) >= named_until and len(inside) <= MOST_MARKS * 3:
            _name_mark(figure, palette, at, mark, near_end=near_end)
            named_until = place if near_end else place + room
    if inside:
        figure.update_layout(margin={"t": 24})


def show_whole_days(figure: Drawing, times: Sequence[datetime], zone: str) -> None:
    """Name the day of a single point: around it, Plotly would show milliseconds."""
    if len(times) == 1:
        [at] = local(times, zone)
        figure.update_xaxes(tickvals=[at], ticktext=[f"{times[0].astimezone(ZoneInfo(zone)):%-d %b}"])


def span_of(times: Sequence[datetime]) -> Span | None:
    """Return the time that intervals cover, by when they begin: the last is as long as the one before it, a single one a day."""
    if not times:
        return None
    return times[0], times[-1] + (times[-1] - times[-2] if len(times) > 1 else timedelta(days=1))


def marks_within(marks: Sequence[Mark], span: Span | None) -> list[Mark]:
    """Return the marks of a span of time."""
    return [mark for mark in marks if span and span[0] <= mark.at < span[1]]


def local(times: Sequence[datetime], zone: str) -> list[str]:
    """Return times as clocks in a zone show them: Plotly draws what it is told, whatever the browser's zone."""
    place = ZoneInfo(zone)
    return [f"{each.astimezone(place):%Y-%m-%d %H:%M:%S}" for each in times]


def top_of(lines: Sequence[Line]) -> float:
    """Return the largest value of all lines, 0 of none."""
    return max((value for line in lines for value in line.values if value is not None), default=0.0)


def last_of(values: Sequence[float | None]) -> float | None:
    """Return the last value that is there."""
    return next((value for value in reversed(values) if value is not None), None)


def so_far(points: Sequence[Dated]) -> list[Dated]:
    """Return the points of a series that lie behind us: what is still to come is not nothing."""
    now = clock.now()
    return [point for point in points if point.at <= now]


def _name_bars(figure: Drawing, palette: Palette, named: Sequence[tuple[str, int | None]], bars: int) -> None:
    """Draw dotted lines through bars, named at their tops; where names would meet, the first line has all of them."""
    there = [(words, at) for words, at in named if at is not None]
    if there and there[-1][1] - there[0][1] < bars * NEAR:
        there = [(", ".join(words for words, _ in there), there[0][1])]
    for words, at in there:
        line, font = {"color": palette.muted, "width": 1, "dash": "dot"}, {"size": 11, "color": palette.muted}
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=line)
        figure.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=words, showarrow=False, font=font)


def _lonely(line: Line) -> list[int]:
    """Return how large each point is: what stands alone between gaps is all that there is of its line. Without such, nothing."""
    around = [None, *line.values, None]
    sizes = [5 if around[number] is None and around[number + 2] is None else 0 for number in range(len(line.values))]
    return sizes if any(size and value is not None for size, value in zip(sizes, line.values, strict=True)) else []


def _axis_of(figure: Drawing, scale: AxisScale, top: float) -> None:
    figure.update_yaxes(tickprefix=scale.prefix, ticksuffix=scale.suffix)
    if scale == AxisScale():
        count_axis(figure, top)


def count_axis(figure: Drawing, top: float) -> None:
    """Give the upright axis whole numbers up to `top`: there is no half of a request, which Plotly would call 500m."""
    figure.update_yaxes(tickformat="~s" if top >= SHORT_FROM else ",d")
    if top < WHOLE_STEPS:
        figure.update_yaxes(dtick=1, range=[0, max(top, 1) * 1.08])


def _name_ends(figure: Drawing, lines: Sequence[Line], scale: AxisScale, height: int) -> None:
    """Write each line's name and last value right of its end, nudged apart."""
    span = top_of(lines) * scale.factor * 1.08 or 1.0
    step, lowest, last = span * LABEL_GAP_PX / max(height - 40, 1), 0.0, 0.0
    ends = [(line, last_of(scale.of(line.values))) for line in lines]
    for line, value in sorted(((line, value) for line, value in ends if value is not None), key=lambda end: end[1]):
        last = max(value, lowest)
        words = Markup.of("<b>{}</b>  {}", line.name, scale.words(value))
        place: dict[str, Any] = {"x": 1, "xref": "paper", "y": last, "xanchor": "left", "xshift": 8}
        figure.add_annotation(**place, text=words, showarrow=False, font={"size": 11, "color": line.ink}, align="left")
        lowest = last + step
    figure.update_xaxes(nticks=5)  # the names leave less room for dates
    figure.update_layout(margin={"r": LABEL_ROOM_PX}, yaxis={"range": [0, max(span, last * 1.05)]})


def _name_mark(figure: Drawing, palette: Palette, at: str, mark: Mark, *, near_end: bool) -> None:
    label = shortened(mark.label, LONGEST_MARK)
    place = {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "right" if near_end else "left"}
    figure.add_annotation(**place, text=label, showarrow=False, font={"size": 10, "color": palette.muted}, hovertext=mark.label)
