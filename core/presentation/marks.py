"""Marks in charts over time: releases, promotions and prompt versions, once each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.presentation.axes import Span, local
from core.presentation.drawing import Drawing
from core.presentation.formatting import shortened
from core.presentation.palette import Palette

MOST_MARKS, LONGEST_MARK = 8, 14
LETTER = 0.026  # of a label, as a share of the width of a narrow chart
MARK_ROW_PX = 13


@dataclass(frozen=True)
class Mark:
    """Something that happened at a time, such as a release."""

    at: datetime
    label: str


def add_marks(
    figure: Drawing, palette: Palette, marks: Sequence[Mark], zone: str, *, span: Span | None
) -> int:
    """Draw marks within a span of time as vertical lines, labelled while there is room.

    Returns how many rows the labels take.
    """
    inside = first_of_each(marks_within(marks, span))
    length = (span[1] - span[0]).total_seconds() if span else 1
    labelled_until = [-1.0, -1.0]  # by row, the lowest first
    for mark in inside:
        [at] = local([mark.at], zone)
        add_dotted_line(figure, palette, at)
        position = (mark.at - span[0]).total_seconds() / length if span and length else 0.0
        label_width = 0.02 + LETTER * min(len(mark.label), LONGEST_MARK)
        near_end = position + label_width > 1  # then the label is left of its line
        start = position - (label_width if near_end else 0)
        free = [row for row, end in enumerate(labelled_until) if start >= end]
        if free and len(inside) <= MOST_MARKS * 3:
            _label_mark(figure, palette, at, mark, row=free[0], near_end=near_end)
            labelled_until[free[0]] = start + label_width
    rows = sum(end >= 0 for end in labelled_until)
    if inside:
        figure.update_layout(margin={"t": 12 + MARK_ROW_PX * max(rows, 1)})
    return rows


def marks_within(marks: Sequence[Mark], span: Span | None) -> list[Mark]:
    """Return the marks within a time span."""
    return [mark for mark in marks if span and span[0] <= mark.at < span[1]]


def first_of_each(marks: Sequence[Mark]) -> list[Mark]:
    """Return one mark per label, the earliest: a release reaches several apps one by one."""
    earliest: dict[str, Mark] = {}
    for mark in sorted(marks, key=lambda mark: mark.at):
        earliest.setdefault(mark.label, mark)
    return list(earliest.values())


def add_dotted_line(figure: Drawing, palette: Palette, at: str | int) -> None:
    line = {"color": palette.muted, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=line)


def _label_mark(
    figure: Drawing, palette: Palette, at: str, mark: Mark, *, row: int, near_end: bool
) -> None:
    label = shortened(mark.label, LONGEST_MARK)
    place = {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom"}
    figure.add_annotation(
        **place,
        xanchor="right" if near_end else "left",
        text=label,
        showarrow=False,
        yshift=MARK_ROW_PX * row,
        font={"size": 10, "color": palette.muted},
        hovertext=mark.label,
    )
