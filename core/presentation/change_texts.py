"""Changes of key figures in words."""

from core.presentation import formatting
from core.presentation.comparison import ChangeVerdict, Tile
from core.presentation.formatting import FigureUnit

WHY = {
    ChangeVerdict.NOISE: "Within normal variation.",
    ChangeVerdict.UNKNOWN: "Not enough data to compare.",
    ChangeVerdict.WORSE: "Significantly worse than the previous period.",
    ChangeVerdict.BETTER: "Significantly better than the previous period.",
    ChangeVerdict.DIFFERENT: "Significant change from the previous period.",
}
MAY_BE_CHANCE = (ChangeVerdict.NOISE, ChangeVerdict.UNKNOWN)
MANY_TIMES = 3


def change(tile: Tile, *, is_signed: bool = True) -> str | None:
    """Return the change in words (+6.2%, -1.80 pts, 7.9×), None without data."""
    value = compared_value(tile)
    if value is None or tile.before is None:
        return None
    sign = "+" if value > tile.before else "-" if value < tile.before else ""
    sign = sign if is_signed else ""
    if tile.unit is FigureUnit.SHARE:
        return f"{sign}{abs(value - tile.before) * 100:.2f} pts"
    if not tile.before:
        return None
    times = value / tile.before
    return f"{times:,.1f}×" if times >= MANY_TIMES else f"{sign}{abs(times - 1):.1%}"


def compared_value(tile: Tile) -> float | None:
    """Return the value that is compared with the previous period's."""
    return tile.value if tile.compared is None else tile.compared


def comparison(tile: Tile) -> str:
    """Return a figure beside the previous period's, with the change where there is one."""
    now, before = (
        formatting.figure(each, tile.unit) for each in (compared_value(tile), tile.before)
    )
    changed = change(tile)
    return f"{now}, previously {before}" + (f" ({changed})" if changed else "")
