"""Charts of onboarding, with their alternative texts."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

from core.activity.funnel_views import (
    CohortDay,
    ConversionTrend,
    FunnelComparison,
    FunnelStep,
    FunnelView,
    RateDifference,
    TimeBar,
    TimeToDropOff,
)
from core.activity.schemas import EventTypeTrend
from core.presentation import formatting
from core.presentation.axes import local, show_dates
from core.presentation.chart_markers import ChartMarker, add_markers
from core.presentation.comparison import ChangeVerdict
from core.presentation.drawing import Chart, Drawing, Markup, blank, dated
from core.presentation.formatting import FigureUnit
from core.presentation.histograms import histogram
from core.presentation.palette import Palette
from core.presentation.periods import DAY
from core.presentation.plotting import stacked_bars

HALF_BAR, TALL = 0.2, 250
NAME_WIDTH = 10  # characters of a line


def funnel(palette: Palette, view: FunnelView) -> Chart:
    """Draw users by step, with conversion and median time between the bars; lowest in red."""
    steps = view.steps
    figure, start = blank(palette, TALL), max(steps[0].users, 1)
    weakest = weakest_of(steps)
    for number, step in enumerate(steps[1:], 1):
        edges = [number - 1 + HALF_BAR, number - HALF_BAR, number - HALF_BAR, number - 1 + HALF_BAR]
        heights = [steps[number - 1].users, step.users, 0, 0]
        figure.add_scatter(
            x=edges, y=heights, fill="toself", mode="none", fillcolor=palette.tint, hoverinfo="skip"
        )
        median = step.median_seconds_from_previous
        label = Markup.of(
            "<b>{}</b><br>{}",
            formatting.share(step.conversion_from_previous),
            "" if median is None else duration_text(median),
        )
        _label_between(figure, number, label, palette.bad if step is weakest else palette.muted)
    figure.add_bar(
        x=list(range(len(steps))),
        y=[step.users for step in steps],
        width=2 * HALF_BAR,
        marker={"color": palette.bar},
        hovertemplate="%{y:,} users<extra></extra>",
    )
    for number, step in enumerate(steps):
        rate = step.conversion_from_start
        label = Markup.of(
            "<b>{}</b><br><span style='color:{}'>{}</span>",
            f"{step.users:,}",
            palette.muted,
            formatting.NOTHING if rate is None else f"{rate:.0%}",
        )
        place = {"x": number, "y": step.users, "yanchor": "bottom", "yshift": 4}
        figure.add_annotation(**place, showarrow=False, text=label, font={"size": 13})
    _name_steps(figure, palette, steps)
    # Room for the label above the tallest bar
    figure.update_yaxes(visible=False, range=[0, start * 1.25])
    figure.update_layout(showlegend=False, hovermode="closest", margin={"t": 24, "l": 0, "r": 0})
    each = ", ".join(f"{step_label(step)} {step.users:,}" for step in steps)
    alt = f"Users by step: {each}. {formatting.share(view.overall_conversion)} converted."
    if weakest is not None:
        rate_text = formatting.share(weakest.conversion_from_previous)
        alt += f" Lowest conversion: {step_label(weakest)}, {rate_text} of the previous step."
    return Chart(figure, alt)


def _label_between(figure: Drawing, number: int, label: str, colour: str) -> None:
    place = {"x": number - 0.5, "y": 0, "yanchor": "bottom", "yshift": 6, "showarrow": False}
    figure.add_annotation(**place, text=label, font={"size": 11, "color": colour}, align="center")


def _name_steps(figure: Drawing, palette: Palette, steps: Sequence[FunnelStep]) -> None:
    """Write the steps' names below the bars, in lines so short that five fit on a phone."""
    each = [wrap(step_label(step), NAME_WIDTH, break_long_words=False) for step in steps]
    names = [Markup.of("<br>".join("{}" for _ in name), *name) for name in each]
    figure.update_xaxes(
        tickvals=list(range(len(steps))),
        ticktext=names,
        tickfont={"size": 12, "color": palette.text},
        range=[-0.45, len(steps) - 0.55],
    )


def weakest_of(steps: list[FunnelStep]) -> FunnelStep | None:
    """Return the required step with the lowest conversion from the previous one, or None."""
    # Passing over an optional step is no drop-off
    known = [
        step for step in steps if step.conversion_from_previous is not None and not step.is_optional
    ]
    return min(known, key=lambda step: step.conversion_from_previous or 0, default=None)


def step_label(step: FunnelStep) -> str:
    """Return a step's name: register complete."""
    return step.label


def funnel_comparison(palette: Palette, comparison: FunnelComparison) -> Chart:
    """Draw two funnels side by side as shares of their first step, with the differences."""
    figure, numbers = blank(palette, TALL), list(range(len(comparison.steps)))
    sides = (
        (comparison.one, comparison.name, palette.bar, -HALF_BAR / 2),
        (comparison.other, comparison.other_name, palette.series[5], HALF_BAR / 2),
    )
    for view, name, colour, shift in sides:
        figure.add_bar(
            x=[number + shift for number in numbers],
            y=[(step.conversion_from_start or 0) * 100 for step in view.steps],
            width=HALF_BAR - 0.02,
            name=name,
            marker={"color": colour},
            customdata=[
                (
                    f"{formatting.count(step.users, 'user')}, "
                    f"{formatting.share(step.conversion_from_start)}"
                )
                for step in view.steps
            ],
            hovertemplate="%{customdata}",
        )
    for number, step in enumerate(comparison.steps[1:], 1):
        is_worse = step.from_previous.verdict is ChangeVerdict.WORSE
        colour = palette.warn_ink if is_worse else palette.muted
        _label_between(figure, number, _short_points(step.from_previous), colour)
    _name_steps(figure, palette, comparison.one.steps)
    figure.update_yaxes(ticksuffix="%", range=[0, 105])
    # Bars stand where x says already: grouping would move them once more
    figure.update_layout(barmode="overlay", hovermode="closest", margin={"t": 26}, showlegend=True)
    rates = ", ".join(
        (
            f"{step_label(one)} {formatting.share(one.conversion_from_start)} vs. "
            f"{formatting.share(other.conversion_from_start)}"
        )
        for one, other in zip(comparison.one.steps[1:], comparison.other.steps[1:], strict=True)
    )
    names = f"{comparison.name} vs. {comparison.other_name}"
    return Chart(figure, f"{names}, conversion from start: {rates}. {comparison.says}")


def conversion_over_time(
    palette: Palette, trend: ConversionTrend, zone: str, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw the conversion rate by day of the first step; days with an open window are dotted."""
    at = [day.starts_at for day in trend.days]
    each = interval_of([day.starts_at for day in trend.days])
    figure, times = dated(palette, TALL - 20), local(at, zone)
    done = sum(day.is_complete for day in trend.days)
    bars = f"{each}s" if each in ("hour", "day") else f"periods of {each}"
    for since, until, dash, colour in (
        (0, done, "solid", palette.series[0]),
        # From the last complete day on, so that the two lines meet
        (max(done - 1, 0), len(at), "dot", palette.bar),
    ):
        part = trend.days[since:until]
        figure.add_scatter(
            x=times[since:until],
            y=[day.rate * 100 if day.rate is not None else None for day in part],
            mode="lines+markers",
            line={"color": colour, "width": 1.8, "dash": dash},
            marker={"size": 4, "color": colour},
            fill="tozeroy" if dash == "solid" else None,
            fillcolor=palette.tint,
            customdata=[_cohort(day, each, zone) for day in part],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_yaxes(ticksuffix="%")
    add_markers(figure, palette, markers, zone, times=at)
    figure.update_layout(showlegend=False, hovermode="closest")
    show_dates(figure, at, zone)
    known = [day for day in trend.days if day.rate is not None]
    ends = (
        f": {_cohort(known[0], each, zone)}; {_cohort(known[-1], each, zone)}"
        if known
        else ", no users started"
    )
    return Chart(
        figure,
        (
            f"Conversion rate by first-step {each}{ends}. {done} of {len(trend.days)} {bars} are "
            "complete."
        ),
    )


def time_to_convert(palette: Palette, trend: ConversionTrend) -> Chart:
    """Draw the histogram of the time to convert."""
    figure = _times(palette, trend.histogram, trend.median_seconds, trend.p90_seconds)
    said = _half_and_most(trend.median_seconds, trend.p90_seconds)
    return Chart(figure, f"Time to convert of {formatting.count(trend.completed, 'user')}: {said}.")


def time_to_drop_off(palette: Palette, times: TimeToDropOff) -> Chart:
    """Draw the histogram of the time to drop-off."""
    figure = _times(palette, times.histogram, times.median_seconds, times.p90_seconds)
    said = _half_and_most(times.median_seconds, times.p90_seconds)
    return Chart(figure, f"Time to drop-off of {formatting.count(times.users, 'user')}: {said}.")


def events_over_time(
    palette: Palette, trend: EventTypeTrend, zone: str, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw the events of a type by day or hour."""
    figure = stacked_bars(
        palette,
        trend.starts,
        {"Events": trend.event_counts},
        FigureUnit.COUNT,
        zone=zone,
        markers=markers,
    )
    errors = f", {formatting.count(trend.errors, 'error')}" if trend.errors else ""
    return Chart(
        figure,
        (
            f"{trend.event_type} by {interval_of(trend.starts)}: "
            f"{formatting.count(trend.events, 'event')}{errors}."
        ),
    )


def duration_text(seconds: float | None) -> str:
    """Return seconds with a unit: 2.4 s, or n/a."""
    return formatting.duration(round(seconds * 1000)) if seconds is not None else formatting.NOTHING


def _times(
    palette: Palette, bars: Sequence[TimeBar], median: float | None, late: float | None
) -> Drawing:
    half, most = (
        next((at for at, bar in enumerate(bars) if each is not None and each <= bar.to_s), None)
        for each in (median, late)
    )
    return histogram(
        palette,
        [bar.users for bar in bars],
        [(_bound(bar.from_s), _bound(bar.to_s)) for bar in bars],
        [(f"median {duration_text(median)}", half), (f"p90 {duration_text(late)}", most)],
        unit_text=" users",
        height=TALL - 20,
    )


def _bound(seconds: float) -> str:
    return duration_text(seconds).replace(".0 ", " ")


def _half_and_most(median: float | None, late: float | None) -> str:
    if median is None:
        return "no data yet"
    return f"median {duration_text(median)}, p90 {duration_text(late)}"


def interval_of(starts: Sequence[datetime]) -> str:
    """Return what a bar is of: `hour`, `day`, or a number of days."""
    # Rounded: where clocks change, a day has 23 or 25 hours
    days = round((starts[1] - starts[0]) / DAY) if len(starts) > 1 else 1
    return {0: "hour", 1: "day"}.get(days, f"{days} days")


def bar_span(starts: Sequence[datetime], number: int, end: datetime) -> tuple[datetime, datetime]:
    """Return the span of a bar: until the next one begins, or until the end of the period."""
    return starts[number], [*starts[1:], end][number]


def _cohort(day: CohortDay, each: str, zone: str) -> str:
    still = "" if day.is_complete else ", window still open"
    began = formatting.time_of_day(day.starts_at, zone) if each == "hour" else f"{day.date:%-d %b}"
    return f"{began}: {formatting.share(day.rate)} of {formatting.count(day.users, 'user')}{still}"


def _short_points(difference: RateDifference) -> str:
    if difference.difference is None:
        return formatting.NOTHING
    is_news = difference.verdict in (ChangeVerdict.WORSE, ChangeVerdict.BETTER)
    return Markup.of(
        "<b>{}<br>pts</b>" if is_news else "{}<br>pts", f"{difference.difference * 100:+.1f}"
    )
