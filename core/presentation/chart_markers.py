"""Markers in charts over time: releases and prompt versions once each, promotions each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.presentation.axes import Span, local, span_of
from core.presentation.drawing import Drawing
from core.presentation.formatting import shortened
from core.presentation.palette import Palette

MOST_MARKERS, LONGEST_MARKER = 8, 14
LETTER = 0.026  # of a label, as a share of the width of a narrow chart
MARKER_ROW_PX = 13  # labels that would overlap are drawn in several rows


@dataclass(frozen=True)
class ChartMarker:
    """Something that happened at a time, such as a release.

    A promotion `repeats` after a rollback: each time its label says what holds from then on.
    """

    at: datetime
    label: str
    repeats: bool = False


def add_markers(
    figure: Drawing,
    palette: Palette,
    markers: Sequence[ChartMarker],
    zone: str,
    *,
    times: Sequence[datetime],
) -> int:
    """Draw markers within intervals as vertical lines, labelled while there is room.

    Returns how many rows the labels take.
    """
    inside = first_of_each(markers_within(markers, span_of(times)))
    # The axis ends with the last point or marker, up to an interval before the span does
    ends = [*times[-1:], *(marker.at for marker in inside)]
    length = (max(ends) - times[0]).total_seconds() if ends else 0.0
    labelled_until = [-1.0, -1.0]  # by row, the lowest first
    for marker in inside:
        [at] = local([marker.at], zone)
        add_dotted_line(figure, palette, at)
        position = (marker.at - times[0]).total_seconds() / length if length else 0.0
        label_width = 0.02 + LETTER * min(len(marker.label), LONGEST_MARKER)
        near_end = position + label_width > 1  # then the label is left of its line
        start = position - (label_width if near_end else 0)
        free = [row for row, end in enumerate(labelled_until) if start >= end]
        if free and len(inside) <= MOST_MARKERS * 3:
            _label_marker(figure, palette, at, marker, row=free[0], near_end=near_end)
            labelled_until[free[0]] = start + label_width
    rows = sum(end >= 0 for end in labelled_until)
    if inside:
        figure.update_layout(margin={"t": 12 + MARKER_ROW_PX * max(rows, 1)})
    return rows


def markers_within(markers: Sequence[ChartMarker], span: Span | None) -> list[ChartMarker]:
    """Return the markers within a time span."""
    return [marker for marker in markers if span and span[0] <= marker.at < span[1]]


def first_of_each(markers: Sequence[ChartMarker]) -> list[ChartMarker]:
    """Return one marker per label, the earliest: a release reaches several apps one by one.
    Markers that repeat are all returned.
    """
    earliest: dict[tuple[str, datetime | None], ChartMarker] = {}
    for marker in sorted(markers, key=lambda marker: marker.at):
        earliest.setdefault((marker.label, marker.at if marker.repeats else None), marker)
    return list(earliest.values())


def add_dotted_line(figure: Drawing, palette: Palette, at: str | int) -> None:
    line = {"color": palette.muted, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=line)


def _label_marker(
    figure: Drawing, palette: Palette, at: str, marker: ChartMarker, *, row: int, near_end: bool
) -> None:
    label = shortened(marker.label, LONGEST_MARKER)
    place = {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom"}
    figure.add_annotation(
        **place,
        xanchor="right" if near_end else "left",
        text=label,
        showarrow=False,
        yshift=MARKER_ROW_PX * row,
        font={"size": 10, "color": palette.muted},
        hovertext=marker.label,
    )
