"""Charts of AI requests, with their alternative texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.ai_metrics.answers import Errors, Latency, LatencyPoint, Percentiles, Tokens
from core.ai_metrics.requests import RequestDetail
from core.presentation import words
from core.presentation.drawing import HEIGHT, Chart, Drawing, blank
from core.presentation.palette import Palette
from core.presentation.plotting import Line, Mark, histogram, line_chart, scale_of, so_far, stacked_bars
from core.presentation.words import FigureUnit

TALL, BAR_PX = 240, 26


def latency_over_time(palette: Palette, given: Latency, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw how long requests took to their last token."""
    figure = _percentiles(palette, so_far(given.series), zone, marks, TALL)
    said = f"{_said(given.overall)} overall{_highest(given.series, zone)}"
    return Chart(figure, f"Latency {given.interval.words}: {said}.{_marked(marks, given)}")


def p95_over_time(palette: Palette, given: Latency, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw p95 alone."""
    series = so_far(given.series)
    lines = [Line("p95", [point.p95 for point in series], palette.series[0], palette.series[0])]
    figure = line_chart(palette, [point.at for point in series], lines, FigureUnit.DURATION, zone=zone, marks=marks)
    said = f"{_said(given.overall)} overall{_highest(given.series, zone)}"
    return Chart(figure, f"Latency {given.interval.words}: {said}.{_marked(marks, given)}")


def requests_over_time(palette: Palette, given: Tokens, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw how many requests there were."""
    series = so_far(given.series)
    values = [float(point.total_requests) for point in series]
    lines = [Line("Requests", values, palette.series[0], palette.series[0])]
    figure = line_chart(palette, [point.at for point in series], lines, FigureUnit.COUNT, zone=zone, marks=marks)
    said = f"{words.count(given.total_requests, 'request')}, peak {words.number(max(values, default=0))}"
    return Chart(figure, f"Requests {given.interval.words}: {said}.{_marked(marks, given)}")


def first_token_over_time(palette: Palette, given: Latency, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw how long requests took to their first token."""
    figure = _percentiles(palette, so_far(given.first_token_series), zone, marks, HEIGHT)
    said = f"{_said(given.first_token)} overall{_highest(given.first_token_series, zone)}"
    return Chart(figure, f"Time to first token {given.interval.words}: {said}.{_marked(marks, given)}")


def error_rate_over_time(
    palette: Palette, given: Errors, zone: str, marks: Sequence[Mark] = (), *, height: int = HEIGHT
) -> Chart:
    """Draw the share of requests that failed."""
    series = so_far(given.series)
    lines = [Line("Error rate", [point.error_rate for point in series], palette.series[0], palette.series[0])]
    figure = line_chart(palette, [point.at for point in series], lines, FigureUnit.SHARE, zone=zone, marks=marks, height=height)
    peak = max(given.series, key=lambda point: point.error_rate or 0, default=None)
    highest = f", peak {words.share(peak.error_rate)} at {words.moment(peak.at, zone)}" if peak and peak.error_rate else ""
    said = f"{words.share(given.error_rate)} of {words.count(given.total_requests, 'request')}"
    return Chart(figure, f"Error rate {given.interval.words}: {said}{highest}.{_marked(marks, given)}")


def tokens_over_time(palette: Palette, given: Tokens, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw what requests took, by kind: cached input is a part of the input, and reasoning of the output."""
    series = so_far(given.series)
    parts: dict[str, Sequence[float]] = {
        "Input": [max(point.input_tokens - point.cached_tokens, 0) for point in series],
        "Cached input": [point.cached_tokens for point in series],
        "Output": [max(point.output_tokens - point.reasoning_tokens, 0) for point in series],
        "Reasoning": [point.reasoning_tokens for point in series],
    }
    shown = {name: values for name, values in parts.items() if any(values)} or {"Input": parts["Input"]}
    figure = stacked_bars(palette, [point.at for point in series], shown, FigureUnit.COUNT, zone=zone, marks=marks)
    each = ", ".join(f"{sum(values):,} {name.lower()}" for name, values in shown.items())
    return Chart(figure, f"Tokens {given.interval.words}: {each}.{_marked(marks, given)}")


def cost_over_time(palette: Palette, given: Tokens, zone: str, marks: Sequence[Mark] = ()) -> Chart:
    """Draw what requests cost."""
    series = so_far(given.series)
    values = [float(point.cost_usd) for point in series]
    figure = stacked_bars(palette, [point.at for point in series], {"Cost": values}, FigureUnit.MONEY, zone=zone, marks=marks)
    unpriced = f"; {words.count(given.unpriced_requests, 'request')} without a price" if given.unpriced_requests else ""
    return Chart(figure, f"Cost {given.interval.words}: {words.money(given.cost_usd)} total{unpriced}.{_marked(marks, given)}")


def latency_histogram(palette: Palette, given: Latency) -> Chart:
    """Draw how many requests took how long; each bar is about a fifth wider than the one before."""
    bars, whole = given.histogram, given.overall
    ranges = [(words.duration(bar.from_ms), words.duration(bar.to_ms)) for bar in bars]
    half, late = (
        next((number for number, bar in enumerate(bars) if time is not None and time <= bar.to_ms), None)
        for time in (whole.p50, whole.p95)
    )
    named = [(f"p50 {words.duration(whole.p50)}", half), (f"p95 {words.duration(whole.p95)}", late)]
    figure = histogram(palette, [bar.requests for bar in bars], ranges, named)
    most = max(range(len(bars)), key=lambda number: bars[number].requests, default=None)
    common = f", most common {' to '.join(ranges[most])}" if most is not None else ""
    return Chart(
        figure, f"Latency of {words.count(whole.requests, 'request')}{common}; median {words.duration(given.overall.p50)}."
    )


def steps_of_request(palette: Palette, request: RequestDetail) -> Chart:
    """Draw the steps of a request as bars after each other, from its start on; failed ones in red."""
    steps = [_timed(step, request.created_at) for step in request.steps]
    whole = {
        "name": request.model,
        "from": 0.0,
        "took": float(request.total_latency_ms or 0),
        "failed": request.status == "error",
    }
    rows = [whole, *(step for step in steps if step is not None)]
    longest = max((row["from"] + row["took"] for row in rows), default=0.0)
    figure, scale = blank(palette, 40 + BAR_PX * len(rows)), scale_of(FigureUnit.DURATION, longest)
    labels = [f"{number}  {row['name'][:40]}" if number else row["name"] for number, row in enumerate(rows)]
    figure.add_bar(
        y=labels,
        x=[max(row["took"], longest / 400) * scale.factor for row in rows],
        base=[row["from"] * scale.factor for row in rows],
        orientation="h",
        marker={"color": [_colour(palette, row, number) for number, row in enumerate(rows)]},
        customdata=[f"{words.duration(round(row['took']))}, starts at {words.duration(round(row['from']))}" for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )
    _name_bars(figure, palette, rows, labels, scale.factor)
    upward = {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 11, "color": palette.text}, "ticklabelstandoff": 8}
    figure.update_layout(hovermode="closest", bargap=0.4, margin={"r": 70}, showlegend=False, yaxis=upward | {"dtick": 1})
    figure.update_xaxes(
        ticksuffix=scale.suffix, showgrid=True, gridcolor=palette.grid, range=[0, (longest or 1) * 1.02 * scale.factor]
    )
    each = "; ".join(
        f"{row['name']} {words.duration(round(row['took']))}{' failed' if row['failed'] else ''}" for row in rows[1:]
    )
    return Chart(figure, f"{request.model} took {words.duration(request.total_latency_ms)}. {each or 'No steps were sent'}.")


def _percentiles(palette: Palette, series: Sequence[LatencyPoint], zone: str, marks: Sequence[Mark], height: int) -> Drawing:
    """Draw p50, p95 and p99: the second is what users are promised, and carries the weight."""
    strong, middle, light = palette.strengths
    lines = [
        Line("p99", [point.p99 for point in series], light, palette.muted, 1.4),
        Line("p95", [point.p95 for point in series], middle, palette.series[0], 2.2),
        Line("p50", [point.p50 for point in series], strong, palette.text, 1.6),
    ]
    return line_chart(palette, [point.at for point in series], lines, FigureUnit.DURATION, zone=zone, marks=marks, height=height)


def _said(whole: Percentiles) -> str:
    return f"p50 {words.duration(whole.p50)}, p95 {words.duration(whole.p95)}, p99 {words.duration(whole.p99)}"


def _name_bars(figure: Drawing, palette: Palette, rows: list[dict[str, Any]], labels: list[str], factor: float) -> None:
    for row, label in zip(rows, labels, strict=True):
        said = f"{words.duration(round(row['took']))}{' failed' if row['failed'] else ''}"
        font = {"size": 11, "color": palette.bad if row["failed"] else palette.muted}
        end = (row["from"] + row["took"]) * factor
        figure.add_annotation(x=end, y=label, xanchor="left", xshift=6, showarrow=False, text=said, font=font)


def _colour(palette: Palette, row: dict[str, Any], number: int) -> str:
    if row["failed"]:
        return palette.bad
    return palette.bar if number else palette.idle


def _timed(step: dict[str, Any], began: datetime) -> dict[str, Any] | None:
    """Return a step's place in time in milliseconds; None of one that does not say how long it took."""
    took = _number(step.get("duration_ms", step.get("duration")))
    if took is None:
        return None
    begin = step.get("start_ms", step.get("start"))
    failed = bool(step.get("error") or step.get("error_type") or step.get("status") == "error")
    name = str(step.get("name") or step.get("kind") or "step")
    return {"name": name, "from": _offset(begin, began), "took": max(took, 0.0), "failed": failed}


def _offset(begin: object, began: datetime) -> float:
    plain = _number(begin)
    if plain is not None:
        return max(plain, 0.0)
    try:
        moment = datetime.fromisoformat(str(begin))
    except ValueError:
        return 0.0
    return max((moment - began).total_seconds() * 1000, 0.0) if moment.tzinfo else 0.0


def _number(given: object) -> float | None:
    return float(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else None


def _highest(series: Sequence[LatencyPoint], zone: str) -> str:
    peak = max(series, key=lambda point: point.p95 or -1, default=None)
    if peak is None or peak.p95 is None:
        return ", no latency data"
    return f"; p95 peaks at {words.moment(peak.at, zone)} with {words.duration(peak.p95)}"


def _marked(marks: Sequence[Mark], given: Latency | Errors | Tokens) -> str:
    inside = [mark.label for mark in marks if given.start <= mark.at < given.end]
    return f" Releases: {', '.join(inside)}." if inside else ""
