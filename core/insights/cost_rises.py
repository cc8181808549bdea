"""Find the days at the end of a month that each cost more than all days before them.

The figures of a week show a rise of its last days late: days before it stand beside those after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile

FEWEST_DAYS, MOST_DAYS = 3, 7
# By chance alone, the last three to seven of so many days are the highest in 0.5% of months
FEWEST_KNOWN = 14
LEAST_TIMES = 1.2  # the highest day before: a smaller rise needs no action


@dataclass(frozen=True)
class CostRise:
    """The last days of a month, their mean cost and that of the dearest day before; in dollars."""

    days: int
    per_day: float
    most_before: float


def find_cost_rise(costs: Sequence[float | None]) -> CostRise | None:
    """Return the longest rise at the end of costs by day, or None."""
    known = list(dropwhile(lambda cost: not cost, [cost or 0.0 for cost in costs]))
    if len(known) < FEWEST_KNOWN:
        return None
    for days in range(MOST_DAYS, FEWEST_DAYS - 1, -1):
        rise, most_before = known[-days:], max(known[:-days])
        if min(rise) >= LEAST_TIMES * most_before:
            return CostRise(days, sum(rise) / days, most_before)
    return None
