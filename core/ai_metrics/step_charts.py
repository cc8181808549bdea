"""The chart of a request's steps, with its alternative text."""

from datetime import datetime
from typing import Any

from core.ai_metrics.requests import RequestDetail
from core.presentation import formatting
from core.presentation.axes import scale_of
from core.presentation.drawing import Chart, Drawing, blank
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette

BAR_PX = 26


def steps_of_request(palette: Palette, request: RequestDetail) -> Chart:
    """Draw a request's steps as bars since its start; failed steps in red."""
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
    labels = [
        f"{number}  {row['name'][:40]}" if number else row["name"]
        for number, row in enumerate(rows)
    ]
    figure.add_bar(
        y=labels,
        # A step that took no time still needs a visible bar
        x=[max(row["took"], longest / 400) * scale.factor for row in rows],
        base=[row["from"] * scale.factor for row in rows],
        orientation="h",
        marker={"color": [_colour(palette, row, number) for number, row in enumerate(rows)]},
        customdata=[f"{_took(row)}, starts at {_took(row, 'from')}" for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )
    _name_bars(figure, palette, rows, labels, scale.factor)
    layout: dict[str, Any] = {"bargap": 0.4, "margin": {"r": 70}, "showlegend": False}
    figure.update_layout(hovermode="closest", **layout)
    font = {"size": 11, "color": palette.text}
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont=font)
    figure.update_yaxes(ticklabelstandoff=8, dtick=1)
    figure.update_xaxes(
        ticksuffix=scale.suffix,
        showgrid=True,
        gridcolor=palette.grid,
        range=[0, (longest or 1) * 1.02 * scale.factor],
    )
    each = "; ".join(f"{row['name']} {_outcome(row)}" for row in rows[1:]) or "No steps were sent"
    alt = f"{request.model} took {formatting.duration(request.total_latency_ms)}. {each}."
    return Chart(figure, alt)


def _took(row: dict[str, Any], field: str = "took") -> str:
    return formatting.duration(round(row[field]))


def _outcome(row: dict[str, Any]) -> str:
    return f"{_took(row)}{' failed' if row['failed'] else ''}"


def _name_bars(
    figure: Drawing, palette: Palette, rows: list[dict[str, Any]], labels: list[str], factor: float
) -> None:
    for row, label in zip(rows, labels, strict=True):
        said = _outcome(row)
        font = {"size": 11, "color": palette.bad if row["failed"] else palette.muted}
        end = (row["from"] + row["took"]) * factor
        figure.add_annotation(
            x=end, y=label, xanchor="left", xshift=6, showarrow=False, text=said, font=font
        )


def _colour(palette: Palette, row: dict[str, Any], number: int) -> str:
    if row["failed"]:
        return palette.bad
    return palette.bar if number else palette.idle


def _timed(step: dict[str, Any], began: datetime) -> dict[str, Any] | None:
    """Return a step's name, start and duration in milliseconds, or None without a duration."""
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
