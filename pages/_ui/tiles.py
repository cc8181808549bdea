"""Key figures: value and unit, the change against as much of the period before, and the course from zero up.

Blue says nothing, orange that a figure became worse. A change that may be chance is not marked: it has a sign, no arrow and no
colour. The course is drawn as a picture in the page's own colours: six charts more would be most of the page's weight.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.presentation import words
from core.presentation.comparison import ChangeVerdict, Tile
from core.presentation.words import FigureUnit

WHY = {
    ChangeVerdict.NOISE: "Within normal variation.",
    ChangeVerdict.UNKNOWN: "Not enough data to compare.",
    ChangeVerdict.WORSE: "Significantly worse than the previous period.",
    ChangeVerdict.BETTER: "Significantly better than the previous period.",
    ChangeVerdict.DIFFERENT: "Significant change from the previous period.",
}
STALE = "An import or an undo changed these days after their raw rows had expired, so they were not recalculated."
MAY_BE_CHANCE = (ChangeVerdict.NOISE, ChangeVerdict.UNKNOWN)
MANY_TIMES = 3
WIDTH, HEIGHT = 200, 40
EMPTY = '<div class="attune-course"></div>'


def draw(tiles: Sequence[Tile], *, notes: dict[str, str] | None = None) -> None:
    """Draw tiles side by side, as many as there is room for; a note is said behind the question mark."""
    grid = st.grid(len(tiles), min_column_width=150, gap="small")
    for tile in tiles:
        with grid.cell(), st.container(border=True, height="stretch", gap=None, key=f"tile-{tile.name}"):
            _draw(st.container(), tile, (notes or {}).get(tile.name, ""))


def change(tile: Tile) -> str | None:
    """Return the change in words: 6.2%, 1.8 pts, 7.9×; with its sign where no arrow says it; None of nothing."""
    value = _compared(tile)
    if value is None or tile.before is None:
        return None
    sign = "+" if value > tile.before else "-" if value < tile.before else ""
    sign = sign if tile.verdict in MAY_BE_CHANCE else ""
    if tile.unit is FigureUnit.SHARE:
        return f"{sign}{abs(value - tile.before) * 100:.2f} pts"
    if not tile.before:
        return None
    times = value / tile.before
    return f"{times:,.1f}×" if times >= MANY_TIMES else f"{sign}{abs(times - 1):.1%}"


def course(values: Sequence[float | None], said: str, *, is_worse: bool, stale: Sequence[int] = ()) -> str:
    """Return the course as a picture: a line on its area, from zero to its highest value; stale days have a dashed line each."""
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    points = [
        f"{number * step:.1f},{HEIGHT - value / top * (HEIGHT - 4):.1f}"
        for number, value in enumerate(values)
        if value is not None
    ]
    if len(points) < 2:
        return EMPTY
    first, last = points[0].split(",")[0], points[-1].split(",")[0]
    tone = "attune-course attune-worse" if is_worse else "attune-course"
    line = " ".join(points)
    dashed = "".join(
        f'<path d="M{number * step:.1f} 0V{HEIGHT}" stroke="#000" stroke-dasharray="2 3" vector-effect="non-scaling-stroke"/>'
        for number in stale
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f'<polygon points="{first},{HEIGHT} {line} {last},{HEIGHT}" fill-opacity=".14"/><polyline points="{line}" fill="none" '
        f'stroke="#000" stroke-width="1.8" stroke-linejoin="round" vector-effect="non-scaling-stroke"/>{dashed}</svg>'
    )
    mask = f"url('data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}')"
    return f'<div class="{tone}" role="img" aria-label="{said}" style="mask-image:{mask}"></div>'


def _draw(place: DeltaGenerator, tile: Tile, note: str) -> None:
    changed = change(tile)
    is_news = changed is not None and tile.verdict not in MAY_BE_CHANCE
    place.metric(
        tile.label,
        words.figure(tile.value, tile.unit),
        delta=changed or ("new" if tile.value and tile.before == 0 else None),
        delta_color="gray" if not is_news else "orange" if tile.verdict is ChangeVerdict.WORSE else "blue",
        delta_arrow=_arrow(tile) if is_news else "off",
        help=f"{note} {_why(tile, changed)}".strip(),
    )
    known = [value for value in tile.course if value is not None] or [0.0]
    said = f"{tile.label}: from {words.figure(min(known), tile.unit)} to {words.figure(max(known), tile.unit)}"
    place.html(course(tile.course, said, is_worse=tile.verdict is ChangeVerdict.WORSE, stale=tile.stale))
    if tile.stale:
        place.caption(f":material/history: {words.count(len(tile.stale), 'day')} outdated", help=STALE)


def _compared(tile: Tile) -> float | None:
    return tile.value if tile.compared is None else tile.compared


def _why(tile: Tile, changed: str | None) -> str:
    if not changed:
        return "No previous data to compare with."
    days = f"Complete days only: {words.figure(tile.compared, tile.unit)}. " if tile.compared is not None else ""
    return f"{days}Previous period: {words.figure(tile.before, tile.unit)}. {WHY[tile.verdict]}"


def _arrow(tile: Tile) -> Literal["up", "down", "off"]:
    value, before = _compared(tile) or 0, tile.before or 0
    return "off" if value == before else "up" if value > before else "down"
