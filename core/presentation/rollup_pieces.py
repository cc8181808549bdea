"""How a period is read from rollups and raw rows."""

from dataclasses import dataclass

from core.platform.clock import MICROSECOND
from core.presentation.periods import HALF_HOUR, Period, half_hour


@dataclass(frozen=True)
class Pieces:
    """How a period is read from rollups: rows of days, rows of half hours at its edges, raw rows
    for the rest.

    `unfolded` is the range that the rollup rows cover; deltas of this range are added.
    """

    days: list[Period]
    half_hours: list[Period]
    unfolded: list[Period]
    raw: list[Period]


def pieces(period: Period, *, by_day: bool = True) -> Pieces:
    """Split a period; without `by_day`, whole days are read from half hours, too."""
    since = half_hour(period.start + HALF_HOUR - MICROSECOND)
    until = half_hour(period.end)
    if since >= until:
        return Pieces([], [], [], [period])
    inner = Period(since, until, period.zone)
    days = _present(inner.whole_days if by_day else None)
    edges = [Period(since, days[0].start), Period(days[0].end, until)] if days else [inner]
    return Pieces(
        days,
        _present(*edges),
        [inner],
        _present(Period(period.start, since), Period(until, period.end)),
    )


def _present(*periods: Period | None) -> list[Period]:
    return [period for period in periods if period is not None and period.start < period.end]
