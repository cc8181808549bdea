"""Histograms of durations with readable bounds."""

from collections.abc import Mapping

from core.activity.funnel_views import TimeBar

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
BOUNDS = (  # seconds
    *(1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 45.0),
    *(count * MINUTE for count in (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90)),
    *(count * HOUR for count in (2, 3, 4, 6, 8, 12, 16)),
    *(count * DAY for count in (1, 1.5, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 180, 365)),
)


def bars(users: Mapping[int, int]) -> list[TimeBar]:
    """Return bars from counts by width_bucket of BOUNDS, from the first to the last non-empty."""
    known = [number for number, count in users.items() if count]
    if not known:
        return []
    edges = (0.0, *BOUNDS, BOUNDS[-1] * 10)
    return [
        TimeBar(from_s=edges[number], to_s=edges[number + 1], users=users.get(number, 0))
        for number in range(min(known), max(known) + 1)
    ]
