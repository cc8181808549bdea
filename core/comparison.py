"""A figure beside that of the period before: by how much it changed, whether that is news, and whether it is good news.

What has not ended yet is compared with as much of the period before: half a day beside half a day. A change is news when chance
makes one like it less than once in twenty times:
- of a level (a count, a cost, a latency) each part of the period is compared with the same part of the one before, and Student's
  t taken of the differences of their logarithms; four parts at least, and five percent at least;
- of a rate, Newcombe's interval of the difference leaves out zero; ten cases at least on each side.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from math import log

from core import stats
from core.identity.schemas import View
from core.words import Unit

FEWEST_PARTS, FEWEST_CASES = 4, 10
LEAST_LEVEL, LEAST_CHANCE = 0.05, 0.05


class Meaning(StrEnum):
    """What a rise means."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = "neither"


class Verdict(StrEnum):
    """What a change says; within noise it says nothing."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    NOISE = "noise"
    UNKNOWN = "unknown"


class Tile(View):
    """One key figure of a period: its value, that of as much of the period before, and its course. Null is of nothing.

    Durations are milliseconds, shares fractions, money US dollars. `compared` is what stands beside `before` where that is not
    the value: of what is only known by day, the days that are over.
    """

    name: str
    label: str
    unit: Unit
    value: float | None
    before: float | None
    compared: float | None = None
    verdict: Verdict
    course: list[float | None]


class Tiles(View):
    """The key figures of a page."""

    items: list[Tile]


def tile(
    name: str,
    label: str,
    unit: Unit,
    values: tuple[float | Decimal | None, float | Decimal | None],
    verdict: Verdict,
    course: Sequence[float | None],
) -> Tile:
    """Return a key figure; `values` are that of the period and that of the one before."""
    value, before = (float(each) if each is not None else None for each in values)
    return Tile(name=name, label=label, unit=unit, value=value, before=before, verdict=verdict, course=list(course))


def of_level(now: Sequence[float | None], before: Sequence[float | None], meaning: Meaning) -> Verdict:
    """Judge a level by its parts, each beside the same part of the period before."""
    pairs = [(one, other) for one, other in zip(now, before, strict=False) if one and other]
    if len(pairs) < FEWEST_PARTS:
        return Verdict.UNKNOWN
    differences = [log(one / other) for one, other in pairs]
    shift = sum(differences) / len(differences)
    if abs(shift) < LEAST_LEVEL or stats.chance_of_shift(differences) > LEAST_CHANCE:
        return Verdict.NOISE
    return _named(shift, meaning)


def of_rate(now: tuple[int, int], before: tuple[int, int], meaning: Meaning) -> Verdict:
    """Judge a rate by its part and whole, and those of the period before."""
    if min(now[1], before[1]) < FEWEST_CASES:
        return Verdict.UNKNOWN
    low, high = stats.rate_difference(*now, *before)
    return Verdict.NOISE if low <= 0 <= high else _named(low, meaning)


def _named(shift: float, meaning: Meaning) -> Verdict:
    if meaning is Meaning.NEITHER:
        return Verdict.DIFFERENT
    return Verdict.BETTER if (shift > 0) is (meaning is Meaning.GOOD) else Verdict.WORSE
