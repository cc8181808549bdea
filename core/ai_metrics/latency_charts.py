"""The chart of latency: percentiles of succeeded requests, failed ones apart, and one scale."""

from collections.abc import Sequence
from math import log10

from core.ai_metrics.breakdown_views import LatencyByOutcome
from core.ai_metrics.views import LatencyPoint, Percentiles
from core.presentation import formatting
from core.presentation.axes import local, scale_of
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Chart, Drawing, Markup
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.plotting import Line, highest, line_chart, so_far, top_of

TALL = 240
HEADROOM = 1.08  # of the axis above the p99 of succeeded requests
NOTE_ROOM = 1.16  # the same below notes: failed requests stand at the p99, not in the words
FLATTENS = 2.0  # times that p99: from here on a point would press all others to the ground
FAILED = "Failed, p95"
LOWEST_MS = 1.0  # of a logarithmic axis, which has no zero


def latency_over_time(
    palette: Palette,
    latencies: LatencyByOutcome,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    previous: Sequence[float | None] = (),
    is_log: bool = False,
) -> Chart:
    """Draw p50, p95 and p99 of succeeded requests, and p95 of failed ones as red points.

    The axis ends at the p99 of succeeded requests where points far above would flatten it; a note
    counts these.
    """
    series = so_far(latencies.succeeded)
    failed = [point.p95 for point in latencies.failed[: len(series)]]
    lines = percentile_lines(palette, series)
    drawn = [value for line in lines for value in line.values if value is not None]
    drawn += [value for value in (*failed, *previous) if value is not None]
    limit = limit_of(drawn, latencies.overall)
    top = max(drawn, default=0) if limit is None or is_log else limit
    figure = line_chart(
        palette,
        [point.at for point in series],
        lines,
        FigureUnit.DURATION,
        zone=zone,
        markers=markers,
        height=TALL,
        previous=previous,
        ends_at=None if is_log else top,
    )
    above = 0 if limit is None or is_log else sum(value > limit for value in drawn)
    scale = scale_of(FigureUnit.DURATION, max(top_of(lines), highest(previous)))
    times = local([point.at for point in series], zone)
    shown = [None if value is None else min(value, top) for value in failed]
    _add_failed(figure, palette, times, shown, scale.factor)
    notes = _notes(palette, shown, above, limit)
    if is_log:
        _make_log(figure, [value for value in drawn if value], scale.factor)
    elif top:
        figure.update_yaxes(range=[0, top * scale.factor * (NOTE_ROOM if notes else HEADROOM)])
    if notes:
        _add_notes(figure, palette, notes)
    return Chart(figure, _alternative_text(latencies, above, is_log=is_log))


def limit_of(values: Sequence[float], overall: Percentiles) -> float | None:
    """Return where the axis ends, or None where it has room for all values."""
    if overall.p99 is None or max(values, default=0) < FLATTENS * overall.p99:
        return None
    return float(overall.p99)


def percentile_lines(palette: Palette, points: Sequence[LatencyPoint]) -> list[Line]:
    """Return the lines of p50, p95 and p99; p95, which service levels use, is the strongest."""
    strong, middle, light = palette.strengths
    return [
        Line("p99", [point.p99 for point in points], light, palette.muted, 1.4),
        Line("p95", [point.p95 for point in points], middle, palette.series[0], 2.2),
        Line("p50", [point.p50 for point in points], strong, palette.text, 1.6),
    ]


def _add_failed(
    figure: Drawing,
    palette: Palette,
    times: Sequence[str],
    values: Sequence[float | None],
    factor: float,
) -> None:
    if any(value is not None for value in values):
        figure.add_scatter(
            x=list(times),
            y=[None if value is None else value * factor for value in values],
            name=FAILED,
            mode="markers",
            marker={"color": palette.bad, "size": 7, "symbol": "x-thin-open"},
            hovertemplate="%{y:,.1f}",
        )


def _make_log(figure: Drawing, values: Sequence[float], factor: float) -> None:
    low, high = max(min(values, default=1), LOWEST_MS), max(max(values, default=10), LOWEST_MS)
    edges = [log10(low * factor) - 0.1, log10(high * factor) + 0.1]
    figure.update_yaxes(type="log", range=edges, dtick=1, title={"text": "log scale"})
    # Places of annotations on a logarithmic axis are exponents
    for each in figure.layout.get("annotations", []):
        if each.get("yref") != "paper" and each.get("y"):
            each["y"] = log10(each["y"])


def _notes(
    palette: Palette, failed: Sequence[float | None], above: int, limit: float | None
) -> list[Markup]:
    """Return what the red points are, and how many points are above the axis."""
    coloured = '<span style="color:{}">{}</span>'
    notes = []
    if any(value is not None for value in failed):
        notes.append(Markup.of(coloured + " {}", palette.bad, "×", FAILED))
    if above and limit is not None:
        cut = f"{formatting.count(above, 'point')} above {formatting.duration(round(limit))}"
        notes.append(Markup.of(coloured, palette.warn_ink, cut))
    return notes


def _add_notes(figure: Drawing, palette: Palette, notes: Sequence[Markup]) -> None:
    figure.add_annotation(
        x=0,
        xref="paper",
        y=1,
        yref="paper",
        xanchor="left",
        yanchor="top",
        showarrow=False,
        text=Markup("  ".join(notes)),
        font={"size": 11, "color": palette.muted},
        bgcolor=palette.ground,  # lines pass below the words
    )


def _alternative_text(latencies: LatencyByOutcome, above: int, *, is_log: bool) -> str:
    whole, failed = latencies.overall, latencies.overall_failed
    times = ", ".join(
        f"{name} {formatting.duration(value)}"
        for name, value in (("p50", whole.p50), ("p95", whole.p95), ("p99", whole.p99))
    )
    lost = (
        f" {formatting.count(failed.requests, 'failed request')} apart, p95 "
        f"{formatting.duration(failed.p95)}."
        if failed.requests
        else ""
    )
    scale = " Logarithmic scale." if is_log else ""
    cut = f" {formatting.count(above, 'point')} above the axis." if above else ""
    return f"Latency {latencies.interval.words}: {times} of succeeded requests.{lost}{scale}{cut}"
