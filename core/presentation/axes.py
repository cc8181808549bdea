"""Axes of charts: the scale of a unit, and times in the reporting time zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.presentation.drawing import Drawing
from core.presentation.formatting import FigureUnit

# Counts: from here on as 10k, and up to here one grid line each
SHORT_FROM, WHOLE_STEPS = 10_000, 5
# Money: the grid lines of an axis between these tops are whole cents
CENTS_FROM, CENTS_BELOW = 0.1, 5

# Up to here Plotly labels times of day, and longer spans by date
FEW_DAYS = timedelta(days=3.5)
DAY, HALF_DAY = timedelta(days=1), timedelta(hours=12)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class AxisScale:
    """How the values of a unit are drawn: factor, prefix, suffix and number format."""

    factor: float = 1.0
    prefix: str = ""
    suffix: str = ""
    hover: str = ",.0f"

    def of(self, values: Sequence[float | None]) -> list[float | None]:
        """Return values multiplied by the factor."""
        return [None if value is None else value * self.factor for value in values]

    def hover_template(self, *, has_name: bool) -> str:
        """Return Plotly's template of a point's hover text."""
        text = f"{self.prefix}%{{y:{self.hover}}}{self.suffix}"
        return text if has_name else f"{text}<extra></extra>"

    def words(self, value: float) -> str:
        """Return a value of the axis with its unit."""
        return f"{self.prefix}{value:{self.hover}}{self.suffix}"


def scale_of(unit: FigureUnit, top: float) -> AxisScale:
    """Return a readable scale for values up to `top`."""
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


def show_dates(figure: Drawing, times: Sequence[datetime], zone: str) -> None:
    """Label days by their date where Plotly would write times alone: the day of a single point,
    and two or three days, those of hours with noon between them.
    """
    span = span_of(times)
    if len(times) == 1:
        [at] = local(times, zone)
        labels = {at: f"{times[0].astimezone(ZoneInfo(zone)):%-d %b}"}
    elif span is not None and DAY < span[1] - span[0] <= FEW_DAYS:
        has_noon = times[1] - times[0] < HALF_DAY
        labels = dict(_days(span, zone, has_noon=has_noon))
    else:
        return
    figure.update_xaxes(tickvals=list(labels), ticktext=list(labels.values()))


def _days(span: Span, zone: str, *, has_noon: bool) -> Iterator[tuple[str, str]]:
    first, last = (each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in span)
    tick = datetime.combine(first, time())
    while tick < last:
        if tick >= first and (has_noon or not tick.hour):
            yield f"{tick:%Y-%m-%d %H:%M:%S}", f"{tick:%H:%M}" if tick.hour else f"{tick:%-d %b}"
        tick += HALF_DAY


def span_of(times: Sequence[datetime]) -> Span | None:
    """Return the span of intervals by their starts; a single one is a day long."""
    if not times:
        return None
    return times[0], times[-1] + (times[-1] - times[-2] if len(times) > 1 else timedelta(days=1))


def local(times: Sequence[datetime], zone: str) -> list[str]:
    """Return times in a zone without offset, so that Plotly shows them unchanged.

    An hour that comes twice, when clocks go back, has the room of one: its first half is the first
    of the two, or their bars and points would lie on one another.
    """
    time_zone = ZoneInfo(zone)
    return [f"{_place_of(time.astimezone(time_zone)):%Y-%m-%d %H:%M:%S}" for time in times]


def moment_at(place: str, zone: str) -> datetime:
    """Return the time of a place on the axis, as `local` returned it."""
    at = datetime.fromisoformat(place).replace(tzinfo=ZoneInfo(zone))
    if not (twice := _twice(at)):
        return at
    since = 2 * _since(at, twice)
    start = at - _since(at, twice)
    return (start + since % twice).replace(fold=int(since >= twice))


def _place_of(at: datetime) -> datetime:
    if not (twice := _twice(at)):
        return at
    since = _since(at, twice)
    return at - since + (since + at.fold * twice) / 2


def _twice(at: datetime) -> timedelta:
    """Return how much time around a local time comes twice, or zero."""
    first, second = (at.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return max(first - second, timedelta())


def _since(at: datetime, twice: timedelta) -> timedelta:
    """Return the time since the begin of what comes twice: an hour begins at a full hour."""
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) % twice


def format_axis(figure: Drawing, scale: AxisScale, top: float) -> None:
    figure.update_yaxes(tickprefix=scale.prefix, ticksuffix=scale.suffix)
    if scale == AxisScale():
        count_axis(figure, top)
    # Plotly would write $0.1
    if scale.prefix and CENTS_FROM <= top < CENTS_BELOW:
        figure.update_yaxes(tickformat=".2f")


def say_no_data(figure: Drawing, colour: str) -> None:
    """Write that there is nothing to measure, in place of the scale that Plotly would make up."""
    figure.update_yaxes(showticklabels=False, showgrid=False)
    middle = {"x": 0.5, "xref": "paper", "y": 0.5, "yref": "paper"}
    font = {"size": 12, "color": colour}
    figure.add_annotation(**middle, text="No data", showarrow=False, font=font)


def count_axis(figure: Drawing, top: float) -> None:
    """Format the y axis as whole numbers up to `top`; Plotly would label half a request as 500m."""
    figure.update_yaxes(tickformat="~s" if top >= SHORT_FROM else ",d")
    if top < WHOLE_STEPS:
        figure.update_yaxes(dtick=1, range=[0, max(top, 1) * 1.08])
