"""How long things took: bars each half as wide again as the one before, and the times of half and nine tenths."""

from collections.abc import Mapping, Sequence
from statistics import quantiles

from core.activity.answers import TimeBar

BOUNDS = tuple(1.5**number for number in range(44))  # seconds, from one to more than a year


def bars(users: Mapping[int, int]) -> list[TimeBar]:
    """Return bars from counts by number (width_bucket's of BOUNDS), from the first that has any to the last."""
    known = [number for number, count in users.items() if count]
    if not known:
        return []
    edges = (0.0, *BOUNDS, BOUNDS[-1] * 1.5)
    return [
        TimeBar(from_s=edges[number], to_s=edges[number + 1], users=users.get(number, 0))
        for number in range(min(known), max(known) + 1)
    ]


def half_and_most(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the median and the ninth tenth, as percentile_cont has them."""
    if not seconds:
        return None, None
    tenths = quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else list(seconds) * 9
    return tenths[4], tenths[8]
