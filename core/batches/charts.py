"""Charts of batch runs, with their alternative texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, cycle
from typing import Any

from core.batches.views import BAD, GOOD, Phase, RunView
from core.presentation import formatting
from core.presentation.axes import AxisScale, local, scale_of
from core.presentation.drawing import Chart, Drawing, Markup, blank
from core.presentation.formatting import FigureUnit, shortened
from core.presentation.palette import Palette
from core.presentation.plotting import Line, line_chart

LOW, STRIP_PX = 0.5, 52
ROW_PX, BAR, MOST_LINES = 26, 0.62, 5
LINE_PX, LONGEST_LINE, LONGEST_NAME, TIMES_PX = 16, 44, 24, 84
LEAST_REST = 0.01  # of a run's time; shorter gaps between phases are not drawn
REST = "other"
HEIGHTS = {"completed": LOW, "running": 0.3, "failed": 1.0, "lost": 1.0, "partial": 0.75}


def strip(
    palette: Palette, runs: Sequence[RunView], zone: str, *, places: int | None = None
) -> Chart:
    """Draw one bar per run, the latest on the right; colour and height both show the outcome.

    With room for `places` bars, fewer bars are no wider, and aligned to the right.
    """
    shown = list(reversed(runs))
    colours = {
        "completed": palette.ok,
        "partial": palette.warn,
        "failed": palette.bad,
        "lost": palette.bad,
    }
    figure = blank(palette, STRIP_PX)
    figure.add_bar(
        x=list(range(len(shown))),
        y=[HEIGHTS.get(run.status, LOW) for run in shown],
        marker={"color": [colours.get(run.status, palette.idle) for run in shown]},
        customdata=[
            Markup.of("{}, {}: {}", run.batch_job, at[:16], _ended(run))
            for run, at in zip(shown, local([run.started_at for run in shown], zone), strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    hidden = {"visible": False}
    figure.update_layout(
        xaxis=hidden | ({"range": [len(shown) - places - 0.5, len(shown) - 0.5]} if places else {}),
        yaxis=hidden | {"range": [0, 1]},
        bargap=0.3,
        hovermode="closest",
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 2, "b": 2},
    )
    good, bad = sum(run.status in GOOD for run in runs), [run for run in runs if run.status in BAD]
    last = (
        f", most recently at {formatting.moment(bad[0].started_at, zone)} ({bad[0].batch_job})"
        if bad
        else ""
    )
    return Chart(
        figure,
        (
            f"Last {formatting.count(len(runs), 'batch run')}: {good} completed, {len(bad)} "
            f"failed{last}."
        ),
    )


def _ended(run: RunView) -> Markup:
    took = f", {formatting.duration(run.duration_ms)}" if run.duration_ms is not None else ""
    return Markup.of("<b>{}</b>{}{}", run.status, took, ", slow" if run.is_slow else "")


@dataclass(frozen=True)
class PhaseBar:
    """One phase of a run; start and duration in milliseconds since the run's start."""

    name: str
    start: float
    took: float
    is_bad: bool


def phases_of_runs(palette: Palette, runs: Sequence[RunView], zone: str, now: datetime) -> Chart:
    """Draw the phases of runs of one job as bars from a common start, latest run first."""
    each = [bars_of(run, now) for run in runs]
    names = list(dict.fromkeys(bar.name for bars in each for bar in bars if bar.name != REST))
    longest = max((bar.start + bar.took for bars in each for bar in bars), default=0.0)
    scale = scale_of(FigureUnit.DURATION, longest)
    shades = dict(zip(names, cycle(palette.phases), strict=False)) | {REST: palette.idle}
    timed = [(place, bar) for place, bars in enumerate(each) for bar in bars]
    shown = {"failed" if bar.is_bad else bar.name for _, bar in timed}
    legend = _legend(
        {name: shade for name, shade in (shades | {"failed": palette.bad}).items() if name in shown}
    )
    figure = blank(palette, 62 + LINE_PX * len(legend) + ROW_PX * len(runs))
    for name, shade in shades.items():
        rows = [(place, bar) for place, bar in timed if bar.name == name and not bar.is_bad]
        _add_bars(figure, palette, name, shade, rows, scale)
    failed = [(place, bar) for place, bar in timed if bar.is_bad]
    _add_bars(figure, palette, "failed", palette.bad, failed, scale)
    for place, (run, bars) in enumerate(zip(runs, each, strict=True)):
        end = (bars[-1].start + bars[-1].took) * scale.factor if bars else 0.0
        said, colour = _end_of(palette, run, bars, now)
        font = {"size": 11, "color": colour}
        figure.add_annotation(
            x=end, y=place, xanchor="left", xshift=6, showarrow=False, text=said, font=font
        )
    _write_legend(figure, palette, legend)
    upward = {
        "range": [len(runs) - 0.5, -0.5],
        "showgrid": False,
        "tickvals": list(range(len(runs))),
        "ticktext": [formatting.moment(run.started_at, zone) for run in runs],
        "ticklabelstandoff": 8,
    }
    figure.update_layout(
        barmode="overlay",
        showlegend=False,
        hovermode="closest",
        margin={"t": 10 + LINE_PX * len(legend), "r": 130},
        yaxis=upward | {"tickfont": {"size": 11, "color": palette.text}},
    )
    figure.update_xaxes(ticksuffix=scale.suffix, showgrid=True, gridcolor=palette.grid, nticks=4)
    # Otherwise the labels behind the bars would widen it
    figure.update_xaxes(range=[0, (longest or 1.0) * scale.factor * 1.01])
    slow, bad = sum(run.is_slow for run in runs), sum(run.status in BAD for run in runs)
    last = (
        "; ".join(f"{bar.name} {formatting.duration(round(bar.took))}" for bar in each[0])
        if each
        else "none"
    )
    return Chart(
        figure,
        (
            f"Phases of the {formatting.latest(len(runs), 'run')}: {bad} failed, {slow} slow. "
            "Latest: "
            f"{last}."
        ),
    )


def _legend(shades: dict[str, str]) -> list[str]:
    """Return a legend in lines that fit a phone; Plotly's has a line per entry."""
    lines, length = [""], 0
    for name, shade in shades.items():
        said = shortened(name, LONGEST_NAME)
        if length and length + len(said) > LONGEST_LINE:
            lines, length = [*lines, ""], 0
        lines[-1] += Markup.of('<span style="color:{}">■</span>\u2009{}\u2003', shade, said)
        length += len(said) + 4
    return lines


def _write_legend(figure: Drawing, palette: Palette, lines: Sequence[str]) -> None:
    place: dict[str, Any] = {
        "x": 0,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
    }
    font = {"size": 11, "color": palette.muted}
    figure.add_annotation(
        **place,
        xshift=-TIMES_PX,
        text=Markup("<br>".join(lines)),
        align="left",
        showarrow=False,
        font=font,
    )


def bars_of(run: RunView, now: datetime) -> list[PhaseBar]:
    """Return a run's phases one after the other; time after the last one belongs to no phase.

    A failed run is marked at the phase that its summary names, else at the time without phase, else
    at the last phase.
    """
    # A shortened object holds no phases
    phases = {} if "phase_durations" in run.truncated else run.phase_durations
    timed = [(name, float(took)) for name, took in phases.items() if _is_time(took)]
    starts = [0.0, *accumulate(took for _, took in timed)]
    whole = (
        run.duration_ms
        if run.duration_ms is not None
        else (now - run.started_at).total_seconds() * 1000
    )
    # When a lost run ended is unknown
    has_end = run.duration_ms is not None or run.status == "running"
    if has_end and whole - starts[-1] > LEAST_REST * whole:
        timed.append((REST, whole - starts[-1]))
    failed = _failed_phase(run, [name for name, _ in timed])
    return [
        PhaseBar(name, start, took, name == failed)
        for (name, took), start in zip(timed, starts, strict=False)
    ]


def _failed_phase(run: RunView, names: Sequence[str]) -> str | None:
    return (
        run.failed_phase
        if run.failed_phase in names
        else (names[-1] if names and run.status in ("failed", "lost") else None)
    )


def phases_over_time(palette: Palette, phases: Sequence[Phase], zone: str) -> Chart:
    """Draw the durations of the longest phases of a job by day."""
    shown = phases[:MOST_LINES]
    days = sorted({day.at for phase in shown for day in phase.trend})
    lines = [
        Line(phase.phase, _by_day(phase, days), colour, palette.text, swatch=True)
        for phase, colour in zip(shown, palette.series, strict=False)
    ]
    figure = line_chart(palette, days, lines, FigureUnit.DURATION, zone=zone)
    if len(lines) > 1:  # names of phases leave less room than those of percentiles
        figure.update_xaxes(nticks=4)
    each = ", ".join(f"{phase.phase} {formatting.duration(phase.p50_ms)}" for phase in shown)
    return Chart(figure, f"Median duration of phases by day, longest first: {each or 'none'}.")


def _by_day(phase: Phase, days: Sequence[datetime]) -> list[float | None]:
    known = {day.at: float(day.p50_ms) for day in phase.trend}
    return [known.get(day) for day in days]


def _add_bars(
    figure: Drawing,
    palette: Palette,
    name: str,
    shade: str,
    rows: Sequence[tuple[int, PhaseBar]],
    scale: AxisScale,
) -> None:
    if not rows:
        return
    figure.add_bar(
        y=[place for place, _ in rows],
        x=[bar.took * scale.factor for _, bar in rows],
        base=[bar.start * scale.factor for _, bar in rows],
        orientation="h",
        name=name,
        width=BAR,
        marker={"color": shade, "line": {"width": 1.5, "color": palette.ground}},
        customdata=[f"{bar.name}: {formatting.duration(round(bar.took))}" for _, bar in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _end_of(
    palette: Palette, run: RunView, bars: Sequence[PhaseBar], now: datetime
) -> tuple[str, str]:
    """Return the label behind a run's bars, and its colour."""
    took = (
        run.duration_ms
        if run.duration_ms is not None
        else round((now - run.started_at).total_seconds() * 1000)
    )
    if run.status in BAD:
        place = next((number for number, bar in enumerate(bars) if bar.is_bad), None)
        where = "" if place is None else f" in {bars[place].name}"
        if place and bars[place].name == REST:
            where = f" after {bars[place - 1].name}"
        return Markup.of(
            "<b>{}{}</b>", run.status, where
        ), palette.bad if run.status != "partial" else palette.warn_ink
    going = " so far" if run.status == "running" and run.duration_ms is None else ""
    if run.is_slow and run.usual_duration_ms:
        slower = f"{took / run.usual_duration_ms - 1:.0%} slower"
        return Markup.of(
            "<b>{}{}</b> · {}", formatting.duration(took), going, slower
        ), palette.warn_ink
    return f"{formatting.duration(took)}{going}", palette.muted


def _is_time(took: object) -> bool:
    return isinstance(took, (int, float)) and not isinstance(took, bool) and took >= 0
