"""KPIs: value and unit, the change against as much of the period before, and the course from
zero up.

Blue says nothing, orange that a figure became worse. A change that may be chance is not marked: it
has a sign, no arrow and no colour. The course is drawn as a picture in the page's own colours: six
charts more would be most of the page's weight.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.presentation import formatting
from core.presentation.change_texts import (
    MAY_BE_CHANCE,
    WHY,
    change,
    compared_value,
    is_of_today_alone,
)
from core.presentation.comparison import ChangeVerdict, Kpi

STALE = (
    "An import or an undo changed these days after their raw rows had expired, so they were not "
    "recalculated."
)
CAN_RISE = "Dashed days can still rise."
WIDTH, HEIGHT = 200, 40
EMPTY = '<div class="attune-course"></div>'


def draw(
    kpis: Sequence[Kpi],
    *,
    notes: Mapping[str, str] | None = None,
    below: Callable[[Kpi], None] | None = None,
    places: int = 1,
) -> None:
    """Draw kpis side by side; `notes` are help texts by kpi name, `below` draws below each.

    Fewer than `places` leave room on their right: a card alone is no wider than one of a row.
    """
    grid = st.grid(max(len(kpis), places), min_column_width=150, gap="small")
    for kpi in kpis:
        with (
            grid.cell(),
            st.container(border=True, height="stretch", gap=None, key=f"tile-{kpi.name}"),
        ):
            _draw(st.container(), kpi, (notes or {}).get(kpi.name, ""))
            if below is not None:
                below(kpi)


def course(
    values: Sequence[float | None],
    said: str,
    *,
    is_worse: bool,
    stale: Sequence[int] = (),
    open_days: int = 0,
) -> str:
    """Return a sparkline from zero to the maximum as HTML: the last days are dashed while they are
    open, and each stale day is a dashed vertical line.
    """
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        # Room above for half the width of the line
        (number, f"{number * step:.1f},{HEIGHT - value / top * (HEIGHT - 4):.1f}")
        for number, value in enumerate(values)
        if value is not None
    ]
    # One value is no line
    if len(points) < 2:
        return EMPTY
    ended = [point for number, point in points if number < len(values) - open_days]
    later = [point for _, point in points[max(len(ended) - 1, 0) :]]  # so that the lines meet
    tone = "attune-course attune-worse" if is_worse else "attune-course"
    dashed = "".join(
        (
            f'<path d="M{number * step:.1f} 0V{HEIGHT}" stroke="#000" stroke-dasharray="2 3" '
            'vector-effect="non-scaling-stroke"/>'
        )
        for number in stale
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="none">{_area(ended)}{_line(ended)}{_line(later, "4 3")}'
        f"{dashed}</svg>"
    )
    # A mask: the page's own colour shows through it, also after a change of theme
    mask = f"url('data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}')"
    return f'<div class="{tone}" role="img" aria-label="{said}" style="mask-image:{mask}"></div>'


def _area(points: Sequence[str]) -> str:
    if len(points) < 2:
        return ""
    first, last = points[0].split(",")[0], points[-1].split(",")[0]
    corners = " ".join([f"{first},{HEIGHT}", *points, f"{last},{HEIGHT}"])
    return f'<polygon points="{corners}" fill-opacity=".14"/>'


def _line(points: Sequence[str], dashes: str = "") -> str:
    if len(points) < 2:
        return ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="#000"{dashed} '
        'stroke-width="1.8" stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
    )


def _draw(place: DeltaGenerator, kpi: Kpi, note: str) -> None:
    changed = change(kpi, is_signed=kpi.verdict in MAY_BE_CHANCE)  # else an arrow is shown
    is_news = changed is not None and kpi.verdict not in MAY_BE_CHANCE
    place.metric(
        kpi.label,
        formatting.figure(kpi.value, kpi.unit),
        delta=changed or _beside(kpi),
        delta_color="gray"
        if not is_news
        else "orange"
        if kpi.verdict is ChangeVerdict.WORSE
        else "blue",
        delta_arrow=_arrow(kpi) if is_news else "off",
        help=" ".join(filter(None, [note, _why(kpi, changed), CAN_RISE if kpi.open_days else ""])),
    )
    known = [value for value in kpi.course if value is not None] or [0.0]
    said = (
        f"{kpi.label}: from {formatting.figure(min(known), kpi.unit)} to "
        f"{formatting.figure(max(known), kpi.unit)}"
    )
    place.html(
        course(
            kpi.course,
            said,
            is_worse=kpi.verdict is ChangeVerdict.WORSE,
            stale=kpi.stale,
            open_days=kpi.open_days,
        )
    )
    if kpi.stale:
        place.caption(
            f":material/history: {formatting.count(len(kpi.stale), 'day')} outdated", help=STALE
        )


def _beside(kpi: Kpi) -> str | None:
    """Return what stands in place of a change."""
    if kpi.verdict is ChangeVerdict.EARLY and kpi.before is not None:
        return "too early"
    if is_of_today_alone(kpi):
        return "too early"
    return "new" if kpi.value and kpi.before == 0 else None


def _why(kpi: Kpi, changed: str | None) -> str:
    if kpi.verdict is ChangeVerdict.EARLY and kpi.before is not None:
        return WHY[kpi.verdict]
    if not changed and not is_of_today_alone(kpi):
        return "No previous data to compare with."
    days = (
        f"Complete days only: {formatting.figure(kpi.compared, kpi.unit)}. "
        if kpi.compared is not None
        else ""
    )
    return f"{days}Previous period: {formatting.figure(kpi.before, kpi.unit)}. {WHY[kpi.verdict]}"


def _arrow(kpi: Kpi) -> Literal["up", "down", "off"]:
    value, before = compared_value(kpi) or 0, kpi.before or 0
    return "off" if value == before else "up" if value > before else "down"
