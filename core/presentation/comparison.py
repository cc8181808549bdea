"""Compare a figure with the previous period: difference, significance, and whether it is good or
bad.

An open period is compared with the same part of the previous one: half a day with half a day. A
change counts when its probability by chance is at most 5%:

- Levels (a count, a cost, a latency): each part of the period is compared with the same part of the
  previous one by a two-sided Student's t test of the differences of logarithms. At least four
  parts, and a change of at least 5%. When one of two parts is zero, there is no verdict: leaving
  the pair out would ignore days without any data.
- Rates: Newcombe's interval of the difference excludes zero, and so does Student's t of the parts
  when at least four are known, because events of one day are correlated. At least ten cases on each
  side; a change of at least a twentieth of the rate (or of its complement) and 0.1 percentage
  points.
- A KPI that moved the other way has no such verdict: the total of a week may fall while most of its
  days rise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import expm1, log
from typing import Protocol

from pydantic import Field

from core.identity.schemas import View
from core.presentation.formatting import FigureUnit
from core.statistics.means import chance_of_shift
from core.statistics.rates import Rate, chance_of_pairs, chance_of_rates

FEWEST_PARTS, FEWEST_CASES = 4, 10
LEAST_LEVEL, LEAST_POINTS, LEAST_CHANCE = 0.05, 0.001, 0.05
ROUNDING = 1e-9  # of a change between logarithms


class Meaning(StrEnum):
    """Whether a rise is good or bad."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = "neither"


class ChangeVerdict(StrEnum):
    """The verdict on a change: noise can be chance; early is before everybody has had the time
    that those of the previous period had.
    """

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    NOISE = "noise"
    EARLY = "early"
    UNKNOWN = "unknown"


class Bounds(Protocol):
    """An estimate with its bounds, which are null of too few cases."""

    @property
    def low(self) -> float | Decimal | None: ...
    @property
    def high(self) -> float | Decimal | None: ...


@dataclass(frozen=True)
class Change:
    """A verdict, the probability of such a change by chance, and whether it is a rise; None when
    unknown.
    """

    verdict: ChangeVerdict
    chance: float | None = None
    is_rise: bool | None = None


NOT_KNOWN = Change(ChangeVerdict.UNKNOWN)
TOO_EARLY = Change(ChangeVerdict.EARLY)


class Kpi(View):
    """A KPI of a period: value, value of the previous period, and values over time; null
    means no data.

    Durations are milliseconds, shares fractions, money US dollars. `compared` is set when `before`
    is compared with another value: for figures known by day only, that of the days that have ended.
    `chance` is the probability of such a change by chance. `stale` are indexes in `course` of days
    whose source rows an import changed after they had been deleted by retention: their values are
    no longer updated. `open_days` is how many values at the end of `course` can still rise, because
    their users have time left.
    """

    name: str
    label: str
    unit: FigureUnit
    value: float | None
    before: float | None
    compared: float | None = None
    verdict: ChangeVerdict
    chance: float | None = None
    course: list[float | None]
    stale: list[int] = Field(default_factory=list)
    open_days: int = 0


class Kpis(View):
    """The KPIs of a page."""

    items: list[Kpi]


def kpi(
    name: str,
    label: str,
    unit: FigureUnit,
    values: tuple[float | Decimal | None, float | Decimal | None],
    change: Change,
    course: Sequence[float | None],
    *,
    compared: float | None = None,
) -> Kpi:
    """Return a KPI; `values` are that of the period and that of the previous one, which is compared
    with `compared` where that is given.
    """
    value, before = (float(amount) if amount is not None else None for amount in values)
    is_other_way = _is_other_way(change, value if compared is None else compared, before)
    return Kpi(
        name=name,
        label=label,
        unit=unit,
        value=value,
        before=before,
        compared=None if compared == value else compared,
        verdict=ChangeVerdict.NOISE if is_other_way else change.verdict,
        chance=change.chance,
        course=list(course),
    )


def _is_other_way(change: Change, value: float | None, before: float | None) -> bool:
    """Whether a figure fell, or stayed, with a change that is a rise, or the other way round."""
    if change.is_rise is None or value is None or before is None:
        return False
    return value <= before if change.is_rise else value >= before


def not_compared(key_figure: Kpi) -> Kpi:
    """Return a KPI without comparison: the previous period's rows are incomplete."""
    return key_figure.model_copy(
        update={"before": None, "compared": None, "verdict": ChangeVerdict.UNKNOWN, "chance": None}
    )


def of_level(
    now: Sequence[float | None], before: Sequence[float | None], meaning: Meaning
) -> Change:
    """Return the verdict on a level from its parts in both periods."""
    both = [
        (current, previous)
        for current, previous in zip(now, before, strict=False)
        if current is not None and previous is not None
    ]
    # Durations below zero, of clocks that differ, have no logarithm either
    pairs = [(current, previous) for current, previous in both if current > 0 and previous > 0]
    if len(pairs) < FEWEST_PARTS or any(
        (current > 0) is not (previous > 0) for current, previous in both
    ):
        return NOT_KNOWN
    differences = [log(current / previous) for current, previous in pairs]
    shift = expm1(sum(differences) / len(differences))
    return _change(shift, chance_of_shift(differences), LEAST_LEVEL - ROUNDING, meaning)


def of_rate(
    now: Rate, before: Rate, meaning: Meaning, parts: Sequence[tuple[Rate, Rate]] = ()
) -> Change:
    """Return the verdict on a rate (numerator, denominator) and on its parts."""
    if min(now[1], before[1]) < FEWEST_CASES:
        return NOT_KNOWN
    rate, previous_rate = now[0] / now[1], before[0] / before[1]
    pairs = [pair for pair in parts if pair[0][1] and pair[1][1]]
    chance = chance_of_rates(*now, *before)
    if len(pairs) >= FEWEST_PARTS:
        chance = max(chance, chance_of_pairs(pairs))
    return _change(
        rate - previous_rate,
        chance,
        max(LEAST_POINTS, LEAST_LEVEL * min(previous_rate, 1 - previous_rate)),
        meaning,
    )


def of_intervals(now: Bounds, before: Bounds, meaning: Meaning) -> Change:
    """Return the verdict on a figure by its 95% intervals: those that overlap show no difference.

    Stricter than a test of the difference, and needs no more than the intervals that are shown.
    """
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return NOT_KNOWN
    if now.low <= before.high and before.low <= now.high:
        return Change(ChangeVerdict.NOISE)
    is_rise = now.low > before.high
    return Change(_direction(meaning, is_rise=is_rise), is_rise=is_rise)


def _change(shift: float, chance: float, threshold: float, meaning: Meaning) -> Change:
    if abs(shift) < threshold or chance > LEAST_CHANCE:
        return Change(ChangeVerdict.NOISE, chance)
    return Change(_direction(meaning, is_rise=shift > 0), chance, is_rise=shift > 0)


def _direction(meaning: Meaning, *, is_rise: bool) -> ChangeVerdict:
    if meaning is Meaning.NEITHER:
        return ChangeVerdict.DIFFERENT
    return ChangeVerdict.BETTER if is_rise is (meaning is Meaning.GOOD) else ChangeVerdict.WORSE
