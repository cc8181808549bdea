"""Charts of AI requests, with their alternative texts."""

from collections.abc import Sequence

from core.ai_metrics.latency_charts import percentile_lines
from core.ai_metrics.views import Errors, Latency, LatencyPoint, Percentiles, Tokens
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import HEIGHT, Chart
from core.presentation.formatting import FigureUnit
from core.presentation.histograms import histogram
from core.presentation.palette import Palette
from core.presentation.plotting import Line, line_chart, so_far, stacked_bars

Previous = Sequence[float | None]  # of the previous period, by the same intervals


def p95_over_time(
    palette: Palette,
    latency: Latency,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    previous: Previous = (),
) -> Chart:
    """Draw p95 alone."""
    series = so_far(latency.series)
    lines = [Line("p95", [point.p95 for point in series], palette.series[0], palette.series[0])]
    figure = line_chart(
        palette,
        [point.at for point in series],
        lines,
        FigureUnit.DURATION,
        zone=zone,
        markers=markers,
        previous=previous,
    )
    said = f"{_summary(latency.overall)} overall{_highest(latency.series, zone)}"
    return Chart(figure, f"Latency {latency.interval.words}: {said}.{_marked(markers, latency)}")


def requests_over_time(
    palette: Palette,
    tokens: Tokens,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    previous: Previous = (),
) -> Chart:
    """Draw the number of requests over time."""
    series = so_far(tokens.series)
    values = [float(point.total_requests) for point in series]
    figure = stacked_bars(
        palette,
        [point.at for point in series],
        {"Requests": values},
        FigureUnit.COUNT,
        zone=zone,
        markers=markers,
        previous=previous,
    )
    said = (
        f"{formatting.count(tokens.total_requests, 'request')}, peak "
        f"{formatting.number(max(values, default=0))}"
    )
    return Chart(figure, f"Requests {tokens.interval.words}: {said}.{_marked(markers, tokens)}")


def first_token_over_time(
    palette: Palette, latency: Latency, zone: str, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw the percentiles of the time to first token."""
    series = so_far(latency.first_token_series)
    figure = line_chart(
        palette,
        [point.at for point in series],
        percentile_lines(palette, series),
        FigureUnit.DURATION,
        zone=zone,
        markers=markers,
    )
    said = f"{_summary(latency.first_token)} overall{_highest(latency.first_token_series, zone)}"
    return Chart(
        figure, f"Time to first token {latency.interval.words}: {said}.{_marked(markers, latency)}"
    )


def error_rate_over_time(
    palette: Palette,
    errors: Errors,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    height: int = HEIGHT,
    previous: Previous = (),
) -> Chart:
    """Draw the share of requests that failed."""
    series = so_far(errors.series)
    lines = [
        Line(
            "Error rate",
            [point.error_rate for point in series],
            palette.series[0],
            palette.series[0],
        )
    ]
    figure = line_chart(
        palette,
        [point.at for point in series],
        lines,
        FigureUnit.SHARE,
        zone=zone,
        markers=markers,
        height=height,
        previous=previous,
    )
    peak = max(errors.series, key=lambda point: point.error_rate or 0, default=None)
    highest = (
        f", peak {formatting.share(peak.error_rate)} at {formatting.moment(peak.at, zone)}"
        if peak and peak.error_rate
        else ""
    )
    said = (
        f"{formatting.share(errors.error_rate)} of "
        f"{formatting.count(errors.total_requests, 'request')}"
    )
    return Chart(
        figure, f"Error rate {errors.interval.words}: {said}{highest}.{_marked(markers, errors)}"
    )


def tokens_over_time(
    palette: Palette,
    tokens: Tokens,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    previous: Previous = (),
) -> Chart:
    """Draw tokens by kind; cached input is part of the input, reasoning of the output."""
    series = so_far(tokens.series)
    parts: dict[str, Sequence[float]] = {
        # Some senders report cached tokens beside the input instead of as a part of it
        "Input": [max(point.input_tokens - point.cached_tokens, 0) for point in series],
        "Cached input": [point.cached_tokens for point in series],
        "Output": [max(point.output_tokens - point.reasoning_tokens, 0) for point in series],
        "Reasoning": [point.reasoning_tokens for point in series],
    }
    shown = {name: values for name, values in parts.items() if any(values)} or {
        "Input": parts["Input"]
    }
    figure = stacked_bars(
        palette,
        [point.at for point in series],
        shown,
        FigureUnit.COUNT,
        zone=zone,
        markers=markers,
        previous=previous,
    )
    each = ", ".join(f"{sum(values):,} {name.lower()}" for name, values in shown.items())
    return Chart(figure, f"Tokens {tokens.interval.words}: {each}.{_marked(markers, tokens)}")


def cost_over_time(
    palette: Palette,
    tokens: Tokens,
    zone: str,
    markers: Sequence[ChartMarker] = (),
    *,
    previous: Previous = (),
) -> Chart:
    """Draw the cost over time."""
    series = so_far(tokens.series)
    values = [float(point.cost_usd) for point in series]
    figure = stacked_bars(
        palette,
        [point.at for point in series],
        {"Cost": values},
        FigureUnit.MONEY,
        zone=zone,
        markers=markers,
        previous=previous,
    )
    unpriced = (
        f"; {formatting.count(tokens.unpriced_requests, 'request')} without a price"
        if tokens.unpriced_requests
        else ""
    )
    return Chart(
        figure,
        (
            f"Cost {tokens.interval.words}: {formatting.money(tokens.cost_usd)} "
            f"total{unpriced}.{_marked(markers, tokens)}"
        ),
    )


def latency_histogram(palette: Palette, latency: Latency) -> Chart:
    """Draw the histogram of latency; each bar is about a fifth wider than the previous one."""
    bars, whole = latency.histogram, latency.overall
    ranges = [(formatting.duration(bar.from_ms), formatting.duration(bar.to_ms)) for bar in bars]
    half, late = (
        next(
            (number for number, bar in enumerate(bars) if time is not None and time <= bar.to_ms),
            None,
        )
        for time in (whole.p50, whole.p95)
    )
    named = [
        (f"p50 {formatting.duration(whole.p50)}", half),
        (f"p95 {formatting.duration(whole.p95)}", late),
    ]
    figure = histogram(palette, [bar.requests for bar in bars], ranges, named)
    most = max(range(len(bars)), key=lambda number: bars[number].requests, default=None)
    common = f", most common {' to '.join(ranges[most])}" if most is not None else ""
    return Chart(
        figure,
        (
            f"Latency of {formatting.count(whole.requests, 'request')}{common}; median "
            f"{formatting.duration(latency.overall.p50)}."
        ),
    )


def _summary(whole: Percentiles) -> str:
    return (
        f"p50 {formatting.duration(whole.p50)}, p95 {formatting.duration(whole.p95)}, p99 "
        f"{formatting.duration(whole.p99)}"
    )


def _highest(series: Sequence[LatencyPoint], zone: str) -> str:
    peak = max(series, key=lambda point: point.p95 or -1, default=None)
    if peak is None or peak.p95 is None:
        return ", no latency data"
    return f"; p95 peaks at {formatting.moment(peak.at, zone)} with {formatting.duration(peak.p95)}"


def _marked(markers: Sequence[ChartMarker], latency: Latency | Errors | Tokens) -> str:
    inside = [marker.label for marker in markers if latency.start <= marker.at < latency.end]
    return f" Releases: {', '.join(inside)}." if inside else ""
