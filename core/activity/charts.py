"""Charts of onboarding, with their alternative texts."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.activity.answers import (
    CohortDay,
    FunnelComparison,
    FunnelCourse,
    FunnelStep,
    FunnelView,
    RateDifference,
    Stays,
    TimeBar,
)
from core.activity.schemas import TypeCourse
from core.presentation import words
from core.presentation.comparison import ChangeVerdict
from core.presentation.drawing import Chart, Drawing, Markup, blank, dated
from core.presentation.palette import Palette
from core.presentation.periods import DAY
from core.presentation.plotting import Mark, add_marks, histogram, local, show_whole_days, span_of, stacked_bars
from core.presentation.words import FigureUnit

HALF_BAR, TALL = 0.2, 250


def funnel(palette: Palette, given: FunnelView) -> Chart:
    """Draw users by step; between two bars stand the share that came through and the median time, the weakest in red."""
    steps = given.steps
    figure, start = blank(palette, TALL), max(steps[0].users, 1)
    weakest = weakest_of(steps)
    for number, step in enumerate(steps[1:], 1):
        edges = [number - 1 + HALF_BAR, number - HALF_BAR, number - HALF_BAR, number - 1 + HALF_BAR]
        heights = [steps[number - 1].users, step.users, 0, 0]
        figure.add_scatter(x=edges, y=heights, fill="toself", mode="none", fillcolor=palette.tint, hoverinfo="skip")
        took = (
            words.duration(round(step.median_seconds_from_previous * 1000))
            if step.median_seconds_from_previous is not None
            else ""
        )
        colour = palette.bad if step is weakest else palette.muted
        said = Markup.of("<b>{}</b><br>{}", words.share(step.conversion_from_previous), took)
        place = {"x": number - 0.5, "y": 0, "yanchor": "bottom", "yshift": 6, "showarrow": False, "align": "center"}
        figure.add_annotation(**place, text=said, font={"size": 11, "color": colour})
    figure.add_bar(
        x=list(range(len(steps))),
        y=[step.users for step in steps],
        width=2 * HALF_BAR,
        marker={"color": palette.bar},
        hovertemplate="%{y:,} users<extra></extra>",
    )
    for number, step in enumerate(steps):
        share = f"{step.conversion_from_start:.0%}" if step.conversion_from_start is not None else words.NOTHING
        said = Markup.of("<b>{}</b><br><span style='color:{}'>{}</span>", f"{step.users:,}", palette.muted, share)
        figure.add_annotation(x=number, y=step.users, yanchor="bottom", yshift=4, showarrow=False, text=said, font={"size": 13})
    ticks = {"tickvals": list(range(len(steps))), "ticktext": [_wrapped(step) for step in steps]}
    figure.update_xaxes(**ticks, tickfont={"size": 12, "color": palette.text}, range=[-0.45, len(steps) - 0.55])
    figure.update_yaxes(visible=False, range=[0, start * 1.25])
    figure.update_layout(showlegend=False, hovermode="closest", margin={"t": 24, "l": 0, "r": 0})
    each = ", ".join(f"{short(step)} {step.users:,}" for step in steps)
    fewest = (
        f" Lowest conversion: {short(weakest)}, {words.share(weakest.conversion_from_previous)} of the previous step."
        if weakest
        else ""
    )
    return Chart(figure, f"Users by step: {each}. {words.share(given.overall_conversion)} converted.{fewest}")


def weakest_of(steps: list[FunnelStep]) -> FunnelStep | None:
    """Return the step that the smallest share of those before it took; optional ones may be left out by anybody."""
    known = [step for step in steps if step.conversion_from_previous is not None and not step.is_optional]
    return min(known, key=lambda step: step.conversion_from_previous or 0, default=None)


def short(step: FunnelStep) -> str:
    """Return a step's name without its category: register complete."""
    return " | ".join(words.event(each) for each in step.event_type.split("|"))


def compared(palette: Palette, given: FunnelComparison) -> Chart:
    """Draw two funnels side by side as shares of their first step; between two steps stands by how much the passage differs."""
    figure, numbers = blank(palette, TALL), list(range(len(given.steps)))
    sides = (
        (given.one, given.name, palette.bar, -HALF_BAR / 2),
        (given.other, given.other_name, palette.series[5], HALF_BAR / 2),
    )
    for view, name, colour, shift in sides:
        figure.add_bar(
            x=[number + shift for number in numbers],
            y=[(step.conversion_from_start or 0) * 100 for step in view.steps],
            width=HALF_BAR - 0.02,
            name=name,
            marker={"color": colour},
            customdata=[f"{words.count(step.users, 'user')}, {words.share(step.conversion_from_start)}" for step in view.steps],
            hovertemplate="%{customdata}",
        )
    for number, step in enumerate(given.steps[1:], 1):
        colour = palette.warn_ink if step.from_previous.verdict is ChangeVerdict.WORSE else palette.muted
        place = {"x": number - 0.5, "y": 0, "yanchor": "bottom", "yshift": 6, "showarrow": False}
        figure.add_annotation(**place, text=_short_points(step.from_previous), font={"size": 11, "color": colour})
    ticks = {"tickvals": numbers, "ticktext": [_wrapped(step) for step in given.one.steps]}
    figure.update_xaxes(**ticks, tickfont={"size": 12, "color": palette.text}, range=[-0.45, len(numbers) - 0.55])
    figure.update_yaxes(ticksuffix="%", range=[0, 105])
    figure.update_layout(barmode="overlay", hovermode="closest", margin={"t": 26}, showlegend=True)
    rates = ", ".join(
        f"{short(one)} {words.share(one.conversion_from_start)} vs. {words.share(other.conversion_from_start)}"
        for one, other in zip(given.one.steps[1:], given.other.steps[1:], strict=True)
    )
    return Chart(figure, f"{given.name} vs. {given.other_name}, conversion from start: {rates}. {given.says}")


def completion(palette: Palette, given: FunnelCourse, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw the share that came through by when they began; intervals whose window is still open are dotted and pale."""
    at, each = [day.starts_at for day in given.days], interval_of([day.starts_at for day in given.days])
    figure, times = dated(palette, TALL - 20), local(at, zone)
    done = sum(day.is_complete for day in given.days)
    for since, until, dash, colour in ((0, done, "solid", palette.series[0]), (max(done - 1, 0), len(at), "dot", palette.bar)):
        part = given.days[since:until]
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
    add_marks(figure, palette, marks, zone, span=span_of(at))
    figure.update_layout(showlegend=False, hovermode="closest")
    show_whole_days(figure, at, zone)
    known = [day for day in given.days if day.rate is not None]
    ends = f": {_cohort(known[0], each, zone)}; {_cohort(known[-1], each, zone)}" if known else ", no users started"
    return Chart(figure, f"Conversion rate by first-step {each}{ends}. {done} of {len(given.days)} {each}s are complete.")


def time_to_convert(palette: Palette, given: FunnelCourse) -> Chart:
    """Draw how long it took those who came through."""
    figure = _times(palette, given.histogram, given.median_seconds, given.p90_seconds)
    said = _half_and_most(given.median_seconds, given.p90_seconds)
    return Chart(figure, f"Time to convert of {words.count(given.completed, 'user')}: {said}.")


def stays(palette: Palette, given: Stays) -> Chart:
    """Draw how long those stayed who did not come through."""
    figure = _times(palette, given.histogram, given.median_seconds, given.p90_seconds)
    said = _half_and_most(given.median_seconds, given.p90_seconds)
    whose = f"a random sample of {words.count(given.users, 'user')}" if given.is_sampled else words.count(given.users, "user")
    return Chart(figure, f"Time to drop-off of {whose}: {said}.")


def events_over_time(palette: Palette, given: TypeCourse, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw one type of event by day, or by hour."""
    figure = stacked_bars(palette, given.starts, {"Events": given.event_counts}, FigureUnit.COUNT, zone=zone, marks=marks)
    errors = f", {words.count(given.errors, 'error')}" if given.errors else ""
    return Chart(figure, f"{given.event_type} by {interval_of(given.starts)}: {words.count(given.events, 'event')}{errors}.")


def took(seconds: float | None) -> str:
    """Return seconds in words."""
    return words.duration(round(seconds * 1000)) if seconds is not None else words.NOTHING


def _times(palette: Palette, bars: Sequence[TimeBar], median: float | None, late: float | None) -> Drawing:
    half, most = (
        next((at for at, bar in enumerate(bars) if each is not None and each <= bar.to_s), None) for each in (median, late)
    )
    return histogram(
        palette,
        [bar.users for bar in bars],
        [(_bound(bar.from_s), _bound(bar.to_s)) for bar in bars],
        [(f"median {took(median)}", half), (f"p90 {took(late)}", most)],
        what=" users",
        height=TALL - 20,
    )


def _bound(seconds: float) -> str:
    return took(seconds).replace(".0 ", " ")


def _half_and_most(median: float | None, late: float | None) -> str:
    if median is None:
        return "no data yet"
    return f"median {took(median)}, p90 {took(late)}"


def interval_of(starts: Sequence[datetime]) -> str:
    """Return what one interval is called."""
    return "hour" if len(starts) > 1 and starts[1] - starts[0] < DAY else "day"


def _cohort(day: CohortDay, each: str, zone: str) -> str:
    still = "" if day.is_complete else ", window still open"
    began = f"{day.starts_at.astimezone(ZoneInfo(zone)):%H:%M}" if each == "hour" else f"{day.date:%-d %b}"
    return f"{began}: {words.share(day.rate)} of {words.count(day.users, 'user')}{still}"


def _wrapped(step: FunnelStep) -> Markup:
    """Return a step's name a word a line: five of them stand side by side on a phone."""
    each = short(step).split(" ")
    return Markup.of("<br>".join("{}" for _ in each), *each)


def _short_points(given: RateDifference) -> str:
    if given.difference is None:
        return words.NOTHING
    is_news = given.verdict in (ChangeVerdict.WORSE, ChangeVerdict.BETTER)
    return Markup.of("<b>{}<br>pts</b>" if is_news else "{}<br>pts", f"{given.difference * 100:+.1f}")
