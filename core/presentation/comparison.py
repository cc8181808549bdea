"""Compare a figure with the previous period: difference, significance, and whether it is good or bad.

What has not ended yet is compared with as much of the period before: half a day beside half a day. A change is news when chance
makes one like it less than once in twenty times:
- of a level (a count, a cost, a latency) each part of the period is compared with the same part of the one before, and Student's
  t taken of the differences of their logarithms; four parts at least, and five percent at least. Where one of two parts is
  nothing, nothing is said: leaving it out would say that dead days are none;
- of a rate, Newcombe's interval of the difference leaves out zero, and Student's t of its parts says so, too, where four are
  known: what happens on one day happens together. Ten cases at least on each side; a twentieth of the rate (or of what it lacks
  of all) and a tenth of a point at least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import log

from pydantic import Field

from core import stats
from core.identity.schemas import View
from core.presentation.words import FigureUnit
from core.stats import Rate

FEWEST_PARTS, FEWEST_CASES = 4, 10
LEAST_LEVEL, LEAST_POINTS, LEAST_CHANCE = 0.05, 0.001, 0.05


class Meaning(StrEnum):
    """What a rise means."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = "neither"


class ChangeVerdict(StrEnum):
    """What a change says; within noise it says nothing."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    NOISE = "noise"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Change:
    """What a change says, and how likely chance alone makes one like it; None where nobody can tell."""

    verdict: ChangeVerdict
    chance: float | None = None


NOT_KNOWN = Change(ChangeVerdict.UNKNOWN)


class Tile(View):
    """One key figure of a period: its value, that of as much of the period before, and its course. Null is of nothing.

    Durations are milliseconds, shares fractions, money US dollars. `compared` is what stands beside `before` where that is not
    the value: of what is only known by day, the days that are over. `chance` is how likely chance alone makes such a change.
    `stale` are the places in the course of days that an import or its undo changed when what they had been counted of was no
    longer kept: they are as they were before.
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


class Tiles(View):
    """The key figures of a page."""

    items: list[Tile]


def tile(
    name: str,
    label: str,
    unit: FigureUnit,
    values: tuple[float | Decimal | None, float | Decimal | None],
    change: Change,
    course: Sequence[float | None],
) -> Tile:
    """Return a key figure; `values` are that of the period and that of the one before."""
    value, before = (float(each) if each is not None else None for each in values)
    return Tile(
        name=name,
        label=label,
        unit=unit,
        value=value,
        before=before,
        verdict=change.verdict,
        chance=change.chance,
        course=list(course),
    )


def not_compared(given: Tile) -> Tile:
    """Return a key figure without what was before: of that, not everything is there any more."""
    return given.model_copy(update={"before": None, "compared": None, "verdict": ChangeVerdict.UNKNOWN, "chance": None})


def of_level(now: Sequence[float | None], before: Sequence[float | None], meaning: Meaning) -> Change:
    """Judge a level by its parts, each beside the same part of the period before."""
    known = [(one, other) for one, other in zip(now, before, strict=False) if one is not None and other is not None]
    pairs = [(one, other) for one, other in known if one and other]
    if len(pairs) < FEWEST_PARTS or any(bool(one) is not bool(other) for one, other in known):
        return NOT_KNOWN
    differences = [log(one / other) for one, other in pairs]
    shift = sum(differences) / len(differences)
    return _judged(shift, stats.chance_of_shift(differences), LEAST_LEVEL, meaning)


def of_rate(now: Rate, before: Rate, meaning: Meaning, parts: Sequence[tuple[Rate, Rate]] = ()) -> Change:
    """Judge a rate by its part and whole, and those of the period before; `parts` are the same of its days, or hours."""
    if min(now[1], before[1]) < FEWEST_CASES:
        return NOT_KNOWN
    rate, other = now[0] / now[1], before[0] / before[1]
    pairs = [pair for pair in parts if pair[0][1] and pair[1][1]]
    chance = stats.chance_of_rates(*now, *before)
    if len(pairs) >= FEWEST_PARTS:
        chance = max(chance, stats.chance_of_pairs(pairs))
    return _judged(rate - other, chance, max(LEAST_POINTS, LEAST_LEVEL * min(other, 1 - other)), meaning)


def _judged(shift: float, chance: float, least: float, meaning: Meaning) -> Change:
    is_news = abs(shift) >= least and chance <= LEAST_CHANCE
    return Change(_named(shift, meaning) if is_news else ChangeVerdict.NOISE, chance)


def _named(shift: float, meaning: Meaning) -> ChangeVerdict:
    if meaning is Meaning.NEITHER:
        return ChangeVerdict.DIFFERENT
    return ChangeVerdict.BETTER if (shift > 0) is (meaning is Meaning.GOOD) else ChangeVerdict.WORSE
